//! `POST /agent/v1/enrol`: an unused token and a new key make a host, once.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::{Enrol, Enrolled};
use nearmiss_store::StoreError;
use nearmiss_store::authentication::Enrolment;
use nearmiss_store::hosts::{EnrolOutcome, NewHost};
use tracing::info;

use super::signed::prove;
use super::{json, version};
use crate::app::App;
use crate::http::problem::Problem;
use crate::ids;
use crate::ingest::convert::cut;

/// A host that no collector knows yet addresses its request to this.
const AUDIENCE: &str = "enrol";
/// A new host learns for 7 days before it pages, unless its own configuration says otherwise.
const OBSERVE_SECONDS: u64 = 7 * 24 * 60 * 60;

pub(super) async fn post(State(app): State<App>, request: Request) -> Result<Json<Enrolled>, Problem> {
    let proven = prove(request, &app, AUDIENCE).await?;
    let enrol: Enrol = json(&proven.body)?;
    version(enrol.v)?;
    if !enrol.public_key.eq_ignore_ascii_case(&proven.key.to_hex()) {
        return Err(Problem::forbidden("public_key is not the key that signed this request"));
    }
    let now = app.clock.now();
    let mut unit = app.store.begin().await?;
    let enrolment: Enrolment = unit.enrolment(&enrol.token, now).await?.ok_or_else(no_token)?;
    let new = new_host(enrol, now)?;
    let name = new.name.clone();
    // What is refused leaves the token unused: the unit is dropped.
    let host_id = match unit.enrol_host(&enrolment, new).await.map_err(key_is_taken)? {
        EnrolOutcome::Enrolled(host) => host,
        EnrolOutcome::Duplicate { name, .. } => return Err(duplicate(&name)),
        EnrolOutcome::NothingToReplace => return Err(nothing_to_replace()),
    };
    unit.commit().await?;
    app.changed();
    info!(host = name, client = enrolment.client_name, "host enrolled");
    Ok(Json(Enrolled {
        host_id,
        client: enrolment.client_name,
        site: enrolment.site_name,
        audience: app.operator.audience.clone(),
        server_time: now,
        observe_seconds: OBSERVE_SECONDS,
    }))
}

fn new_host(enrol: Enrol, now: Timestamp) -> Result<NewHost, Problem> {
    let name = cut(enrol.hostname.trim(), 253);
    if name.is_empty() {
        return Err(Problem::bad_request("hostname is empty"));
    }
    Ok(NewHost {
        id: ids::host(now),
        name,
        machine: cut(&enrol.machine, 128),
        public_key: enrol.public_key.to_lowercase(),
        agent_version: cut(&enrol.agent_version, 40),
        replace: enrol.replace,
        at: now,
    })
}

fn no_token() -> Problem {
    Problem::unauthorized(
        "the token is unknown, used up or expired: make one with `nearmiss-collector token create`",
    )
}

fn duplicate(name: &str) -> Problem {
    Problem::conflict(format!(
        "this machine or its name is enrolled as {name}: `--replace {name}` goes on with its history"
    ))
}

fn nothing_to_replace() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no host of this client has the name or id that is to be replaced")
}

fn key_is_taken(fault: StoreError) -> Problem {
    if fault.is_conflict() {
        Problem::conflict("a host with this key is enrolled already")
    } else {
        fault.into()
    }
}
