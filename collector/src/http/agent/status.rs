//! `POST /agent/v1/status`: each half minute; the answer may ask something of the host.

use axum::Json;
use axum::extract::State;
use nearmiss_shared::wire::v1::{Status, StatusAnswer};

use super::signed::SignedHost;
use super::{json, version};
use crate::app::App;
use crate::http::problem::Problem;

pub(super) async fn post(State(app): State<App>, request: SignedHost) -> Result<Json<StatusAnswer>, Problem> {
    let status: Status = json(&request.body)?;
    version(status.v)?;
    request.is(status.host_id)?;
    Ok(Json(app.status(&request.scope, status, &request.proof).await?))
}
