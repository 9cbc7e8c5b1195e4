//! Pages: server-rendered, working without script, live where there is one.
//!
//! A page is a view model (plain values, made by functions that know no request) and a template that escapes by
//! default. No inline script or style; the content policy in [`headers`] would refuse it. Wire types never come here.

mod asset;
mod board;
mod case;
mod cases;
mod fault;
mod form;
mod headers;
mod hosts;
mod link;
mod margins;
mod now;
mod part;
mod retrospective;
#[cfg(test)]
pub(crate) mod sample;
mod shell;
mod sign_in;
#[cfg(test)]
mod tests;
mod when;
mod words;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
pub(crate) use fault::PageFault;
pub(crate) use retrospective::view::{QUESTIONS, drafts};
pub(crate) use words::count;

/// Every page, its forms and the two assets.
pub fn router() -> Router<App> {
    let sign_in_form = DefaultBodyLimit::max(sign_in::MAX_FORM_BYTES);
    Router::new()
        .route("/", get(now::page))
        .route("/margins", get(margins::page))
        .route("/hosts", get(hosts::page))
        .route("/hosts/{id}/maintenance", post(hosts::maintenance))
        .route("/cases", get(cases::page))
        .route("/cases/{id}", get(case::page))
        .route("/cases/{id}/retrospective", get(retrospective::page))
        .route("/cases/{id}/retrospective/{act}", post(retrospective::act))
        .route("/cases/{id}/{act}", post(case::act))
        .route("/sign-in", get(sign_in::page).post(sign_in::post).layer(sign_in_form))
        .route("/sign-out", post(sign_in::out))
        .route("/a/{link}", get(link::page).post(link::post))
        .route("/assets/{name}", get(asset::get))
        .layer(axum::middleware::map_response(headers::add))
}

/// The page for an address that leads nowhere.
pub async fn not_found() -> Response {
    headers::add(PageFault::NotFound.into_response()).await
}

/// A page of this template.
fn render(page: &impl Template) -> Result<Response, PageFault> {
    Ok(Html(page.render()?).into_response())
}
