//! One case as a row of a list: what nearly fails, how close, whose it is, and the clock that runs.

use nearmiss_case::Case;
use nearmiss_case::title::what;
use nearmiss_case::words::Workflow;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;

use super::bar::Bar;
use super::closeness::{Closeness, Reading, is_running};
use crate::pages::when;
use crate::pages::words::Said;

/// A row. Every text in it is escaped by the template.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: String,
    pub href: String,
    pub label: String,
    pub client: String,
    pub host: String,
    pub what: String,
    pub bar: Bar,
    pub failure: String,
    /// What stopped it, or that nobody answered yet.
    pub stopped: String,
    pub owner: String,
    pub clock: Option<Clock>,
    /// Where the button posts to; `None` where nothing is to acknowledge or the caller may only look.
    pub acknowledge: Option<String>,
    pub drill: bool,
    pub draft: bool,
    /// Changes when the row says something new, so that it may glow once.
    pub version: String,
}

/// A clock that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub words: String,
    pub exact: String,
    pub tone: &'static str,
    pub due: Timestamp,
}

/// A case with its client's name and its freshest reading.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub case: Case,
    pub client: String,
    pub reading: Option<Reading>,
    /// Whether the caller may act on it.
    pub may_act: bool,
}

impl Listed {
    pub(crate) fn closeness(&self, now: Timestamp) -> Closeness {
        Closeness::of_case(&self.case, self.reading, now)
    }

    pub(crate) fn row(&self, now: Timestamp) -> Row {
        let case = &self.case;
        let closeness = self.closeness(now);
        Row {
            id: case.id.to_string(),
            href: format!("/cases/{}", case.label()),
            label: case.label(),
            client: self.client.clone(),
            host: case.host_name.clone(),
            what: what(&case.signal, &case.subject),
            bar: closeness.bar(),
            failure: closeness.failure_words(),
            stopped: stopped(case),
            owner: owner(case),
            clock: clock(case, now),
            acknowledge: (self.may_act && wants_answer(case))
                .then(|| format!("/cases/{}/acknowledge", case.id)),
            drill: case.drill.is_some(),
            draft: case.draft,
            version: version(case),
        }
    }
}

/// Whether somebody has to say that they are on it.
pub(crate) fn wants_answer(case: &Case) -> bool {
    is_running(case.physical) && !case.is_acknowledged() && case.responder.is_some() && case.is_open()
}

/// `stopped by luck`, `acknowledged, not yet answered`.
pub(crate) fn stopped(case: &Case) -> String {
    match case.stopped_by {
        _ if case.drill.is_some() && !is_running(case.physical) => "a drill: it ended".to_owned(),
        Some(by) if case.proposed.is_some() && !is_running(case.physical) => {
            let sure = if case.confirmed.is_some() { "" } else { " (proposed)" };
            format!("stopped by {}{sure}", by.said())
        }
        _ if case.physical == Physical::Standing && case.accepted_until.is_some() => "accepted".to_owned(),
        _ if case.is_acknowledged() => case.workflow.said().to_owned(),
        _ => "not yet answered".to_owned(),
    }
}

pub(crate) fn owner(case: &Case) -> String {
    match (&case.responder, &case.hand_off) {
        (Some(responder), Some(offer)) => format!("{}, offered to {}", responder.name, offer.to_name),
        (Some(responder), None) => responder.name.clone(),
        (None, _) => "nobody".to_owned(),
    }
}

/// The clock a row shows: the acknowledgement while it is open, then the retrospective.
pub(crate) fn clock(case: &Case, now: Timestamp) -> Option<Clock> {
    if wants_answer(case) && !case.draft {
        let due = case.responder.as_ref()?.acknowledge_due;
        return Some(counting(due, now, "to acknowledge", "not acknowledged", Span::from_minutes(5)));
    }
    if let Some(until) = case.accepted_until.filter(|_| case.physical == Physical::Standing) {
        return Some(counting(
            until,
            now,
            "to the end of the acceptance",
            "the acceptance has ended",
            Span::from_hours(72),
        ));
    }
    let retrospective = &case.retrospective;
    let waits = retrospective.held_at.is_none() && case.workflow != Workflow::Closed && !case.draft;
    waits.then(|| retrospective_clock(retrospective.due, now))
}

/// When the retrospective is due: amber in the last twelve hours, red after.
pub(crate) fn retrospective_clock(due: Timestamp, now: Timestamp) -> Clock {
    counting(due, now, "to the retrospective", "retrospective overdue", Span::from_hours(12))
}

/// `4 min to acknowledge`; past its end `not acknowledged, 3 min over`.
fn counting(due: Timestamp, now: Timestamp, before: &str, after: &str, amber: Span) -> Clock {
    let left = due.since(now);
    let length = when::span(left.as_seconds());
    let (words, tone) = if left < Span::ZERO {
        (format!("{after}, {length} over"), "red")
    } else if left < amber {
        (format!("{length} {before}"), "amber")
    } else {
        (format!("{length} {before}"), "quiet")
    };
    Clock { words, exact: when::exact(due), tone, due }
}

fn version(case: &Case) -> String {
    let answered = u8::from(case.is_acknowledged());
    format!("{}.{}.{}.{answered}.{}", case.sequence, case.workflow, case.escalation, case.mitigations.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use nearmiss_case::case::Responder;
    use nearmiss_shared::vocabulary::Role;

    use super::*;
    use crate::pages::sample;

    #[test]
    fn a_clock_counts_down_and_then_over() {
        let now = sample::NOW;
        let said = |minutes: i64| {
            let clock = counting(
                now.plus(Span::from_minutes(minutes)),
                now,
                "to acknowledge",
                "not acknowledged",
                Span::from_minutes(5),
            );
            (clock.words, clock.tone)
        };
        assert_eq!(said(12), ("12 min to acknowledge".to_owned(), "quiet"));
        assert_eq!(said(4), ("4 min to acknowledge".to_owned(), "amber"));
        assert_eq!(said(-3), ("not acknowledged, 3 min over".to_owned(), "red"));
    }

    #[test]
    fn the_button_is_there_until_somebody_answers_and_only_for_those_who_may() {
        let listed =
            Listed { case: sample::case(1), client: "Falcon MRO".into(), reading: None, may_act: true };
        let row = listed.row(sample::NOW);
        assert!(row.acknowledge.is_some());
        assert_eq!((row.what.as_str(), row.stopped.as_str()), ("/srv filling", "not yet answered"));
        assert!(Listed { may_act: false, ..listed.clone() }.row(sample::NOW).acknowledge.is_none());

        let mut answered = listed;
        if let Some(responder) = answered.case.responder.as_mut() {
            responder.acknowledged_at = Some(sample::NOW);
        }
        let row = answered.row(sample::NOW);
        assert!(row.acknowledge.is_none());
        assert!(row.clock.unwrap().words.ends_with("to the retrospective"));
    }

    #[test]
    fn a_recovered_case_asks_for_no_answer() {
        let mut case = sample::case(1);
        case.physical = Physical::Recovered;
        assert!(!wants_answer(&case));
        case.responder = None::<Responder>;
        assert_eq!(owner(&case), "nobody");
        assert_eq!(Role::FOUR.len(), 4);
    }
}
