//! `GET /api/v1/cases/{id}/timeline`: everything that happened, oldest first, with the hashes of its chain.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::What;
use nearmiss_case::entry::told;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::cases::TimelineRow;
use serde::Serialize;

use super::moved;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Serialize)]
pub(super) struct Timeline {
    items: Vec<EntryJson>,
}

#[derive(Serialize)]
struct EntryJson {
    sequence: u64,
    at: Timestamp,
    actor: String,
    kind: String,
    /// When it happened, by the host's clock; null for what happened here.
    observed_at: Option<Timestamp>,
    /// Null where it was erased.
    text: Option<String>,
    hash: String,
    previous_hash: String,
    erased: bool,
}

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Json<Timeline>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let rows = app.store.timeline(row.scope(), row.case.id).await?;
    Ok(Json(Timeline { items: rows.into_iter().map(EntryJson::from).collect() }))
}

impl From<TimelineRow> for EntryJson {
    fn from(row: TimelineRow) -> Self {
        Self {
            sequence: row.sequence,
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            erased: row.what.is_none(),
            observed_at: row.what.as_ref().and_then(What::observed_at),
            text: row.what.map(|what| told(&what, row.at)),
            hash: row.hash,
            previous_hash: row.previous_hash,
        }
    }
}
