//! How much work a case asks for, and whether somebody is woken now (domain.md 1.4, "Urgency and track").

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};

use crate::context::Context;
use crate::facts::EventFacts;
use crate::person::Person;
use crate::words::Track;

/// What a person needs to respond, by category.
pub fn response(category: Category) -> Span {
    match category {
        Category::Disk | Category::Certificate | Category::Backup | Category::Patch => Span::from_hours(24),
        Category::Capacity => Span::from_hours(1),
        _ => Span::from_minutes(30),
    }
}

/// The track proposed for an approach, with the reason.
pub fn propose(facts: &EventFacts, responder: Option<&Person>, now: Timestamp) -> (Track, String) {
    if facts.kind == EventKind::Breached || facts.state == Physical::Breached {
        return (Track::Serious, "the failure limit was reached".to_owned());
    }
    if facts.no_redundancy() {
        return (Track::Serious, "no redundancy is left".to_owned());
    }
    if facts.category.is_security() {
        return (Track::Standard, "a security category".to_owned());
    }
    let next = next_working_hour(responder, now).since(now).plus(Span::from_hours(24));
    match facts.soonest_failure() {
        Some(seconds) if seconds < next.as_seconds() => {
            (Track::Standard, format!("failure is predicted within {next}"))
        }
        Some(_) => (Track::Brief, "failure is predicted beyond the next working day".to_owned()),
        None if facts.proximity.is_some_and(|proximity| proximity >= 0.9) => {
            (Track::Standard, "close to the limit, though not converging".to_owned())
        }
        None => (Track::Brief, "not converging, and not known to be the last barrier".to_owned()),
    }
}

/// Whether to page at once: serious, about to fail before anybody could respond in working hours, or breached.
pub fn page_now(
    track: Track,
    facts: &EventFacts,
    context: &Context<'_>,
    responder: Option<&Person>,
    now: Timestamp,
) -> bool {
    if facts.maintenance || context.people.is_empty() {
        return false;
    }
    let urgent = track == Track::Serious || facts.no_redundancy() || facts.kind == EventKind::Breached;
    if facts.observing {
        return facts.kind == EventKind::Breached || facts.no_redundancy();
    }
    let reach = next_working_hour(responder, now).since(now).plus(response(facts.category));
    urgent || facts.soonest_failure().is_some_and(|seconds| seconds < reach.as_seconds())
}

fn next_working_hour(responder: Option<&Person>, now: Timestamp) -> Timestamp {
    let Some(person) = responder else { return now };
    if person.works_at(now) {
        return now;
    }
    person.hours.after(now, Span::from_minutes(5), &person.zone()).minus(Span::from_minutes(5))
}
