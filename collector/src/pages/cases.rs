//! `GET /cases`: every case, newest first, page by page.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use nearmiss_store::cases::CaseState;

use super::board::{self, Choice, Filters};
use super::part::row::Row;
use super::shell::Shell;
use super::{PageFault, render};
use crate::app::App;
use crate::http::auth::Caller;

/// Rows of one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "cases.html")]
struct Cases {
    shell: Shell,
    filters: Filters,
    clients: Vec<Choice>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// `GET /cases?state=open|closed|all&client=&cursor=`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filters): Query<Filters>,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let scopes = board::scopes(&principal, &filters.client);
    let state = match filters.state.as_str() {
        "open" => CaseState::Open,
        "closed" => CaseState::Closed,
        _ => CaseState::All,
    };
    let filter = board::filter(state, filters.cursor.parse().ok(), ROWS as u32 + 1);
    let mut list = board::page(&app, &principal, &scopes, &filter).await?;
    let more = list.len() > ROWS;
    list.truncate(ROWS);
    let next = list.last().filter(|_| more).map(|listed| listed.case.id.to_string());
    render(&Cases {
        shell: board::shell(&app, &principal, "Cases", "cases").await?,
        clients: board::choices(&principal, &filters.client),
        rows: list.iter().map(|listed| listed.row(now)).collect(),
        filters,
        next,
    })
}
