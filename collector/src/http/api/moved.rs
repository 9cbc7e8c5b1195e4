//! What every move of a case over the API shares: read the body, find the case, give the command, tell the case.

use axum::Json;
use axum::extract::{FromRequest, Request};
use nearmiss_case::engine::Command;
use nearmiss_store::Principal;
use nearmiss_store::cases::CaseRow;
use serde::de::DeserializeOwned;

use super::case_json::CaseJson;
use super::find;
use crate::app::App;
use crate::http::problem::Problem;

/// A JSON body; its faults are problems that say where. An empty body reads as `{}`.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = bytes::Bytes::from_request(request, app)
            .await
            .map_err(|fault| Problem::new(fault.status(), fault.body_text()))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|fault| Problem::bad_request(format!("the body: {fault}")))
    }
}

/// The case of the address, or 404.
pub(crate) async fn case(app: &App, principal: &Principal, id: &str) -> Result<CaseRow, Problem> {
    find::case(app, principal, id).await?.ok_or_else(Problem::not_found)
}

/// One command; the case after it.
pub(crate) async fn give(
    app: &App,
    principal: &Principal,
    row: &CaseRow,
    command: Command,
) -> Result<Json<CaseJson>, Problem> {
    let moved = app.command(principal, row.scope(), row.case.id, command).await?;
    Ok(Json(CaseJson::new(&moved, &row.client_name, row.site_name.as_deref())))
}
