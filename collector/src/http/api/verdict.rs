//! `POST /api/v1/cases/{id}/verdict`: `{verdict, reason?}` confirms what it was; `{ruling, reason}` is the Security
//! Lead's word on a login, patch or misconfiguration case.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;
use nearmiss_case::words::{Ruling, Verdict};
use serde::Deserialize;

use super::case_json::CaseJson;
use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Judgement {
    verdict: Option<Verdict>,
    ruling: Option<Ruling>,
    #[serde(default)]
    reason: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Judgement>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let command = match (body.verdict, body.ruling) {
        (Some(verdict), None) => Command::Confirm { verdict, reason: body.reason },
        (None, Some(ruling)) => Command::Rule { ruling, reason: body.reason },
        _ => return Err(Problem::bad_request("one of verdict and ruling is given")),
    };
    moved::give(&app, &principal, &row, command).await
}
