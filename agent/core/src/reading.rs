//! What a probe hands on: one measured fact about one subject at one instant.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::proximity::Limits;

/// One instant on a host. Durations are taken from boot time, which no clock step moves; the wall time is for
/// people. After a restart earlier instants may lie before boot, so boot time is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub wall: Timestamp,
    /// Milliseconds since boot (CLOCK_BOOTTIME).
    pub boot_ms: i64,
}

impl Stamp {
    /// The length from `earlier` to this instant, in boot time.
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_millis(self.boot_ms.saturating_sub(earlier.boot_ms))
    }

    /// This instant moved by `span` on both clocks.
    pub const fn plus(self, span: Span) -> Self {
        Self { wall: self.wall.plus(span), boot_ms: self.boot_ms.saturating_add(span.as_millis()) }
    }

    /// An instant of an earlier boot, told in boot time of `now`'s boot by way of the wall clock.
    pub const fn rebased(self, now: Self) -> Self {
        Self { wall: self.wall, boot_ms: now.boot_ms.saturating_sub(now.wall.since(self.wall).as_millis()) }
    }
}

/// What was found when looking.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// A valid sample in the signal's unit.
    Value(f64),
    /// A discrete trigger: the signal is near at once, whatever its level.
    Trigger { value: Option<f64>, reason: String },
    /// The failure itself was seen.
    Consequence { value: Option<f64>, reason: String },
    /// Looked and could not read: counts toward DARK, never as a value.
    Invalid { why: String },
    /// It is not read for a reason that is no fault (`asleep`): its last value stands, and it is not missed.
    Resting { why: String },
    /// The subject was removed or replaced.
    Retired { why: String },
}

/// The label that holds the unit of a subject whose signal has none of its own.
pub const UNIT: &str = "unit";
/// The label that holds what the subject says of itself: it is told beside its value.
pub const SAID: &str = "said";

/// One fact about one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Dotted name, of [`crate::signal`] or `log.RULE`.
    pub signal: String,
    pub subject: String,
    pub at: Stamp,
    pub measure: Measure,
    /// The subject's own limits (a drive's trip temperature, a unit's start limit); a rule's override them.
    pub limits: Option<Limits>,
    pub labels: BTreeMap<String, String>,
    /// The drill this reading was made for.
    pub drill: Option<String>,
}

impl Reading {
    /// A plain sample without labels.
    pub fn value(signal: &str, subject: &str, at: Stamp, value: f64) -> Self {
        Self::of(signal, subject, at, Measure::Value(value))
    }

    /// A reading without labels or own limits.
    pub fn of(signal: &str, subject: &str, at: Stamp, measure: Measure) -> Self {
        Self {
            signal: signal.to_owned(),
            subject: subject.to_owned(),
            at,
            measure,
            limits: None,
            labels: BTreeMap::new(),
            drill: None,
        }
    }

    /// The same reading with one more label.
    #[must_use]
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.insert(name.to_owned(), value.into());
        self
    }
}
