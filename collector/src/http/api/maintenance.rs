//! `POST /api/v1/hosts/{id}/maintenance`: `{until | span, reason}` asks the host, named by id or name, for maintenance.
//! 202: the host decides, with its next report.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::Principal;
use nearmiss_store::hosts::HostRow;
use serde::Deserialize;
use serde_json::{Value, json};

use super::moved::Body;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::maintenance::Window;

#[derive(Deserialize)]
pub(super) struct Wanted {
    until: Option<Timestamp>,
    /// `2h`.
    span: Option<String>,
    #[serde(default)]
    reason: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let host = host(&app, &principal, &id).await?;
    let now = app.clock.now();
    let until = match (wanted.until, wanted.span) {
        (Some(until), None) => until,
        (None, Some(span)) => now.plus(length(&span)?),
        _ => return Err(Problem::bad_request("either `until` or `span` says when it ends")),
    };
    let window = Window::new(until, &wanted.reason, now).map_err(Problem::bad_request)?;
    app.ask_for_maintenance(&principal, &host, &window).await?;
    let told =
        json!({"host": host.name, "client": host.client_name, "until": window.until(), "state": "asked"});
    Ok((StatusCode::ACCEPTED, Json(told)))
}

fn length(span: &str) -> Result<Span, Problem> {
    span.parse().map_err(|fault| Problem::bad_request(format!("span: {fault}")))
}

/// The host of this id or name among the caller's clients.
async fn host(app: &App, principal: &Principal, text: &str) -> Result<HostRow, Problem> {
    let mut hosts = app.store.hosts(&principal.scopes()).await?;
    hosts.retain(|host| host.name == text || host.id.to_string() == text);
    if hosts.len() > 1 {
        return Err(Problem::conflict("several hosts have this name: say the id"));
    }
    hosts.pop().ok_or_else(Problem::not_found)
}
