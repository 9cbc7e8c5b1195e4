//! The lines that several messages share.

use nearmiss_case::context::Slot;
use nearmiss_case::person::{Person, holder};
use nearmiss_case::retrospective::QUESTIONS;
use nearmiss_shared::bar;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Physical, Role};

use super::Told;

const BAR_CELLS: usize = 30;

/// The bar, the number beside it, the plain sentences, and when it fails.
pub(super) fn closeness(told: &Told<'_>) -> String {
    let measures = &told.case.measures;
    let drawn = bar::draw(measures.proximity_now, measures.tick, measures.proximity_peak, BAR_CELLS);
    let number = measures.proximity_now.map_or_else(|| "closeness unknown".to_owned(), bar::number);
    let scale = format!("0{}failure", " ".repeat(BAR_CELLS.saturating_sub(1)));
    let mut lines = vec![format!("{drawn} {number}"), scale];
    lines.extend(measures.reasons.iter().cloned());
    lines.push(failure(told));
    lines.join("\n")
}

fn failure(told: &Told<'_>) -> String {
    let measures = &told.case.measures;
    if told.case.physical == Physical::Breached {
        return "The failure limit is reached.".to_owned();
    }
    match measures.failure_now {
        Some(seconds) => {
            let left = Span::from_seconds(seconds.max(0.0) as i64);
            format!("At this rate it fails in {left} at the soonest.")
        }
        None if measures.ordinal => {
            "How long until it fails cannot be said for this kind of signal.".to_owned()
        }
        None => "It is not converging now: no time of failure can be given.".to_owned(),
    }
}

/// What the client loses, as far as anybody wrote it down.
pub(super) fn meaning(told: &Told<'_>) -> String {
    let host = &told.case.host_name;
    if told.impact.trim().is_empty() {
        return format!(
            "If it fails: not written down yet for {host}. The BC Lead of {} can say what depends on it.",
            told.client
        );
    }
    format!("If it fails: {}", told.impact.trim())
}

/// The four roles and who holds each.
pub(super) fn roles_of(told: &Told<'_>) -> String {
    let line = |role: Role| {
        let name = holder(told.people, role).map_or("nobody yet", |person| person.name.as_str());
        format!("  {}: {name}", role.title())
    };
    let lines: Vec<String> = Role::FOUR.into_iter().map(line).collect();
    format!("With:\n{}", lines.join("\n"))
}

pub(super) fn questions() -> String {
    let numbered =
        QUESTIONS.iter().enumerate().map(|(index, question)| format!("  {}. {question}", index + 1));
    format!("Four questions:\n{}", numbered.collect::<Vec<_>>().join("\n"))
}

/// By the receiver's own clock, with the zone's name.
pub(super) fn local(instant: Timestamp, receiver: &Person) -> String {
    let there = receiver.zone().to_datetime(instant.to_jiff());
    let zone = receiver.zone();
    let name = zone.iana_name().unwrap_or("UTC");
    format!("{} ({name})", there.strftime("%a %d %b %H:%M"))
}

pub(super) fn span_of(slot: Slot) -> String {
    slot.end.since(slot.start).to_string()
}
