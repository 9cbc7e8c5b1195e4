//! `/api/v1`: everything the pages do, as JSON. One endpoint, one file; errors are problems (RFC 9457).
//!
//! A case outside the caller's clients is not there (404), whether or not it exists.

mod accept;
mod acknowledge;
mod actions;
mod case;
mod case_json;
mod cases;
mod close;
mod evidence;
pub(crate) mod find;
mod hand_off;
mod hosts;
mod maintenance;
mod margins;
mod moved;
mod retrospective;
mod timeline;
mod verdict;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// A command is a few lines of text.
const MAX_BODY_BYTES: usize = 256 * 1024;

pub fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/cases", get(cases::get))
        .route("/api/v1/cases/{id}", get(case::get))
        .route("/api/v1/cases/{id}/timeline", get(timeline::get))
        .route("/api/v1/cases/{id}/retrospective", get(retrospective::get).put(retrospective::put))
        .route("/api/v1/cases/{id}/acknowledge", post(acknowledge::post))
        .route("/api/v1/cases/{id}/actions", post(actions::post))
        .route("/api/v1/cases/{id}/hand-off", post(hand_off::post))
        .route("/api/v1/cases/{id}/verdict", post(verdict::post))
        .route("/api/v1/cases/{id}/accept", post(accept::post))
        .route("/api/v1/cases/{id}/close", post(close::post))
        .route("/api/v1/margins", get(margins::get))
        .route("/api/v1/hosts", get(hosts::get))
        .route("/api/v1/hosts/{id}/maintenance", post(maintenance::post))
        .route("/api/v1/evidence/{id}", get(evidence::get))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

#[cfg(test)]
mod tests;
