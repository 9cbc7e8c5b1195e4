//! `/a/{link}`: acknowledge from a message. Mail scanners follow links, so reading shows a page and only its button,
//! a POST, acknowledges. The secret in the address is the right to do this one thing.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use nearmiss_case::engine::Command;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::authentication::Link;

use super::case::view::Head;
use super::form::PageForm;
use super::shell::Shell;
use super::{PageFault, board, render};
use crate::app::App;

const ENDED: &str = "It is unknown, or it has expired. Sign in to see whether the case still needs you.";

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    shell: Shell,
    link: String,
    head: Head,
    name: String,
    /// It was done just now, by this very form.
    done: bool,
}

/// `GET /a/{link}`.
pub(super) async fn page(State(app): State<App>, Path(link): Path<String>) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let known = find(&app, &link, now).await?;
    show(&app, &link, &known, false, now).await
}

/// `POST /a/{link}`.
pub(super) async fn post(
    State(app): State<App>,
    Path(link): Path<String>,
    PageForm(form): PageForm,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let known = find(&app, &link, now).await?;
    let command = Command::Acknowledge { comment: form.text("comment"), expires: None };
    app.command(&known.principal, known.scope(), known.case, command).await?;
    show(&app, &link, &known, true, now).await
}

async fn find(app: &App, link: &str, now: Timestamp) -> Result<Link, PageFault> {
    app.store.link(link, now).await?.ok_or_else(|| PageFault::Gone(ENDED.to_owned()))
}

async fn show(
    app: &App,
    link: &str,
    known: &Link,
    done: bool,
    now: Timestamp,
) -> Result<Response, PageFault> {
    let scope = known.scope();
    let row = app.store.case(&[scope], known.case).await?.ok_or(PageFault::NotFound)?;
    let impact = app.store.settings(scope).await?.impact;
    let listed = board::with_reading(app, &known.principal, row).await?;
    let head = Head::new(&listed, &impact, now);
    render(&LinkPage {
        shell: Shell::plain(format!("{} {}", head.label, head.what)),
        link: link.to_owned(),
        head,
        name: known.principal.name.clone(),
        done,
    })
}
