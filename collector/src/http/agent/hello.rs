//! `GET /agent/v1/hello`: versions and limits, for anybody.

use axum::Json;
use axum::extract::State;
use nearmiss_shared::wire::v1::{Hello, VERSION};
use nearmiss_shared::wire::{MAX_BODY_BYTES, MAX_EVENTS};

use crate::app::App;

pub(super) async fn get(State(app): State<App>) -> Json<Hello> {
    Json(Hello {
        versions: vec![VERSION],
        max_body_bytes: MAX_BODY_BYTES,
        max_events: MAX_EVENTS,
        max_part_bytes: MAX_BODY_BYTES,
        audience: app.operator.audience.clone(),
        server_time: app.clock.now(),
    })
}
