//! What the page of a case says of it, as plain values.

use nearmiss_case::Case;
use nearmiss_case::case::Task;
use nearmiss_case::person::{Person, holder};
use nearmiss_case::title;
use nearmiss_case::words::TaskState;
use nearmiss_shared::bar;
use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{Physical, Role};

use super::steps::{self, Step};
use crate::pages::part::bar::Bar;
use crate::pages::part::closeness::is_running;
use crate::pages::part::row::{Clock, Listed, clock, owner, wants_answer};
use crate::pages::when::{self, When};
use crate::pages::words::{self, Said};

/// The head of the page: what, how close, what it means, and the one button.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub id: String,
    pub label: String,
    pub client: String,
    pub host: String,
    pub what: String,
    pub drill: Option<String>,
    pub draft: bool,
    pub learned_late: bool,
    pub bar: Bar,
    pub failure: String,
    pub reasons: Vec<String>,
    pub impact: String,
    pub facts: Vec<(&'static str, String)>,
    pub clock: Option<Clock>,
    pub wants_answer: bool,
    pub may_act: bool,
    /// A drill is aborted, not accepted.
    pub may_accept: bool,
    /// `Sana Sysadmin acknowledged 5 min ago`.
    pub answered: Option<String>,
    pub closed: bool,
    pub steps: Vec<Step>,
}

impl Head {
    pub(crate) fn new(listed: &Listed, impact: &str, now: Timestamp) -> Self {
        let case = &listed.case;
        let closeness = listed.closeness(now);
        Self {
            id: case.id.to_string(),
            label: case.label(),
            client: listed.client.clone(),
            host: case.host_name.clone(),
            what: title::what(&case.signal, &case.subject),
            drill: case.drill.clone(),
            draft: case.draft,
            learned_late: case.learned_late,
            bar: closeness.bar(),
            failure: closeness.failure_words(),
            reasons: case.measures.reasons.iter().map(|reason| when::humane(reason)).collect(),
            impact: impact.to_owned(),
            facts: facts(listed, now),
            clock: clock(case, now),
            wants_answer: wants_answer(case),
            may_act: listed.may_act,
            may_accept: is_running(case.physical) && case.drill.is_none(),
            answered: answered(case, now),
            closed: case.workflow == nearmiss_case::words::Workflow::Closed,
            steps: if is_running(case.physical) { steps::first(case) } else { Vec::new() },
        }
    }
}

/// The numbers of the case that are known.
fn facts(listed: &Listed, now: Timestamp) -> Vec<(&'static str, String)> {
    let case = &listed.case;
    let measures = &case.measures;
    let reading = listed.reading.filter(|_| is_running(case.physical));
    let value = reading.and_then(|reading| reading.value).or(measures.value);
    let peak = reading.and_then(|reading| reading.proximity).into_iter().chain(measures.proximity_peak);
    let told = |value: Option<f64>| value.map(|value| words::value(value, &measures.unit));
    let levels = match (told(measures.approach), told(measures.limit)) {
        (Some(approach), Some(limit)) => Some(format!("approach at {approach}, failure at {limit}")),
        _ => measures.ordinal.then(|| "a count without a limit: its closeness is a table's".to_owned()),
    };
    let rows = [
        ("State", Some(format!("{}; work: {}", case.physical.said(), case.workflow.said()))),
        ("Now", told(value)),
        ("Levels", levels),
        ("Smallest margin", told(smallest_margin(case, value))),
        ("Closest", peak.reduce(f64::max).map(|peak| format!("{} of 1", bar::number(peak)))),
        (
            "Failure, at open",
            measures.failure_at_open.map(|left| format!("predicted after {}", when::span(left))),
        ),
        ("Slack", measures.slack.map(slack)),
        ("Samples", measures.coverage.map(coverage)),
        (
            "Came near",
            Some(format!("{}, {}", when::exact(case.opened_at), when::relative(case.opened_at, now))),
        ),
        ("Track", Some(case.track.to_string())),
        ("Answers", Some(responder(case))),
        ("Accepted", case.accepted_until.map(|until| format!("until {}", when::exact(until)))),
    ];
    rows.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

/// The distance that was left at the closest point, the freshest reading included.
fn smallest_margin(case: &Case, value: Option<f64>) -> Option<f64> {
    let measures = &case.measures;
    let left = measures.limit.zip(value).map(|(limit, value)| (limit - value).abs());
    let left = left.filter(|_| is_running(case.physical) && case.physical != Physical::Breached);
    left.into_iter().chain(measures.margin_minimum).reduce(f64::min)
}

/// B of the specification, in words.
fn slack(slack: f64) -> String {
    let read = if slack > 1.0 { "it turned in time" } else { "only a change of trend saved it" };
    format!("{slack:.1} of the predicted time per time taken: {read}")
}

/// How much of the newest episode was watched.
fn coverage((received, expected): (u64, u64)) -> String {
    let percent = 100.0 * received as f64 / expected.max(1) as f64;
    format!("{received} of {expected} that were due ({} %)", percent.min(100.0).floor())
}

fn responder(case: &Case) -> String {
    let why = case.responder.as_ref().map_or_else(String::new, |one| format!(" ({})", one.reason));
    format!("{}{why}", owner(case))
}

fn answered(case: &Case, now: Timestamp) -> Option<String> {
    let responder = case.responder.as_ref()?;
    let at = responder.acknowledged_at?;
    let by = responder.acknowledged_by.as_ref().unwrap_or(&responder.name);
    Some(format!("{by} acknowledged {}", when::relative(at, now)))
}

/// One bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub id: String,
    /// `None` while it is on its way.
    pub href: Option<String>,
    pub name: String,
    pub size: String,
    pub hash: String,
    pub state: &'static str,
    pub tone: &'static str,
}

