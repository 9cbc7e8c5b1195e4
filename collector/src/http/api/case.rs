//! `GET /api/v1/cases/{id}`: one case, by id or number.

use axum::Json;
use axum::extract::{Path, State};

use super::case_json::CaseJson;
use super::moved;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    Ok(Json(CaseJson::new(&row.case, &row.client_name, row.site_name.as_deref())))
}
