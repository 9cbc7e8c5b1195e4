//! `GET /api/v1/evidence/{id}?host=`: a bundle as the host sealed it, byte by byte; its hash is its ETag. Ids are of
//! their hosts' making: `host`, an id, tells two of one id apart.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use nearmiss_shared::identity::BundleId;
use nearmiss_store::evidence::EvidenceRow;
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::incoming::file_of;

#[derive(Deserialize)]
pub(super) struct Filter {
    host: Option<String>,
}

/// Read and sent at once.
const PIECE: usize = 64 * 1024;

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bundle: BundleId = id.parse().map_err(|_| Problem::not_found())?;
    let host = filter.host.map(|host| host.parse()).transpose().map_err(|_| Problem::not_found())?;
    let found = app.store.evidence(&principal.scopes(), host, bundle).await?;
    let row = found.ok_or_else(Problem::not_found)?;
    let tag = format!("\"{}\"", row.sha256);
    if headers.get(IF_NONE_MATCH).is_some_and(|sent| sent.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let file = open(&app, &row).await?;
    let described = [
        (CONTENT_TYPE, "application/x-tar".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{bundle}.tar\"")),
        (CONTENT_LENGTH, row.bytes.to_string()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (ETAG, tag),
    ];
    Ok((described, Body::from_stream(pieces(file))).into_response())
}

async fn open(app: &App, row: &EvidenceRow) -> Result<File, Problem> {
    let path = file_of(&app.evidence, row.scope().client(), &row.sha256);
    File::open(&path).await.map_err(|fault| {
        tracing::error!(path = %path.display(), %fault, "stored evidence cannot be read");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the bundle is known, but its file cannot be read")
    })
}

fn pieces(file: File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        Ok((count > 0).then_some((piece, file)))
    })
}
