//! `GET /cases/{id}/retrospective`: the four questions within 48 hours, with what the evidence says beside them.

mod acts;
pub(crate) mod view;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use nearmiss_case::Case;
use nearmiss_case::person::Person;
use nearmiss_case::retrospective::attendees;
use nearmiss_case::words::{RetroForm, Workflow};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Physical, Role};
use nearmiss_store::Principal;
use nearmiss_store::cases::CaseRow;
use serde::Deserialize;

use self::view::{Question, Say, Step};
use super::form::Fields;
use super::part::closeness::is_running;
use super::part::row::{Clock, retrospective_clock};
use super::shell::Shell;
use super::{PageFault, board, render, when, words};
use crate::app::App;
use crate::http::api::find;
use crate::http::auth::{Caller, CallerForm};

#[derive(Template)]
#[template(path = "retrospective.html")]
struct Retrospective {
    shell: Shell,
    id: String,
    label: String,
    heading: String,
    client: String,
    drill: Option<String>,
    clock: Option<Clock>,
    meeting: String,
    people: Vec<String>,
    questions: Vec<Question>,
    drafted: bool,
    /// A question is open, so that a draft would help.
    unanswered: bool,
    says: Vec<Say>,
    actions: Vec<Step>,
    owners: Vec<(&'static str, &'static str)>,
    /// The day an action's end is offered first.
    fortnight: String,
    /// The first day that can be chosen.
    tomorrow: String,
    /// Nobody meets.
    written: bool,
    held: Option<String>,
    /// Why it cannot be called held yet.
    before_held: Vec<String>,
    may_act: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    draft: String,
}

/// `GET /cases/{id}/retrospective?draft=1`.
pub(super) async fn page(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageFault> {
    let now = app.clock.now();
    let row = find::case(&app, &principal, &id).await?.ok_or(PageFault::NotFound)?;
    let people = app.store.people(row.scope()).await?;
    let settings = app.store.settings(row.scope()).await?;
    let case = &row.case;
    let drafted = !asked.draft.is_empty();
    let title = format!("Retrospective {}", case.label());
    render(&Retrospective {
        shell: board::shell(&app, &principal, title, "cases").await?,
        id: case.id.to_string(),
        label: case.label(),
        heading: case.title.clone(),
        client: row.client_name.clone(),
        drill: case.drill.clone(),
        clock: case.retrospective.held_at.is_none().then(|| retrospective_clock(case.retrospective.due, now)),
        meeting: meeting(case),
        people: names(&people),
        questions: view::questions(case, &settings.impact, drafted, now),
        drafted,
        unanswered: !case.unanswered().is_empty(),
        says: view::says(case),
        actions: view::actions(case, now),
        owners: [Role::Sysadmin, Role::Devops, Role::SecurityLead, Role::BcLead, Role::AccountManager]
            .map(|role| (role.as_str(), role.title()))
            .to_vec(),
        fortnight: when::day(now.plus(Span::from_days(14))),
        tomorrow: when::day(now.plus(Span::from_days(1))),
        written: case.retrospective.form == RetroForm::Written,
        held: held(case, now),
        before_held: before_held(case),
        may_act: principal.actor(case.client).is_some() && case.workflow != Workflow::Closed,
    })
}

/// A form of the page, by its name in the address.
pub(super) async fn act(
    State(app): State<App>,
    Path((id, act)): Path<(String, String)>,
    CallerForm { principal, form }: CallerForm<Fields>,
) -> Result<Response, PageFault> {
    let row = find::case(&app, &principal, &id).await?.ok_or(PageFault::NotFound)?;
    let label = row.case.label();
    let target = format!("/cases/{label}/retrospective{}", acts::anchor(&act));
    if let Err(fault) = give(&app, &principal, &row, &act, &form).await {
        return Err(board::fault_at(&app, &principal, fault, target, label, &form).await);
    }
    Ok(Redirect::to(&target).into_response())
}

async fn give(
    app: &App,
    principal: &Principal,
    row: &CaseRow,
    act: &str,
    form: &Fields,
) -> Result<(), PageFault> {
    for command in acts::commands(act, form, &row.case)? {
        app.command(principal, row.scope(), row.case.id, command).await?;
    }
    Ok(())
}

fn meeting(case: &Case) -> String {
    let retrospective = &case.retrospective;
    let due = when::exact(retrospective.due);
    match retrospective.slot {
        Some(slot) => {
            format!("Due {due}. The four meet {} ({}).", when::exact(slot.start), retrospective.reason)
        }
        None => format!("In writing, due {due} ({}).", retrospective.reason),
    }
}

fn names(people: &[Person]) -> Vec<String> {
    let roles = |person: &Person| {
        let held: Vec<&str> =
            Role::FOUR.into_iter().filter(|role| person.has(*role)).map(|role| role.title()).collect();
        held.join(", ")
    };
    attendees(people).into_iter().map(|person| format!("{} ({})", person.name, roles(person))).collect()
}

fn held(case: &Case, now: Timestamp) -> Option<String> {
    let at = case.retrospective.held_at?;
    let word = words::held(case.retrospective.form, at <= case.retrospective.due);
    Some(format!("{word}: {}, {}", when::exact(at), when::relative(at, now)))
}

fn before_held(case: &Case) -> Vec<String> {
    let mut missing = Vec::new();
    if is_running(case.physical) {
        let back = case.physical == Physical::Receding;
        missing.push(if back { "the signal to stay back" } else { "the signal to be back" }.to_owned());
    }
    let unanswered: Vec<String> = case.unanswered().iter().map(ToString::to_string).collect();
    if !unanswered.is_empty() {
        missing.push(format!("an answer to question {}", unanswered.join(", ")));
    }
    missing
}
