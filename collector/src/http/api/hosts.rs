//! `GET /api/v1/hosts`: every enrolled host and when it was last heard.

use axum::Json;
use axum::extract::State;
use nearmiss_store::hosts::HostRow;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

pub(super) async fn get(State(app): State<App>, Caller(principal): Caller) -> Result<Json<Value>, Problem> {
    let rows = app.store.hosts(&principal.scopes()).await?;
    Ok(Json(json!({"items": rows.iter().map(told).collect::<Vec<_>>()})))
}

fn told(row: &HostRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "client": row.client_name,
        "site": row.site_name,
        "agent_version": row.agent_version,
        "enrolled_at": row.enrolled_at,
        "last_seen_at": row.last_seen_at,
        "maintenance_until": row.maintenance_until,
    })
}
