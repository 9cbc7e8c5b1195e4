//! `POST /agent/v1/events`: a 2xx means durable, case move included.

use axum::Json;
use axum::extract::State;
use nearmiss_shared::wire::MAX_EVENTS;
use nearmiss_shared::wire::v1::{EventBatch, Stored};

use super::signed::SignedHost;
use super::{json, version};
use crate::app::App;
use crate::http::problem::Problem;

pub(super) async fn post(State(app): State<App>, request: SignedHost) -> Result<Json<Stored>, Problem> {
    let batch: EventBatch = json(&request.body)?;
    version(batch.v)?;
    request.is(batch.host_id)?;
    if batch.events.len() > MAX_EVENTS {
        return Err(Problem::bad_request(format!("a batch carries at most {MAX_EVENTS} events")));
    }
    Ok(Json(app.ingest(&request.scope, batch, &request.proof).await?))
}
