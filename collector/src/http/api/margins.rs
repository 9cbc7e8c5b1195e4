//! `GET /api/v1/margins?client=`: every host's margins, most urgent first, whether or not a case is open.

use axum::Json;
use axum::extract::{Query, State};
use nearmiss_case::track::response;
use nearmiss_shared::urgency::{Urgency, approach_proximity, is_last_barrier};
use nearmiss_shared::vocabulary::Physical;
use nearmiss_store::hosts::MarginRow;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    client: String,
}

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let scopes = if filter.client.is_empty() {
        principal.scopes()
    } else {
        principal.named(&filter.client).map(|grant| grant.scope()).into_iter().collect()
    };
    let mut rows = app.store.margins(&scopes).await?;
    rows.sort_by(|one, other| urgency(one).order(&urgency(other)));
    Ok(Json(json!({"items": rows.iter().map(told).collect::<Vec<_>>()})))
}

fn urgency(row: &MarginRow) -> Urgency {
    Urgency {
        breached: row.state == Physical::Breached,
        no_redundancy: is_last_barrier(&row.signal, row.value),
        time_to_failure_seconds: row.time_to_failure_seconds,
        response_seconds: response(row.category).as_seconds(),
        proximity: row.proximity,
        approach: approach_proximity(row.normal, row.approach, row.limit).unwrap_or_default(),
        ordinal: row.ordinal,
    }
}

fn told(row: &MarginRow) -> Value {
    json!({
        "client": row.client_name,
        "host": row.host_name,
        "signal": row.signal,
        "subject": row.subject,
        "category": row.category,
        "value": row.value,
        "unit": row.unit,
        "approach": row.approach,
        "limit": row.limit,
        "ordinal": row.ordinal,
        "proximity": row.proximity,
        "time_to_failure_seconds": row.time_to_failure_seconds,
        "state": row.state,
        "at": row.at,
        "resting": row.resting,
    })
}