pub(crate) fn bundles(case: &Case) -> Vec<Bundle> {
    let numbered = case.evidence.iter().enumerate();
    numbered
        .map(|(index, item)| {
            let (state, tone) = match item.signature_valid {
                Some(true) => ("signature verified", "green"),
                Some(false) => ("signature does NOT verify", "red"),
                None => ("frozen on the host, not here yet", "muted"),
            };
            Bundle {
                id: item.bundle.to_string(),
                href: item
                    .sha256
                    .is_some()
                    .then(|| format!("/api/v1/evidence/{}?host={}", item.bundle, case.host)),
                name: format!("Bundle {}", index + 1),
                size: item.bytes.map_or_else(String::new, |bytes| words::bytes(bytes as f64)),
                hash: item.sha256.as_deref().map_or_else(String::new, |hash| hash.chars().take(16).collect()),
                state,
                tone,
            }
        })
        .collect()
}

/// A role's tasks.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub role: &'static str,
    pub who: String,
    pub tasks: Vec<Todo>,
}

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Todo {
    pub id: String,
    pub title: String,
    pub due: When,
    pub overdue: bool,
    pub open: bool,
    pub note: String,
    pub state: &'static str,
}

/// The four roles' parts, in the framework's order.
pub(crate) fn parts(case: &Case, people: &[Person], now: Timestamp) -> Vec<Part> {
    let part = |role: Role| Part {
        role: role.title(),
        who: who(case, role, people),
        tasks: case.tasks.iter().filter(|task| task.role == role).map(|task| todo(task, now)).collect(),
    };
    Role::FOUR.into_iter().map(part).collect()
}

/// Whoever was given the tasks; else whoever holds the role now.
fn who(case: &Case, role: Role, people: &[Person]) -> String {
    let given = case.tasks.iter().find(|task| task.role == role).and_then(|task| task.person);
    let by_id = given.and_then(|id| people.iter().find(|person| person.id == id));
    by_id
        .or_else(|| holder(people, role))
        .map_or_else(|| "nobody holds this role".to_owned(), |person| person.name.clone())
}

fn todo(task: &Task, now: Timestamp) -> Todo {
    Todo {
        id: task.id.to_string(),
        title: task.title.clone(),
        due: When::new(task.due, now),
        overdue: task.state == TaskState::Open && task.due < now,
        open: task.state == TaskState::Open,
        note: task.note.clone(),
        state: match task.state {
            TaskState::Open => "open",
            TaskState::Done => "done",
            TaskState::Waived => "waived",
        },
    }
}

/// A hand-off that waits for its receiver.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub to: String,
    pub state: String,
    pub risks: String,
    pub next_step: String,
    pub until: When,
    pub to_me: bool,
}

pub(crate) fn offer(case: &Case, me: PersonId, now: Timestamp) -> Option<Offer> {
    let offer = case.hand_off.as_ref()?;
    Some(Offer {
        to: offer.to_name.clone(),
        state: offer.state.clone(),
        risks: offer.risks.clone(),
        next_step: offer.next_step.clone(),
        until: When::new(offer.until, now),
        to_me: offer.to == me,
    })
}

/// Those a case may be handed to: id, name, roles.
pub(crate) fn receivers(people: &[Person], me: PersonId) -> Vec<(String, String)> {
    let told = |person: &Person| {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.title()).collect();
        (person.id.to_string(), format!("{} ({})", person.name, roles.join(", ")))
    };
    people.iter().filter(|person| person.id != me && !person.has(Role::Viewer)).map(told).collect()
}

#[cfg(test)]
mod tests;
