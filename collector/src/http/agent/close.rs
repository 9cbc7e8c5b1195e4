//! `POST /agent/v1/evidence/{bundle}`: the hash of the whole closes an upload. Closing it again changes nothing.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use nearmiss_runtime::tasks;
use nearmiss_shared::bundle;
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::wire::v1::EvidenceClose;
use serde::Serialize;
use tokio::task::JoinError;
use tracing::{error, warn};

use super::signed::SignedHost;
use super::{json, version};
use crate::app::App;
use crate::http::problem::Problem;
use crate::incoming::{self, IncomingFault};
use crate::ingest::Bundle;

#[derive(Serialize)]
pub(super) struct Closed {
    sha256: String,
    signature_valid: bool,
    problems: Vec<String>,
}

pub(super) async fn post(
    State(app): State<App>,
    Path(bundle): Path<String>,
    request: SignedHost,
) -> Result<Json<Closed>, Problem> {
    let id: BundleId = bundle.parse().map_err(|_| Problem::bad_request("the bundle's id is no id"))?;
    let close: EvidenceClose = json(&request.body)?;
    version(close.v)?;
    let (client, host) = (request.scope.client(), request.scope.host());
    if let Some(known) = app.store.evidence(&[client], Some(host), id).await? {
        if known.sha256 != close.sha256 {
            return Err(Problem::conflict("another file is stored under this bundle's id"));
        }
        return Ok(Json(Closed {
            sha256: known.sha256,
            signature_valid: known.signature_valid,
            problems: known.problems,
        }));
    }
    let bundle = whole(&app, &request, id, close).await?;
    let answer = Closed {
        sha256: bundle.sha256.clone(),
        signature_valid: bundle.problems.is_empty(),
        problems: bundle.problems.clone(),
    };
    app.evidence(&request.scope, bundle, &request.proof).await?;
    let folder = app.config.incoming();
    if let Err(fault) =
        joined(tasks::blocking("forget parts", move || incoming::forget(&folder, host, id)).await)?
    {
        warn!(%fault, "parts of a closed bundle stay until they are swept");
    }
    Ok(Json(answer))
}

/// Puts the parts together, verifies the whole against the host's own key, and makes it durable.
async fn whole(
    app: &App,
    request: &SignedHost,
    id: BundleId,
    close: EvidenceClose,
) -> Result<Bundle, Problem> {
    let Ok(_permit) = app.closing.acquire().await else { return Err(unavailable()) };
    let (folder, evidence) = (app.config.incoming(), app.evidence.clone());
    let (host, client, key) = (request.scope.host(), request.scope.client().client(), request.key);
    let work = move || -> Result<Bundle, IncomingFault> {
        let EvidenceClose { sha256, bytes, parts, .. } = close;
        let file = incoming::assemble(&folder, host, id, parts, bytes, &sha256)?;
        let mut problems = bundle::verify(&file, Some(&key)).problems;
        problems.extend(foreign(&file, id, host.to_string().as_str()));
        incoming::keep_bundle(&evidence, client, &sha256, &file)?;
        Ok(Bundle { id, sha256, bytes, problems })
    };
    joined(tasks::blocking("verify a bundle", work).await)?.map_err(incoming_problem)
}

/// A sound bundle of something else.
fn foreign(file: &[u8], id: BundleId, host: &str) -> Vec<String> {
    let Ok(opened) = bundle::open(file) else { return Vec::new() };
    let manifest = opened.manifest;
    let mut problems = Vec::new();
    if manifest.bundle != id {
        problems.push(format!("the manifest is of bundle {}", manifest.bundle));
    }
    if manifest.host_id.is_some_and(|named| named.to_string() != host) {
        problems.push("the manifest is of another host".to_owned());
    }
    problems
}

pub(super) fn incoming_problem(fault: IncomingFault) -> Problem {
    match fault {
        IncomingFault::TooManyParts | IncomingFault::TooLarge => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, fault.to_string())
        }
        IncomingFault::TooManyUploads => Problem::new(StatusCode::TOO_MANY_REQUESTS, fault.to_string()),
        IncomingFault::Missing(_) | IncomingFault::Differs { .. } => Problem::conflict(fault.to_string()),
        IncomingFault::File(fault) => {
            error!(%fault, "evidence cannot be kept");
            unavailable()
        }
    }
}

/// Work that panicked has stored nothing.
pub(super) fn joined<T>(work: Result<T, JoinError>) -> Result<T, Problem> {
    work.map_err(|fault| {
        error!(%fault, "blocking work ended early");
        unavailable()
    })
}

fn unavailable() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the collector could not keep this; try again later")
}
