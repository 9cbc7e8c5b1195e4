//! The measured quantities of an episode (domain.md 1.3), as the agent can know them.
//!
//! What only the collector knows is not here: when somebody acknowledged or acted. All spans are boot time; all
//! quantities end with the episode (recovered, or restored), and those that do not exist yet are `None`.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::urgency::LAST_BARRIER;
use serde::{Deserialize, Serialize};

use super::SignalState;
use super::forecast::Failure;
use crate::reading::Stamp;
use crate::rule::Judgement;

/// What is kept of the newest episode until its signal is normal again. Older states have none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Course {
    opened: Stamp,
    /// The failure came without an approach before it.
    silent: bool,
    /// The first sample past approach of the stretch that opened it.
    near_since: Option<Stamp>,
    /// Estimate at open, in milliseconds.
    failure_at_open: Option<i64>,
    failure_minimum: Option<i64>,
    peak: Option<Peak>,
    turned: Option<Stamp>,
    recovered: Option<Stamp>,
    breached: Option<Stamp>,
    restored: Option<Stamp>,
    /// Valid samples since it opened, that one included.
    received: u64,
    dark_ms: i64,
    longest_gap_ms: i64,
    /// Time without any redundancy until the newest sample, and since when that goes on.
    #[serde(default)]
    bare_ms: i64,
    #[serde(default)]
    bare_since: Option<Stamp>,
}

/// The sample nearest to failure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Peak {
    proximity: f64,
    value: f64,
    at: Stamp,
}

/// The quantities by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// What is left before failure now, in the signal's unit; 0 past the limit.
    pub margin: Option<f64>,
    /// The same as a part of the way from normal to failure.
    pub relative_margin: Option<f64>,
    pub peak_proximity: Option<f64>,
    pub peak_at: Option<Timestamp>,
    /// The margin at the peak, in the signal's unit.
    pub minimum_margin: Option<f64>,
    pub failure_at_open: Option<Span>,
    pub failure_minimum: Option<Span>,
    /// When it would have failed at the rate seen at open: predicted, never observed.
    pub predicted_failure_at: Option<Timestamp>,
    /// From the first sample past approach to open; `None` where the trend opened it before.
    pub detection_delay: Option<Span>,
    pub time_to_turn: Option<Span>,
    pub time_to_recovery: Option<Span>,
    /// Predicted time to failure over the time to turn: at 1 or below only a change of trend saved it.
    pub slack: Option<f64>,
    /// From open to failure.
    pub warning_lead: Option<Span>,
    /// How long the failure lasted.
    pub outage: Option<Span>,
    /// Samples that were valid and that were due while it was open; `None` where nothing is due by the clock.
    pub coverage: Option<(u64, u64)>,
    /// Without samples while open: all of it, and the longest stretch.
    pub dark: Span,
    pub longest_gap: Span,
    /// Time with no redundancy left; `None` where the signal measures none.
    pub exposure: Option<Span>,
    /// It failed with no approach before.
    pub silent: bool,
}

impl Course {
    pub(super) fn opened(at: Stamp, near_since: Option<Stamp>, silent: bool) -> Self {
        Self {
            opened: at,
            silent,
            near_since,
            failure_at_open: None,
            failure_minimum: None,
            peak: None,
            turned: None,
            recovered: None,
            breached: None,
            restored: None,
            received: 0,
            dark_ms: 0,
            longest_gap_ms: 0,
            bare_ms: 0,
            bare_since: None,
        }
    }

    /// A valid sample while it is open; `failure` as predicted from it.
    pub(super) fn sample(&mut self, at: Stamp, proximity: Option<f64>, value: f64, failure: Option<Failure>) {
        if self.end().is_some() {
            return;
        }
        self.received += 1;
        let nearer = |proximity: &f64| self.peak.is_none_or(|peak| *proximity > peak.proximity);
        if let Some(proximity) = proximity.filter(nearer) {
            self.peak = Some(Peak { proximity, value, at });
        }
        let Some(failure) = failure.map(|failure| failure.estimate.as_millis()) else { return };
        if self.received == 1 {
            self.failure_at_open = Some(failure);
        }
        self.failure_minimum = Some(self.failure_minimum.map_or(failure, |least| least.min(failure)));
    }

    /// A sample says whether the subject survives a further failure; between two, what the first said.
    pub(super) fn bare(&mut self, at: Stamp, is_bare: bool) {
        if self.end().is_none() {
            self.bare_ms += self.bare_since.map_or(0, |since| at.since(since).as_millis());
            self.bare_since = is_bare.then_some(at);
        }
    }

