//! The wire for agents, version 1. Every request but `hello` is signed by the host's own key.

mod close;
mod enrol;
mod events;
mod hello;
mod part;
mod signed;
mod status;

use axum::Router;
use axum::routing::{get, post, put};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::app::App;
use crate::ingest::IngestFault;

pub fn router() -> Router<App> {
    Router::new()
        .route("/agent/v1/hello", get(hello::get))
        .route("/agent/v1/enrol", post(enrol::post))
        .route("/agent/v1/events", post(events::post))
        .route("/agent/v1/status", post(status::post))
        .route("/agent/v1/evidence/{bundle}", post(close::post))
        .route("/agent/v1/evidence/{bundle}/{part}", put(part::put))
}

/// The body as JSON; a fault names its place.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|fault| {
        let (line, column) = (fault.line(), fault.column());
        Problem::bad_request(format!("the body cannot be read at line {line}, column {column}: {fault}"))
    })
}

/// What this collector understands.
fn version(v: u32) -> Result<(), Problem> {
    const KNOWN: u32 = nearmiss_shared::wire::v1::VERSION;
    if v == KNOWN {
        return Ok(());
    }
    Err(Problem::bad_request(format!("version {v} is not understood here, version {KNOWN} is")))
}

/// A replay gets 401 and not 409: a host whose own proxy repeats a request asks again, and loses nothing.
impl From<IngestFault> for Problem {
    fn from(fault: IngestFault) -> Self {
        match fault {
            IngestFault::Replayed => Self::unauthorized(fault.to_string()),
            IngestFault::Store(fault) => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests;
