//! From the wire's event to the case engine's facts: checked, bounded, without control characters.

use std::collections::BTreeMap;

use nearmiss_case::EventFacts;
use nearmiss_case::facts::Range;
use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::Span;
use nearmiss_shared::urgency::approach_proximity;
use nearmiss_shared::wire::MAX_SAMPLES;
use nearmiss_shared::wire::v1::{Estimate, Event};

/// Signal and subject make the key of a case: a longer one is refused, never cut.
const MAX_SIGNAL: usize = 100;
const MAX_SUBJECT: usize = 1024;
/// What is only read by people is cut.
const MAX_WORD: usize = 100;
const MAX_SENTENCE: usize = 500;
const MAX_REASONS: usize = 20;
const MAX_LABELS: usize = 32;
/// Ten years: no rule asks a signal to stay back for longer.
const LONGEST_HOLD: f64 = 3.2e8;
/// The label of an event that a maintenance window covers: until when, and why.
const MAINTENANCE: &str = "maintenance";

/// Who sent an event, and in what state that host is.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub host: HostId,
    pub host_name: String,
    pub maintenance: bool,
}

/// Why an event will never be taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("`{0}` is no finite number")]
    NotFinite(&'static str),
    #[error("{what} is longer than {most} letters")]
    TooLong { what: &'static str, most: usize },
    #[error("an event carries at most {MAX_SAMPLES} samples")]
    Samples,
    /// The same words for a case that is not there and for one of another host or client.
    #[error("`{0}` is no case of this host")]
    NoCase(String),
}

/// The facts of one event.
pub fn facts(event: Event, arrival: &Arrival) -> Result<EventFacts, NotTaken> {
    if event.samples.len() > MAX_SAMPLES {
        return Err(NotTaken::Samples);
    }
    let numbers = Numbers::of(&event)?;
    let planned = event.labels.get(MAINTENANCE).map(|told| format!("in maintenance {told}"));
    Ok(EventFacts {
        id: event.id,
        kind: event.kind,
        episode: event.episode.unwrap_or(0),
        sequence: event.sequence,
        observed_at: event.observed_at,
        host: arrival.host,
        host_name: arrival.host_name.clone(),
        category: event.category,
        signal: whole("signal", &event.signal, MAX_SIGNAL)?,
        subject: whole("subject", &event.subject, MAX_SUBJECT)?,
        labels: labels(event.labels),
        rule: cut(&event.rule.name, MAX_WORD),
        state: event.state,
        value: numbers.value,
        unit: cut(&event.unit, MAX_WORD),
        normal: numbers.normal,
        approach: numbers.approach,
        limit: numbers.limit,
        ordinal: event.ordinal,
        proximity: numbers.proximity,
        tick: if event.ordinal { ORDINAL_TICK } else { numbers.tick() },
        time_to_failure: numbers.time_to_failure,
        hold: numbers.hold,
        slack: numbers.slack,
        coverage: event.measures.and_then(|told| told.samples_received.zip(told.samples_expected)),
        reasons: event
            .reasons
            .iter()
            .take(MAX_REASONS)
            .chain(&planned)
            .map(|reason| cut(reason, MAX_SENTENCE))
            .collect(),
        bundle: event.bundle,
        drill: event.drill.map(|name| cut(&name, MAX_WORD)),
        observing: event.observing,
        samples: event
            .samples
            .iter()
            .map(|(offset, value)| (event.observed_at.plus(Span::from_millis(*offset)), *value))
            .collect(),
        // Announced for the whole host, or a window of its configuration that covers this signal.
        maintenance: arrival.maintenance || planned.is_some(),
    })
}

/// The bar's tick where there is no scale to place it on.
const ORDINAL_TICK: f64 = 0.5;

struct Numbers {
    value: Option<f64>,
    normal: Option<f64>,
    approach: Option<f64>,
    limit: Option<f64>,
    proximity: Option<f64>,
    time_to_failure: Option<Range>,
    hold: Option<f64>,
    slack: Option<f64>,
}

impl Numbers {
    fn of(event: &Event) -> Result<Self, NotTaken> {
        finite("critical", event.critical)?;
        range("rate_per_hour", event.rate_per_hour)?;
        for (_, sample) in &event.samples {
            finite("samples", Some(*sample))?;
        }
        Ok(Self {
            value: finite("value", event.value)?,
            normal: finite("normal", event.normal)?,
            approach: finite("approach", event.approach)?,
            limit: finite("limit", event.limit)?,
            proximity: finite("proximity", event.proximity)?,
            time_to_failure: range("time_to_failure_seconds", event.time_to_failure_seconds)?,
            hold: finite("hold_seconds", event.hold_seconds)?
                .filter(|hold| (0.0..=LONGEST_HOLD).contains(hold)),
            slack: finite("measures.slack", event.measures.and_then(|told| told.slack))?,
        })
    }

    fn tick(&self) -> f64 {
        // Levels at the ends of what a float can hold have no place between them.
        let between = approach_proximity(self.normal, self.approach, self.limit);
        between.filter(|tick| tick.is_finite()).unwrap_or(ORDINAL_TICK)
    }
}

fn finite(what: &'static str, value: Option<f64>) -> Result<Option<f64>, NotTaken> {
    if value.is_some_and(|value| !value.is_finite()) { Err(NotTaken::NotFinite(what)) } else { Ok(value) }
}

fn range(what: &'static str, range: Option<Estimate>) -> Result<Option<Range>, NotTaken> {
    let Some(Estimate { estimate, low, high }) = range else { return Ok(None) };
    finite(what, Some(estimate))?;
    Ok(Some(Range { estimate, low: finite(what, low)?, high: finite(what, high)? }))
}

fn whole(what: &'static str, text: &str, most: usize) -> Result<String, NotTaken> {
    if text.chars().count() > most { Err(NotTaken::TooLong { what, most }) } else { Ok(cut(text, most)) }
}

fn labels(labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let bounded = |(name, value): (String, String)| (cut(&name, MAX_WORD), cut(&value, MAX_SENTENCE));
    labels.into_iter().take(MAX_LABELS).map(bounded).collect()
}

/// At most `most` letters; a control character becomes a space.
pub fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;
    use nearmiss_shared::wire::v1::EventBatch;

    use super::*;

    fn sample() -> Event {
        let text = include_str!("../../../shared/src/wire/v1/batch.sample.json");
        let batch: EventBatch = serde_json::from_str(text).unwrap();
        batch.events.into_iter().next().unwrap()
    }

    fn arrival() -> Arrival {
        let host = HostId::from_parts(Timestamp::from_millis(1), [1; 10]);
        Arrival { host, host_name: "lab-srv-07".to_owned(), maintenance: false }
    }

    #[test]
    fn the_approach_level_is_placed_on_the_bar() {
        for (normal, approach, limit, ordinal, tick) in [
            (Some(0.5), Some(0.15), Some(0.0), false, 0.7),
            (Some(0.0), Some(80.0), Some(100.0), false, 0.8),
            (Some(1.0), Some(0.5), Some(1.0), false, 0.5),
            (None, Some(1.0), None, false, 0.5),
            (Some(0.0), Some(1.0), Some(10.0), true, 0.5),
            (Some(-f64::MAX), Some(f64::MAX), Some(f64::MAX), false, 0.5),
        ] {
            let event = Event { normal, approach, limit, ordinal, ..sample() };
            let found = facts(event, &arrival()).unwrap().tick;
            assert!((found - tick).abs() < 1e-9, "{normal:?} {approach:?} {limit:?}: {found}");
        }
    }

    #[test]
    fn a_window_of_the_hosts_configuration_is_maintenance_for_what_it_covers() {
        let within = Event {
            labels: [("maintenance".to_owned(), "until noon: patching".to_owned())].into(),
            ..sample()
        };
        let facts_of = facts(within, &arrival()).unwrap();
        assert!(
            facts_of.maintenance
                && facts_of.reasons.contains(&"in maintenance until noon: patching".to_owned())
        );
        assert!(!facts(sample(), &arrival()).unwrap().maintenance);
    }

    #[test]
    fn numbers_that_are_none_are_refused_by_name() {
        let refused = |event| facts(event, &arrival()).unwrap_err();
        assert_eq!(refused(Event { value: Some(f64::NAN), ..sample() }), NotTaken::NotFinite("value"));
        assert_eq!(refused(Event { limit: Some(f64::INFINITY), ..sample() }), NotTaken::NotFinite("limit"));
        let endless = Estimate { estimate: 1.0, low: None, high: Some(f64::INFINITY) };
        let event = Event { time_to_failure_seconds: Some(endless), ..sample() };
        assert_eq!(refused(event), NotTaken::NotFinite("time_to_failure_seconds"));
        let event = Event { samples: vec![(0, f64::NEG_INFINITY)], ..sample() };
        assert_eq!(refused(event), NotTaken::NotFinite("samples"));
        assert_eq!(refused(Event { samples: vec![(0, 1.0); 201], ..sample() }), NotTaken::Samples);
    }

    #[test]
    fn what_people_read_is_cut_and_what_makes_the_key_is_not() {
        let event = Event {
            reasons: vec!["a\r\nBcc: x".repeat(200); 40],
            labels: (0..100).map(|index| (format!("{index}"), "v".repeat(9_999))).collect(),
            ..sample()
        };
        let facts_of = facts(event, &arrival()).unwrap();
        assert_eq!((facts_of.reasons.len(), facts_of.labels.len()), (20, 32));
        assert!(
            facts_of.reasons.iter().all(|reason| reason.chars().count() == 500 && !reason.contains('\n'))
        );
        assert!(facts_of.labels.values().all(|value| value.len() == 500));
        let refused = facts(Event { subject: "x".repeat(1025), ..sample() }, &arrival()).unwrap_err();
        assert_eq!(refused.to_string(), "subject is longer than 1024 letters");
    }
}
