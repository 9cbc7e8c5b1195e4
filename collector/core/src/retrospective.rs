//! When the four roles meet: a common slot in everyone's hours within 48 h, with deputies if need be; else in writing,
//! and the meeting at the first common slot after (collector.md, "Retrospective").

use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;

use crate::case::Retrospective;
use crate::context::{Context, Slot};
use crate::person::{Person, holder};
use crate::words::{RetroForm, Track};

/// The four questions of every retrospective, the framework's word by word (domain.md 6, rows 32 to 35).
pub const QUESTIONS: [&str; 4] = [
    "What almost failed? (Technical root cause)",
    "What stopped it? (Human action, monitoring, luck?)",
    "What would've happened if it failed? (Business impact)",
    "How do we make \"luck\" unnecessary? (Automate, harden, train)",
];

const LENGTH: Span = Span::from_minutes(30);
/// Slots begin on the half hour.
const GRID_MS: i64 = 30 * 60 * 1000;
/// People are told at least this long ahead.
const NOTICE: Span = Span::from_hours(2);
/// Further than this the first common slot is not looked for.
const HORIZON: Span = Span::from_days(14);

/// The retrospective of a case received at `received`.
pub fn plan(track: Track, context: &Context<'_>, received: Timestamp) -> Retrospective {
    let due = received.plus(context.settings.retrospective_within);
    let (form, slot, reason) = form_and_slot(track, context, received, due);
    Retrospective {
        due,
        form,
        slot,
        reason: reason.to_owned(),
        invited_at: None,
        invitation_sequence: 0,
        held_at: None,
        answers: [None, None, None, None],
    }
}

fn form_and_slot(
    track: Track,
    context: &Context<'_>,
    received: Timestamp,
    due: Timestamp,
) -> (RetroForm, Option<Slot>, &'static str) {
    if track == Track::Brief {
        return (RetroForm::Written, None, "a brief case is reviewed in writing");
    }
    let first = received.plus(NOTICE);
    if let Some(slot) = context.meetings.iter().find(|slot| slot.start >= first && slot.end <= due) {
        return (RetroForm::Meeting, Some(*slot), "shares the meeting that this client has already planned");
    }
    let holders = attendees(context.people);
    if let Some(slot) = common_slot(&holders, context, first, due) {
        return (RetroForm::Meeting, Some(slot), "in the working hours of all four roles");
    }
    let deputies = with_deputies(context.people);
    if let Some(slot) = common_slot(&deputies, context, first, due) {
        return (RetroForm::Meeting, Some(slot), "in working hours, with a deputy");
    }
    let later = common_slot(&holders, context, due, received.plus(HORIZON));
    (RetroForm::Written, later, "no common working hour within the time: in writing, and the meeting after")
}

/// The person of each of the four roles, one entry a person.
pub fn attendees(people: &[Person]) -> Vec<&Person> {
    unique(Role::FOUR.into_iter().filter_map(|role| holder(people, role)))
}

fn with_deputies(people: &[Person]) -> Vec<&Person> {
    let deputy = |role: Role| people.iter().find(|person| person.deputy && person.has(role));
    unique(Role::FOUR.into_iter().filter_map(|role| deputy(role).or_else(|| holder(people, role))))
}

fn unique<'p>(people: impl Iterator<Item = &'p Person>) -> Vec<&'p Person> {
    let mut found: Vec<&Person> = Vec::new();
    for person in people {
        if found.iter().all(|known| known.id != person.id) {
            found.push(person);
        }
    }
    found
}

/// The first slot from `from` that ends by `until` and suits everyone.
fn common_slot(people: &[&Person], context: &Context<'_>, from: Timestamp, until: Timestamp) -> Option<Slot> {
    if people.is_empty() {
        return None;
    }
    let mut start = from.as_millis().div_euclid(GRID_MS) * GRID_MS;
    if start < from.as_millis() {
        start += GRID_MS;
    }
    while Timestamp::from_millis(start).plus(LENGTH) <= until {
        let slot =
            Slot { start: Timestamp::from_millis(start), end: Timestamp::from_millis(start).plus(LENGTH) };
        if people.iter().all(|person| suits(person, slot, context)) {
            return Some(slot);
        }
        start += GRID_MS;
    }
    None
}

fn suits(person: &Person, slot: Slot, context: &Context<'_>) -> bool {
    let zone = person.zone();
    let day = zone.to_datetime(slot.start.to_jiff()).date().to_string();
    person.hours.contains_slot(slot.start, slot.end, &zone)
        && !context.settings.holidays.contains(&day)
        && !is_busy(person.id, slot, context.busy)
}

fn is_busy(person: PersonId, slot: Slot, busy: &[(PersonId, Slot)]) -> bool {
    busy.iter().any(|(who, taken)| *who == person && taken.overlaps(&slot))
}
