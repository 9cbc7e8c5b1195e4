//! `GET /hosts`: every enrolled host, when it was last heard, and its maintenance; how to enrol another.

mod view;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use nearmiss_shared::time::Span;
use nearmiss_store::hosts::HostRow;

use self::view::{Host, Maintenance};
use super::board::{self, Choice, Filters};
use super::form::Fields;
use super::shell::Shell;
use super::{PageFault, render};
use crate::app::App;
use crate::http::auth::{Caller, CallerForm};
use crate::maintenance::{KIND, Window};

#[derive(Template)]
#[template(path = "hosts.html")]
struct Hosts {
    shell: Shell,
    clients: Vec<Choice>,
    hosts: Vec<Host>,
    /// Where agents reach this collector.
    address: String,
    /// For the line that makes a token.
    client: String,
}

/// `GET /hosts?client=`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filters): Query<Filters>,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let scopes = board::scopes(&principal, &filters.client);
    let asked = app.store.last_asked(&scopes, KIND).await?;
    let rows = app.store.hosts(&scopes).await?;
    let host = |row: &HostRow| {
        let asked = asked.iter().find(|asked| asked.host == row.id);
        let may_act = principal.actor(row.scope().client()).is_some();
        Host::new(row, asked, may_act, now)
    };
    let clients = board::choices(&principal, &filters.client);
    let named = clients.iter().find(|choice| choice.chosen).or_else(|| clients.first());
    render(&Hosts {
        shell: board::shell(&app, &principal, "Hosts", "hosts").await?,
        hosts: rows.iter().map(host).collect(),
        address: app.public_url.clone(),
        client: named.map(|choice| choice.name.clone()).unwrap_or_default(),
        clients,
    })
}

/// `POST /hosts/{id}/maintenance`: the form of a host.
pub(super) async fn maintenance(
    State(app): State<App>,
    Path(id): Path<String>,
    CallerForm { principal, form }: CallerForm<Fields>,
) -> Result<Response, PageFault> {
    let hosts = app.store.hosts(&principal.scopes()).await?;
    let host = hosts.iter().find(|host| host.id.to_string() == id).ok_or(PageFault::NotFound)?;
    let (now, span) = (app.clock.now(), form.word::<Span>("span")?);
    let window = Window::new(now.plus(span), &form.text("reason"), now).map_err(PageFault::Form)?;
    app.ask_for_maintenance(&principal, host, &window).await?;
    Ok(Redirect::to("/hosts").into_response())
}
