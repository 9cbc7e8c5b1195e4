//! What the page Now shows of the cases it is given: what needs a person, what is due, and the rest by urgency.

use std::collections::BTreeMap;

use nearmiss_case::Case;
use nearmiss_case::title::what;
use nearmiss_case::words::{ActionState, TaskState, Workflow};
use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Physical, Role};

use crate::pages::part::closeness::is_running;
use crate::pages::part::row::{Clock, Listed, Row, retrospective_clock, wants_answer};
use crate::pages::when;
use crate::pages::words::Said;

/// Rows of one client before the rest is a number.
pub(crate) const PER_CLIENT: usize = 5;
/// Rows of what is due soon.
pub(crate) const DUE_ROWS: usize = 8;
/// What is due within this is soon.
const SOON: Span = Span::from_hours(24);

/// Who looks, and as what.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub person: PersonId,
    /// Roles by client name.
    pub roles: BTreeMap<String, Vec<Role>>,
}

impl Viewer {
    fn has(&self, client: &str, roles: &[Role]) -> bool {
        self.roles.get(client).is_some_and(|held| held.iter().any(|role| roles.contains(role)))
    }

    /// Whether this person answers for the case or has a part in it.
    pub(crate) fn is_concerned(&self, listed: &Listed) -> bool {
        let case = &listed.case;
        let me = self.person;
        case.responder.as_ref().is_some_and(|one| one.person == me)
            || case.hand_off.as_ref().is_some_and(|offer| offer.to == me)
            || case.tasks.iter().any(|task| task.person == Some(me) && task.state == TaskState::Open)
    }

    /// Why the case waits for this very person; `None` when it does not.
    pub(crate) fn needed_for(&self, listed: &Listed) -> Option<&'static str> {
        let case = &listed.case;
        let me = self.person;
        let mine = case.responder.as_ref().is_some_and(|one| one.person == me);
        if case.draft || !listed.may_act {
            return None;
        }
        if case.hand_off.as_ref().is_some_and(|offer| offer.to == me) {
            return Some("offered to you: accept the hand-off");
        }
        let answers = self.has(&listed.client, &[Role::Sysadmin, Role::Dispatcher, Role::Owner]);
        if wants_answer(case) && (mine || answers) {
            return Some("nobody has answered yet");
        }
        let rules = case.category.is_security() && case.ruling.is_none();
        if rules && !is_running(case.physical) && self.has(&listed.client, &[Role::SecurityLead]) {
            return Some("rule whether this was an attack precursor");
        }
        (mine && lacks_action(case)).then_some("say what you did: without it nobody knows what stopped it")
    }
}

fn lacks_action(case: &Case) -> bool {
    case.workflow == Workflow::Stabilised && case.is_acknowledged() && case.mitigations.is_empty()
}

/// A row that waits for the person who looks.
#[derive(Clone, Debug)]
pub(crate) struct Needed {
    pub why: &'static str,
    pub row: Row,
}

/// Something with an end: a retrospective, a part, an action.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub href: String,
    pub clock: Clock,
    pub client: String,
    pub place: String,
    pub what: String,
    pub note: String,
    pub drill: bool,
}

/// A client's rows that are not shown.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub client: String,
    pub more: usize,
}

/// One list of the page.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub id: &'static str,
    pub heading: &'static str,
    pub rows: Vec<Row>,
    /// With those that are not shown.
    pub count: usize,
    pub more: Vec<Group>,
}

impl List {
    fn new(id: &'static str, heading: &'static str, list: &[Listed], most: usize, now: Timestamp) -> Self {
        let (rows, more) = capped(list, most, now);
        Self { id, heading, rows, count: list.len(), more }
    }
}

/// What runs, what is back, and what is known and owned; only those that have rows.
pub(crate) fn lists(list: Vec<Listed>, most: usize, now: Timestamp) -> Vec<List> {
    let (running, rest): (Vec<Listed>, Vec<Listed>) =
        list.into_iter().partition(|listed| is_running(listed.case.physical));
    let (standing, settled): (Vec<Listed>, Vec<Listed>) =
        rest.into_iter().partition(|listed| listed.case.physical == Physical::Standing);
    let all = [
        List::new("open", "Open, most urgent first", &running, most, now),
        List::new("settled", "Back from the edge, not yet closed", &settled, most, now),
        List::new("standing", "Standing hazards: near, known, with an owner", &standing, most, now),
    ];
    all.into_iter().filter(|list| list.count > 0).collect()
}

/// Most urgent first; the oldest of equals first.
pub(crate) fn sort(list: &mut [Listed], now: Timestamp) {
    list.sort_by(|one, other| {
        let order = one.closeness(now).urgency().order(&other.closeness(now).urgency());
        order.then(one.case.received_at.cmp(&other.case.received_at))
    });
}

