//! `POST /api/v1/cases/{id}/close`: four answers, four roles, every action proven, a verdict; else 409 with the rule.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;

use super::case_json::CaseJson;
use super::moved;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    moved::give(&app, &principal, &row, Command::Close).await
}