    fn exposure(&self, now: Stamp) -> Span {
        let running = self.bare_since.map_or(0, |since| self.end().unwrap_or(now).since(since).as_millis());
        Span::from_millis(self.bare_ms + running)
    }

    /// Back below reset; a second turn of the same episode is none.
    pub(super) fn turn(&mut self, at: Stamp) {
        self.turned.get_or_insert(at);
    }

    pub(super) fn recover(&mut self, at: Stamp) {
        self.turn(at);
        self.recovered = Some(at);
    }

    pub(super) fn breach(&mut self, at: Stamp) {
        self.breached.get_or_insert(at);
    }

    pub(super) fn restore(&mut self, at: Stamp) {
        self.restored = Some(at);
    }

    /// Nothing was heard for `silence`.
    pub(super) fn gap(&mut self, silence: Span) {
        if self.end().is_none() {
            self.dark_ms += silence.as_millis();
            self.longest_gap_ms = self.longest_gap_ms.max(silence.as_millis());
        }
    }

    /// The nearest it came.
    pub(super) fn peak(&self) -> Option<f64> {
        self.peak.map(|peak| peak.proximity)
    }

    pub(super) fn stamps(&mut self, change: &impl Fn(&mut Stamp)) {
        let own = [&mut self.near_since, &mut self.turned, &mut self.recovered, &mut self.breached];
        own.into_iter().flatten().for_each(change);
        [&mut self.restored, &mut self.bare_since].into_iter().flatten().for_each(change);
        self.peak.iter_mut().for_each(|peak| change(&mut peak.at));
        change(&mut self.opened);
    }

    fn end(&self) -> Option<Stamp> {
        self.recovered.or(self.restored)
    }

    fn since_open(&self, at: Option<Stamp>) -> Option<Span> {
        at.map(|at| at.since(self.opened))
    }

    /// Predicted time over time taken; nothing to divide where it turned at once.
    fn slack(&self) -> Option<f64> {
        let taken = self.since_open(self.turned)?.as_seconds();
        (taken > 0.0).then(|| Some(self.failure_at_open? as f64 / 1000.0 / taken)).flatten()
    }

    fn coverage(&self, interval: Option<Span>, now: Stamp) -> Option<(u64, u64)> {
        let length = self.end().unwrap_or(now).since(self.opened).as_millis();
        let due = u64::try_from(length / interval?.as_millis().max(1)).unwrap_or(0) + 1;
        Some((self.received, due.max(self.received)))
    }
}

impl SignalState {
    /// The newest episode in numbers as of `now`; `None` while there is none.
    pub fn measures(&self, judgement: &Judgement, now: Stamp) -> Option<Measures> {
        let course = self.course.as_ref()?;
        let limits = judgement.limits();
        let margin = |value: f64| limits.map(|limits| limits.margin(value));
        let span = |milliseconds: Option<i64>| milliseconds.map(Span::from_millis);
        let outage = course.breached.zip(course.restored).map(|(from, to)| to.since(from));
        let at_open = span(course.failure_at_open);
        Some(Measures {
            margin: self.value().and_then(margin),
            relative_margin: self.value().zip(limits).map(|(value, limits)| 1.0 - limits.proximity(value)),
            peak_proximity: course.peak.map(|peak| peak.proximity),
            peak_at: course.peak.map(|peak| peak.at.wall),
            minimum_margin: course.peak.and_then(|peak| margin(peak.value)),
            failure_at_open: at_open,
            failure_minimum: span(course.failure_minimum),
            predicted_failure_at: at_open.map(|span| course.opened.wall.plus(span)),
            detection_delay: course.near_since.map(|near| course.opened.since(near)),
            time_to_turn: course.since_open(course.turned),
            time_to_recovery: course.since_open(course.recovered),
            slack: course.slack(),
            warning_lead: course.since_open(course.breached).filter(|_| !course.silent),
            outage,
            coverage: course.coverage(judgement.interval, now),
            dark: Span::from_millis(course.dark_ms),
            longest_gap: Span::from_millis(course.longest_gap_ms),
            exposure: (self.signal == LAST_BARRIER).then(|| course.exposure(now)),
            silent: course.silent,
        })
    }

    /// How a failure compares with what was predicted when it opened, in words.
    pub(super) fn foretold(&self, judgement: &Judgement, now: Stamp) -> Option<String> {
        let measures = self.measures(judgement, now)?;
        match (measures.failure_at_open, measures.warning_lead) {
            (Some(predicted), Some(lead)) => {
                Some(format!("it was predicted {predicted} after opening and came after {lead}"))
            }
            (None, Some(lead)) => Some(format!("it came {lead} after opening, with no time predicted")),
            (_, None) => measures.silent.then(|| "it had come without a warning".to_owned()),
        }
    }
}