/// What waits for this viewer: what has failed, then what ends soonest. `list` is sorted by urgency.
pub(crate) fn needed(list: &[Listed], viewer: &Viewer, now: Timestamp) -> Vec<Needed> {
    let mut found: Vec<(Physical, Needed)> = list
        .iter()
        .filter_map(|listed| {
            let needed = Needed { why: viewer.needed_for(listed)?, row: listed.row(now) };
            Some((listed.case.physical, needed))
        })
        .collect();
    found.sort_by_key(|(physical, needed)| {
        // To the minute, as it is shown: of those that end together the more urgent one stays first.
        let due =
            needed.row.clock.as_ref().map_or(i64::MAX, |clock| clock.due.as_millis().div_euclid(60_000));
        (*physical != Physical::Breached, due)
    });
    found.into_iter().map(|(_, needed)| needed).collect()
}

/// Retrospectives, parts of this viewer and actions that end within a day or have ended.
pub(crate) fn due(list: &[Listed], viewer: &Viewer, now: Timestamp) -> Vec<Due> {
    let mut found = Vec::new();
    for listed in list.iter().filter(|listed| !listed.case.draft) {
        found.extend(due_retrospective(listed, now));
        found.extend(due_part(listed, viewer, now));
        found.extend(due_actions(listed, now));
    }
    found.retain(|due| due.clock.due.since(now) <= SOON);
    found.sort_by_key(|due| due.clock.due);
    found
}

fn due_retrospective(listed: &Listed, now: Timestamp) -> Option<Due> {
    let case = &listed.case;
    let waits = case.retrospective.held_at.is_none() && case.workflow != Workflow::Closed;
    waits.then(|| {
        let clock = retrospective_clock(case.retrospective.due, now);
        let verdict =
            case.confirmed.or(case.proposed).map_or_else(|| undecided(case), |verdict| verdict.said());
        entry(listed, "/retrospective", clock, format!("{}, in {}", verdict, form(case)))
    })
}

fn undecided(case: &Case) -> &'static str {
    if case.physical == Physical::Receding { "back, not judged yet" } else { "still running" }
}

fn form(case: &Case) -> &'static str {
    match case.retrospective.form {
        nearmiss_case::words::RetroForm::Meeting => "a meeting",
        nearmiss_case::words::RetroForm::Written => "writing",
    }
}

fn due_part(listed: &Listed, viewer: &Viewer, now: Timestamp) -> Option<Due> {
    let mine = |task: &&nearmiss_case::case::Task| {
        task.person == Some(viewer.person) && task.state == TaskState::Open
    };
    let next = listed.case.tasks.iter().filter(mine).min_by_key(|task| task.due)?;
    let clock = part_clock(next.due, now, "to your part", "your part is overdue");
    Some(entry(listed, "#parts", clock, next.title.clone()))
}

fn due_actions(listed: &Listed, now: Timestamp) -> Vec<Due> {
    let open = listed.case.actions.iter().filter(|action| action.state == ActionState::Open);
    open.map(|action| {
        let clock = part_clock(action.due, now, "to the action's end", "action overdue");
        entry(listed, "/retrospective", clock, format!("{}: {}", action.kind, action.text))
    })
    .collect()
}

fn part_clock(due: Timestamp, now: Timestamp, before: &str, after: &str) -> Clock {
    let left = due.since(now);
    let length = when::span(left.as_seconds());
    let (words, tone) = if left < Span::ZERO {
        (format!("{after}, {length}"), "red")
    } else {
        (format!("{length} {before}"), "quiet")
    };
    Clock { words, exact: when::exact(due), tone, due }
}

fn entry(listed: &Listed, path: &str, clock: Clock, note: String) -> Due {
    let case = &listed.case;
    Due {
        href: format!("/cases/{}{path}", case.label()),
        clock,
        client: listed.client.clone(),
        place: case.host_name.clone(),
        what: what(&case.signal, &case.subject),
        note,
        drill: case.drill.is_some(),
    }
}

/// At most `most` rows a client, in the order given, and what each client has beyond.
fn capped(list: &[Listed], most: usize, now: Timestamp) -> (Vec<Row>, Vec<Group>) {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for listed in list {
        let count = taken.entry(&listed.client).or_default();
        *count += 1;
        if *count <= most {
            rows.push(listed.row(now));
        }
    }
    let more = |(client, count): (&str, usize)| {
        let more = count.checked_sub(most).filter(|more| *more > 0)?;
        Some(Group { client: client.to_owned(), more })
    };
    (rows, taken.into_iter().filter_map(more).collect())
}

#[cfg(test)]
mod tests;
