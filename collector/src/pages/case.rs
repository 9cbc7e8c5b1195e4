//! `GET /cases/{id}` and the forms on it: what, how close, what it means, then the one button.

mod acts;
mod curve;
mod judgement;
mod samples;
mod steps;
mod timeline;
pub(super) mod view;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::Principal;
use nearmiss_store::cases::CaseRow;

use self::curve::{Curve, Levels};
use self::judgement::Judgement;
use self::timeline::Line;
use self::view::{Bundle, Head, Offer, Part};
use super::form::Fields;
use super::part::row::Clock;
use super::part::row::retrospective_clock;
use super::shell::Shell;
use super::{PageFault, board, render, when};
use crate::app::App;
use crate::http::api::find;
use crate::http::auth::{Caller, CallerForm};

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    shell: Shell,
    head: Head,
    curve: Option<Curve>,
    lines: Vec<Line>,
    /// What whoever confirmed the verdict said to it.
    confirmed_because: String,
    chain: String,
    chain_whole: bool,
    bundles: Vec<Bundle>,
    parts: Vec<Part>,
    judgement: Judgement,
    may_rule: bool,
    offer: Option<Offer>,
    receivers: Vec<(String, String)>,
    retrospective: Meeting,
    /// The last day of an acceptance that is offered first.
    month: String,
    /// The first day that can be chosen.
    tomorrow: String,
}

/// When the four meet.
struct Meeting {
    clock: Option<Clock>,
    words: String,
}

/// `GET /cases/{id}`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Response, PageFault> {
    let row = find::case(&app, &principal, &id).await?.ok_or(PageFault::NotFound)?;
    render(&load(&app, &principal, row).await?)
}

/// A form of the page, by its name in the address.
pub(super) async fn act(
    State(app): State<App>,
    Path((id, act)): Path<(String, String)>,
    CallerForm { principal, form }: CallerForm<Fields>,
) -> Result<Response, PageFault> {
    let row = find::case(&app, &principal, &id).await?.ok_or(PageFault::NotFound)?;
    let (scope, id, label) = (row.scope(), row.case.id, row.case.label());
    let back = format!("/cases/{label}{}", acts::anchor(&act));
    let done = match acts::command(&act, &form, app.clock.now()) {
        Ok(command) => app.command(&principal, scope, id, command).await.map_err(PageFault::from),
        Err(fault) => Err(fault),
    };
    if let Err(fault) = done {
        return Err(board::fault_at(&app, &principal, fault, back, label, &form).await);
    }
    let target = match form.text("from").as_str() {
        "now" => "/".to_owned(),
        "cases" => "/cases".to_owned(),
        _ => back,
    };
    Ok(Redirect::to(&target).into_response())
}

async fn load(app: &App, principal: &Principal, row: CaseRow) -> Result<CasePage, PageFault> {
    let now = app.clock.now();
    let (scope, id) = (row.scope(), row.case.id);
    let people = app.store.people(scope).await?;
    let settings = app.store.settings(scope).await?;
    let timeline = app.store.timeline(scope, id).await?;
    let (chain, chain_whole) = timeline::chain(&app.store.chain(scope, id).await?);
    let (events, minutes) = (app.store.events_of_case(scope, id).await?, app.store.curve(scope, id).await?);
    let listed = board::with_reading(app, principal, row).await?;
    let case = &listed.case;
    let measures = &case.measures;
    let levels = Levels { approach: measures.approach, limit: measures.limit, unit: &measures.unit };
    let roles = principal.grant(scope.client()).map(|grant| grant.roles.as_slice()).unwrap_or_default();
    let title = format!("{} {}", case.label(), case.title);
    Ok(CasePage {
        shell: board::shell(app, principal, title, "cases").await?,
        head: Head::new(&listed, &settings.impact, now),
        curve: Curve::new(samples::points(&events, &minutes, levels.falls(), now), levels),
        confirmed_because: timeline::confirmed_because(&timeline),
        lines: timeline::lines(timeline, now),
        chain,
        chain_whole,
        bundles: view::bundles(case),
        parts: view::parts(case, &people, now),
        judgement: Judgement::new(case),
        may_rule: roles.contains(&nearmiss_shared::vocabulary::Role::SecurityLead),
        offer: view::offer(case, principal.id, now),
        receivers: view::receivers(&people, principal.id),
        retrospective: meeting(case, now),
        month: when::day(now.plus(Span::from_days(30))),
        tomorrow: when::day(now.plus(Span::from_days(1))),
    })
}

fn meeting(case: &nearmiss_case::Case, now: Timestamp) -> Meeting {
    let retrospective = &case.retrospective;
    if let Some(held) = retrospective.held_at {
        let words = super::words::held(retrospective.form, held <= retrospective.due);
        return Meeting { clock: None, words: format!("{words}, {}.", when::exact(held)) };
    }
    let slot = retrospective
        .slot
        .map_or_else(|| "in writing".to_owned(), |slot| format!("the four meet {}", when::exact(slot.start)));
    Meeting {
        clock: Some(retrospective_clock(retrospective.due, now)),
        words: format!("Due {}; {slot} ({}).", when::exact(retrospective.due), retrospective.reason),
    }
}
