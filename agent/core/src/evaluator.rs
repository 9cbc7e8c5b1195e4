//! The physical layer of domain.md 1.4, for one signal of one subject: readings and ticks in, transitions out.
//!
//! The state is a value that the store keeps; it is written in the transaction of the events it caused, so judging
//! the same readings again after a crash repeats the same transitions with the same episode and sequence numbers.

mod episode;
mod forecast;
mod measures;
mod memory;
mod moves;
mod passing;
mod phase;
mod replay;
mod rest;
mod transition;
mod usual;
mod words;

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{EventKind, Physical};
use serde::{Deserialize, Serialize};

use crate::margin::number;
use crate::ordinal;
use crate::reading::{Measure, Reading, Stamp};
use crate::rule::Judgement;
use crate::signal::Scale;

use measures::Course;
use memory::{Memory, Sample};
use phase::Phase;
use rest::Rest;
use usual::Usual;

pub use forecast::Failure;
pub use measures::Measures;
pub use replay::{Replay, Replayer, Summary, Tally, replay};
pub use transition::Transition;

/// The version of the stored form. What a version added has a default, so that older states are read.
const STATE_VERSION: u32 = 2;
/// A signal is dark after this many intervals without a valid sample.
pub const DARK_INTERVALS: i64 = 3;

/// An old count that a person called known, until it grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub value: f64,
    /// From then on the count speaks again as it stands.
    pub until: Timestamp,
    pub reason: String,
    #[serde(default)]
    pub person: String,
}

/// The state of one (signal, subject).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalState {
    v: u32,
    pub(crate) signal: String,
    pub(crate) subject: String,
    pub(crate) phase: Phase,
    pub(crate) episode: u64,
    pub(crate) sequence: u64,
    #[serde(rename = "samples")]
    pub(crate) memory: Memory,
    pub(crate) baseline: Option<Baseline>,
    /// When it was last looked at with success, whatever was found.
    pub(crate) seen: Option<Stamp>,
    pub(crate) why_unread: Option<String>,
    #[serde(default)]
    pub(crate) rest: Option<Rest>,
    pub(crate) reasons: Vec<String>,
    pub(crate) forecast_count: u32,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) drill: Option<String>,
    /// Times it was past approach and not confirmed.
    #[serde(default)]
    pub(crate) blips: u64,
    /// The first sample since the last start of the host or silence.
    #[serde(default)]
    watched_since: Option<Stamp>,
    #[serde(default)]
    usual: Usual,
    /// The newest episode, until the signal is normal again.
    #[serde(default)]
    course: Option<Course>,
}

impl SignalState {
    pub fn new(signal: &str, subject: &str) -> Self {
        Self {
            v: STATE_VERSION,
            signal: signal.to_owned(),
            subject: subject.to_owned(),
            phase: Phase::Normal,
            episode: 0,
            sequence: 0,
            memory: Memory::default(),
            baseline: None,
            seen: None,
            why_unread: None,
            rest: None,
            reasons: Vec::new(),
            forecast_count: 0,
            labels: BTreeMap::new(),
            drill: None,
            blips: 0,
            watched_since: None,
            usual: Usual::default(),
            course: None,
        }
    }

