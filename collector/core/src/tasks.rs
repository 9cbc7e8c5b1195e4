//! The four roles' parts, from the moment a case opens (domain.md 6).

use nearmiss_shared::identity::TaskId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, Role};

use crate::case::Task;
use crate::person::{Person, holder};
use crate::words::{TaskState, Track};

/// A role's task: title, and hours after the event was received until it is due.
type Part = (Role, &'static str, i64);

const BRIEF: [Part; 4] = [
    (
        Role::Sysadmin,
        "Your line of the written page: what happened, what prevented failure, what you did",
        48,
    ),
    (
        Role::Devops,
        "Your line of the written page: could this be automated? If there is nothing to say, why",
        48,
    ),
    (
        Role::SecurityLead,
        "Your line of the written page: a security or compliance gap? If there is none, why",
        48,
    ),
    (Role::BcLead, "Your line of the written page: what was at risk? If nothing was, why", 48),
];

const FULL: [Part; 8] = [
    (Role::Sysadmin, "Contain and restore: say what you did (failover, restart, isolate, other)", 4),
    (Role::Sysadmin, "Document what happened, what prevented full failure, what manual steps were taken", 24),
    (Role::Devops, "Review whether code or monitoring rules could remedy this by themselves", 48),
    (Role::Devops, "Propose a drill, a health check or a pre-check that blocks a deploy", 48),
    (Role::SecurityLead, "Say whether this exposed a security or compliance gap", 24),
    (Role::SecurityLead, "Update the playbook for this scenario, or say why not", 48),
    (Role::BcLead, "Say which operational workflows were at risk, against RTO and MTPD", 24),
    (Role::BcLead, "Update impact analysis and recovery objectives, prepare what the client is told", 48),
];

const RULING: Part = (Role::SecurityLead, "Rule whether this was an attack precursor", 24);

/// The tasks of a case on this track; `ids` makes one id a task.
pub fn tasks(
    track: Track,
    category: Category,
    people: &[Person],
    received: Timestamp,
    ids: &mut dyn FnMut() -> TaskId,
) -> Vec<Task> {
    let mut parts: Vec<Part> = match track {
        Track::Brief => BRIEF.to_vec(),
        Track::Standard | Track::Serious => FULL.to_vec(),
    };
    if category.is_security() {
        parts.push(RULING);
    }
    let task = |(role, title, hours): Part| Task {
        id: ids(),
        role,
        person: holder(people, role).map(|person| person.id),
        title: title.to_owned(),
        due: received.plus(Span::from_hours(hours)),
        state: TaskState::Open,
        note: String::new(),
    };
    parts.into_iter().map(task).collect()
}
