//! The routes, and what holds for all of them: counted, never sniffed, problems in one form.

pub mod agent;
pub mod api;
pub mod auth;
pub mod live;
pub mod ops;
pub mod problem;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::counters::Count;
use crate::pages;
use problem::Problem;

/// Everything the server answers.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(agent::router())
        .merge(api::router())
        .merge(live::router())
        .merge(pages::router())
        .merge(ops::router())
        .fallback(nothing_here)
        .layer(middleware::from_fn_with_state(app.clone(), every_answer))
        .with_state(app)
}

async fn nothing_here(address: Uri) -> Response {
    let machine = ["/api", "/agent", "/in"].iter().any(|start| address.path().starts_with(start));
    if machine { Problem::not_found().into_response() } else { pages::not_found().await }
}

async fn every_answer(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    app.counters.add(Count::Requests, 1);
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    answer
}
