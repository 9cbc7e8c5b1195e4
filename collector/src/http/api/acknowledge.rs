//! `POST /api/v1/cases/{id}/acknowledge`: `{comment?, expires?}`; the caller answers for the case from here.

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
pub(super) struct Acknowledgement {
    #[serde(default)]
    comment: String,
    /// When it ends unless it is renewed; 4 hours from now when absent.
    expires: Option<Timestamp>,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Acknowledgement>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let command = Command::Acknowledge { comment: body.comment, expires: body.expires };
    moved::give(&app, &principal, &row, command).await
}
