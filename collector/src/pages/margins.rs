//! `GET /margins`: the fleet, most urgent first, whether or not a case is open.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::board::{self, Choice, Filters};
use super::part::margin::Margin;
use super::shell::Shell;
use super::{PageFault, render, words};
use crate::app::App;
use crate::http::auth::Caller;

#[derive(Template)]
#[template(path = "margins.html")]
struct Margins {
    shell: Shell,
    clients: Vec<Choice>,
    margins: Vec<Margin>,
    /// `1 signal`.
    counted: String,
    hosts: usize,
    /// Hosts that told no reading at all.
    mute: Vec<String>,
}

/// `GET /margins?client=`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filters): Query<Filters>,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let scopes = board::scopes(&principal, &filters.client);
    let margins = Margin::list(app.store.margins(&scopes).await?, now);
    let hosts = app.store.hosts(&scopes).await?;
    let tells = |client: &str, host: &str| margins.iter().any(|one| one.client == client && one.host == host);
    let mute = hosts
        .iter()
        .filter(|host| !tells(&host.client_name, &host.name))
        .map(|host| format!("{} of {}", host.name, host.client_name))
        .collect();
    render(&Margins {
        shell: board::shell(&app, &principal, "Margins", "margins").await?,
        clients: board::choices(&principal, &filters.client),
        hosts: hosts.len(),
        counted: words::count(margins.len(), "signal", "signals"),
        margins,
        mute,
    })
}
