//! `POST /api/v1/cases/{id}/accept`: `{until, reason}` makes it a standing hazard with the caller as its owner.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;
use nearmiss_shared::time::Timestamp;
use serde::Deserialize;

use super::case_json::CaseJson;
use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Acceptance {
    until: Timestamp,
    reason: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Acceptance>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let command = Command::Accept { until: body.until, reason: body.reason };
    moved::give(&app, &principal, &row, command).await
}
