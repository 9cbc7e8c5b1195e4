//! The physical layer of domain.md 1.4, for one signal of one subject: readings and ticks in, transitions out.
//!
//! The state is a value that the store keeps; it is written in the transaction of the events it caused, so judging
//! the same readings again after a crash repeats the same transitions with the same episode and sequence numbers.

mod forecast;
mod moves;
mod passing;
mod replay;
mod transition;

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{EventKind, Physical};
use serde::{Deserialize, Serialize};

use crate::ordinal;
use crate::reading::{Measure, Reading, Stamp};
use crate::rule::Judgement;
use crate::signal::Scale;

pub use replay::{Replay, Summary, replay};
pub use transition::Transition;

/// The version of the stored form.
const STATE_VERSION: u32 = 1;
/// The state keeps at most this many samples; the older half is thinned when they are full.
const SAMPLES: usize = 120;
/// A signal is dark after this many intervals without a valid sample.
pub const DARK_INTERVALS: i64 = 3;

/// Where the signal stands, with only what that state needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum Phase {
    Normal,
    /// Past approach, not confirmed: `count` samples so far.
    Watch {
        count: u32,
    },
    /// `step` is the highest level told: 0 approach, 1 critical; for ordinals the table's step.
    Approached {
        since: Stamp,
        step: usize,
    },
    /// `quiet_since` is the first sample of the unbroken stretch below reset.
    Receding {
        quiet_since: Stamp,
    },
    /// `count` samples past approach again, not confirmed.
    Recovered {
        since: Stamp,
        count: u32,
    },
    /// `quiet_since` is set while the signal is back below reset.
    Breached {
        since: Stamp,
        quiet_since: Option<Stamp>,
    },
    /// `entry` is the proximity it stood at.
    Standing {
        entry: f64,
        quiet_since: Option<Stamp>,
    },
    /// No valid sample; `crashed` when the host came back without an orderly shutdown.
    Dark {
        previous: Box<Phase>,
        since: Stamp,
        crashed: bool,
    },
}

/// An old count that a person called known, until it grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) value: f64,
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
}

/// A valid sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) at: Stamp,
    pub(crate) value: f64,
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
    pub(crate) samples: Vec<Sample>,
    pub(crate) baseline: Option<Baseline>,
    /// When it was last looked at with success, whatever was found.
    pub(crate) seen: Option<Stamp>,
    pub(crate) why_unread: Option<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) forecast_count: u32,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) drill: Option<String>,
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
            samples: Vec::new(),
            baseline: None,
            seen: None,
            why_unread: None,
            reasons: Vec::new(),
            forecast_count: 0,
            labels: BTreeMap::new(),
            drill: None,
        }
    }

    pub fn signal(&self) -> &str {
        &self.signal
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub const fn episode(&self) -> u64 {
        self.episode
    }

    pub fn drill(&self) -> Option<&str> {
        self.drill.as_deref()
    }

    /// The physical state as the specification names it.
    pub fn physical(&self) -> Physical {
        match &self.phase {
            Phase::Normal => Physical::Normal,
            Phase::Watch { .. } => Physical::Watch,
            Phase::Approached { .. } => Physical::Approached,
            Phase::Receding { .. } => Physical::Receding,
            Phase::Recovered { .. } => Physical::Recovered,
            Phase::Breached { .. } => Physical::Breached,
            Phase::Standing { .. } => Physical::Standing,
            Phase::Dark { .. } => Physical::Dark,
        }
    }

    /// Whether an episode runs: the collector's curve is fed while it does.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Approached { .. } | Phase::Receding { .. } | Phase::Breached { .. })
            || matches!(&self.phase, Phase::Dark { previous, .. } if !matches!(**previous, Phase::Normal | Phase::Watch { .. }))
    }

    /// Judges one reading.
    pub fn observe(&mut self, judgement: &Judgement, reading: &Reading) -> Vec<Transition> {
        let mut out = Vec::new();
        if let Measure::Invalid { why } = &reading.measure {
            self.why_unread = Some(why.clone());
            return self.tick(judgement, reading.at);
        }
        if self.seen.is_some_and(|seen| reading.at.boot_ms < seen.boot_ms) {
            return out;
        }
        self.labels.clone_from(&reading.labels);
        self.drill.clone_from(&reading.drill);
        self.why_unread = None;
        // Holds that ended before this sample ended without it.
        out.extend(self.tick(judgement, reading.at));
        match &reading.measure {
            Measure::Retired { why } => out.extend(self.retire(judgement, reading.at, why)),
            Measure::Value(value) => out.extend(self.sampled(judgement, reading.at, Some(*value), None)),
            Measure::Trigger { value, reason } => {
                out.extend(self.sampled(judgement, reading.at, *value, Some(moves::Push::Approach(reason))));
            }
            Measure::Consequence { value, reason } => {
                out.extend(self.sampled(judgement, reading.at, *value, Some(moves::Push::Breach(reason))));
            }
            Measure::Invalid { .. } => {}
        }
        self.seen = Some(reading.at);
        out
    }

    /// A person called the count known until a date: quiet from here, loud again when it grows.
    pub fn acknowledge_baseline(
        &mut self,
        judgement: &Judgement,
        value: f64,
        until: Timestamp,
        reason: &str,
        now: Stamp,
    ) -> Vec<Transition> {
        self.baseline = Some(Baseline { value, until, reason: reason.to_owned() });
        if !matches!(self.phase, Phase::Approached { .. } | Phase::Receding { .. }) {
            return Vec::new();
        }
        let entry = self.proximity(judgement).unwrap_or(0.0);
        self.phase = Phase::Standing { entry, quiet_since: None };
        self.reasons = vec![format!("a person accepted {value} until {until}: {reason}")];
        vec![self.transition(judgement, EventKind::Standing, Physical::Standing, now)]
    }

    /// The newest valid value.
    pub(crate) fn value(&self) -> Option<f64> {
        self.samples.last().map(|sample| sample.value)
    }

    /// Where the newest value stands; for ordinals the table's closeness above the baseline.
    pub fn proximity(&self, judgement: &Judgement) -> Option<f64> {
        let value = self.value()?;
        Some(match judgement.scale {
            Scale::Limited(limits) => limits.proximity(value),
            Scale::Ordinal(family) => ordinal::closeness(family, self.above_baseline(value), self.growth()).0,
        })
    }

    fn above_baseline(&self, value: f64) -> f64 {
        let now = self.samples.last().map(|sample| sample.at.wall);
        let known = self.baseline.as_ref().filter(|baseline| now.is_some_and(|now| now < baseline.until));
        known.map_or(value, |baseline| (value - baseline.value).max(0.0))
    }

    /// How much the count rose within the kept samples.
    fn growth(&self) -> f64 {
        let first = self.samples.first().map_or(0.0, |sample| sample.value);
        self.value().map_or(0.0, |value| (value - first).max(0.0))
    }

    /// Keeps a sample; when full, every second one of the older half goes.
    pub(crate) fn keep(&mut self, at: Stamp, value: f64) {
        self.samples.push(Sample { at, value });
        if self.samples.len() > SAMPLES {
            let half = SAMPLES / 2;
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index > half || index % 2 == 0
            });
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