    pub fn signal(&self) -> &str {
        &self.signal
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub const fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Why it is where it is.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    pub const fn episode(&self) -> u64 {
        self.episode
    }

    pub fn drill(&self) -> Option<&str> {
        self.drill.as_deref()
    }

    /// The physical state as the specification names it.
    pub fn physical(&self) -> Physical {
        self.phase.physical()
    }

    /// Whether an episode runs: the collector's curve is fed while it does.
    pub fn is_open(&self) -> bool {
        match &self.phase {
            Phase::Approached { .. } | Phase::Receding { .. } | Phase::Breached { .. } => true,
            Phase::Dark { previous, .. } => !previous.is_quiet(),
            _ => false,
        }
    }

    /// Whether its failure was seen, not only inferred from an unclean restart.
    pub const fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Breached { inferred: false, .. })
    }

    /// Judges one reading.
    pub fn observe(&mut self, judgement: &Judgement, reading: &Reading) -> Vec<Transition> {
        let mut out = Vec::new();
        match &reading.measure {
            Measure::Invalid { why } => {
                self.why_unread = Some(why.clone());
                out.extend(self.tick(judgement, reading.at));
                out.extend(self.lost(judgement, reading.at));
                return out;
            }
            Measure::Resting { why } => {
                out.extend(self.tick(judgement, reading.at));
                self.found_resting(why, reading.at);
                return out;
            }
            _ => {}
        }
        if self.seen.is_some_and(|seen| reading.at.boot_ms < seen.boot_ms) {
            return out;
        }
        self.labels.clone_from(&reading.labels);
        self.drill.clone_from(&reading.drill);
        self.why_unread = None;
        // Holds that ended before this sample ended without it.
        out.extend(self.tick(judgement, reading.at));
        self.forget_unwatched(judgement, reading.at);
        let was_resting = self.rest.is_some();
        self.woken(judgement, reading.at);
        match &reading.measure {
            Measure::Retired { why } => out.extend(self.retire(judgement, reading.at, why)),
            Measure::Value(value) => out.extend(self.sampled(judgement, reading.at, Some(*value), None)),
            Measure::Trigger { value, reason } => {
                out.extend(self.sampled(judgement, reading.at, *value, Some(moves::Push::Approach(reason))));
            }
            Measure::Consequence { value, reason } => {
                out.extend(self.sampled(judgement, reading.at, *value, Some(moves::Push::Breach(reason))));
            }
            Measure::Invalid { .. } | Measure::Resting { .. } => {}
        }
        self.seen = Some(reading.at);
        out.extend(self.settled(judgement, was_resting, reading.at));
        out
    }

    /// A person called the count known until a date: quiet from here, loud again when it grows.
    pub fn acknowledge_baseline(
        &mut self,
        judgement: &Judgement,
        baseline: Baseline,
        now: Stamp,
    ) -> Vec<Transition> {
        let Baseline { value, until, reason, person } = &baseline;
        let (value, who) =
            (number(*value, judgement.unit), if person.is_empty() { "a person" } else { person });
        let told = format!("{who} accepted {value} until {until}: {reason}");
        self.baseline = Some(baseline);
        if !matches!(self.phase, Phase::Approached { .. } | Phase::Receding { .. }) {
            return Vec::new();
        }
        let entry = self.proximity(judgement).unwrap_or(0.0);
        self.phase = Phase::Standing { entry, quiet_since: None };
        self.reasons = vec![told];
        vec![self.transition(judgement, EventKind::Standing, Physical::Standing, now)]
    }

    /// The newest valid value.
    pub fn value(&self) -> Option<f64> {
        self.memory.last().map(|sample| sample.value)
    }

    /// Where the newest value stands; for ordinals the table's closeness above the baseline.
    pub fn proximity(&self, judgement: &Judgement) -> Option<f64> {
        let value = self.value()?;
        Some(match judgement.scale {
            Scale::Limited(limits) => limits.proximity(value),
            Scale::Ordinal(family) => {
                let (closeness, _) = ordinal::closeness(family, self.above_baseline(value), self.growth());
                // A count that a person called known is near as soon as it grows, however little that is by the table.
                if self.known_count().is_some_and(|known| value > known) {
                    closeness.max(ordinal::APPROACH)
                } else {
                    closeness
                }
            }
        })
    }

    /// The count that a person called known, as long as that holds.
    fn known_count(&self) -> Option<f64> {
        let now = self.memory.last()?.at.wall;
        self.baseline.as_ref().filter(|baseline| now < baseline.until).map(|baseline| baseline.value)
    }

    fn above_baseline(&self, value: f64) -> f64 {
        self.known_count().map_or(value, |known| (value - known).max(0.0))
    }

    /// How much the count rose within the kept samples, or since a person called it known.
    fn growth(&self) -> f64 {
        let first = self.memory.first().map_or(0.0, |sample| sample.value);
        let from = self.known_count().map_or(first, |known| known.max(first));
        self.value().map_or(0.0, |value| (value - from).max(0.0))
    }
}

#[cfg(test)]
mod false_alarms;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
