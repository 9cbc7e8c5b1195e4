//! `PUT /agent/v1/evidence/{bundle}/{part}`: one numbered part; the same part again replaces it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use nearmiss_runtime::tasks;
use nearmiss_shared::identity::BundleId;

use super::close::{incoming_problem, joined};
use super::signed::SignedHost;
use crate::app::App;
use crate::http::problem::Problem;
use crate::incoming;
use crate::ingest::admit;

pub(super) async fn put(
    State(app): State<App>,
    Path((bundle, part)): Path<(String, String)>,
    request: SignedHost,
) -> Result<StatusCode, Problem> {
    let bundle: BundleId = bundle.parse().map_err(|_| Problem::bad_request("the bundle's id is no id"))?;
    let part: u32 = part.parse().map_err(|_| Problem::bad_request("parts are numbered from 0"))?;
    let now = app.clock.now();
    let mut unit = app.store.begin().await?;
    admit(&mut unit, &request.scope, &request.proof, now).await?;
    unit.commit().await?;
    let (folder, host, body) = (app.config.incoming(), request.scope.host(), request.body);
    let keep = move || incoming::keep_part(&folder, host, bundle, part, &body);
    joined(tasks::blocking("keep a part", keep).await)?.map_err(incoming_problem)?;
    Ok(StatusCode::NO_CONTENT)
}
