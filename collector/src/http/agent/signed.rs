//! A request proven by the key that signed it: bounded before it is read, then digest, audience, time and signature.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use nearmiss_shared::identity::HostId;
use nearmiss_shared::signature::{Proof, PublicKey, RequestParts, SignatureFault, claimed, verify};
use nearmiss_shared::wire::MAX_BODY_BYTES;
use nearmiss_store::HostScope;

use crate::app::App;
use crate::http::problem::Problem;

/// So much of a body over the limit is read and thrown away, so that its sender hears the answer.
const DRAINED_BYTES: usize = 8 * MAX_BODY_BYTES;
/// A body that trickles in holds a connection no longer than this.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// What a host sent, proven to be of that host. Its nonce is admitted in the transaction of what it asks.
#[derive(Debug)]
pub(super) struct SignedHost {
    pub scope: HostScope,
    pub key: PublicKey,
    pub proof: Proof,
    pub body: Bytes,
}

impl SignedHost {
    /// A host speaks for itself alone.
    pub(super) fn is(&self, host: HostId) -> Result<(), Problem> {
        if self.scope.host() == host {
            return Ok(());
        }
        Err(Problem::forbidden("host_id is not the host whose key signed this request"))
    }
}

impl FromRequest<App> for SignedHost {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Proven { key, proof, body } = prove(request, app, &app.operator.audience).await?;
        let scope = app.store.host_of_key(&key.to_hex()).await?;
        let scope = scope.ok_or_else(|| Problem::unauthorized("no enrolled host has this key"))?;
        Ok(Self { scope, key, proof, body })
    }
}

/// A request proven by a key, whoever holds it.
#[derive(Debug)]
pub(super) struct Proven {
    pub key: PublicKey,
    pub proof: Proof,
    pub body: Bytes,
}

/// Reads at most the body limit and verifies the signature for `audience`.
pub(super) async fn prove(request: Request, app: &App, audience: &str) -> Result<Proven, Problem> {
    let (parts, body) = request.into_parts();
    content_type(&parts)?;
    let body = tokio::time::timeout(READ_WITHIN, bounded(&parts.headers, body)).await;
    let body =
        body.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not end in time"))??;
    let headers = |name: &str| text(&parts.headers, name).map(str::to_owned);
    let claim = claimed(&headers).map_err(|fault| unproven(&fault, app))?;
    let key = PublicKey::from_hex(&claim.key_id).map_err(|fault| Problem::unauthorized(fault.to_string()))?;
    let signed = RequestParts {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: text(&parts.headers, CONTENT_TYPE.as_str()),
        content_encoding: text(&parts.headers, CONTENT_ENCODING.as_str()),
        audience,
        body: &body,
    };
    let now = app.clock.now().as_seconds();
    let proof = verify(&signed, &headers, &key, now).map_err(|fault| unproven(&fault, app))?;
    Ok(Proven { key, proof, body })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn content_type(parts: &Parts) -> Result<(), Problem> {
    let expected = if parts.method == "PUT" { "application/octet-stream" } else { "application/json" };
    let found = text(&parts.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    let plain = parts.headers.get(CONTENT_ENCODING).is_none();
    if essence.eq_ignore_ascii_case(expected) && plain {
        return Ok(());
    }
    let detail = format!("the body of this request is plain {expected}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// The body, never more of it in memory than the limit.
async fn bounded(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let told: usize = text(headers, CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut pieces = body.into_data_stream();
    let mut kept = Vec::with_capacity(told.min(MAX_BODY_BYTES));
    let mut read = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::bad_request("the body ended early"))?;
        read += piece.len();
        if told.max(read) <= MAX_BODY_BYTES {
            kept.extend_from_slice(&piece);
        } else if read > DRAINED_BYTES {
            break;
        }
    }
    if told.max(read) > MAX_BODY_BYTES {
        let detail = format!("a body is at most {MAX_BODY_BYTES} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(kept.into())
}

/// 401 for every fault: the sender may sign anew. One whose clock is off is told the time.
fn unproven(fault: &SignatureFault, app: &App) -> Problem {
    let problem = Problem::unauthorized(fault.to_string());
    match fault {
        SignatureFault::Skew { .. } => problem.with("server_time", app.clock.now().to_string()),
        _ => problem,
    }
}
