//! A move that the collector hears of: what an event is made from.

use std::collections::BTreeMap;

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use nearmiss_shared::wire::MAX_SAMPLES;
use nearmiss_shared::wire::v1::{Estimate, RuleRef};

use super::{Measures, SignalState};
use crate::reading::Stamp;
use crate::rule::Judgement;
use crate::signal::Scale;

/// One move of one signal, with the numbers at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub kind: EventKind,
    /// The state after the move.
    pub to: Physical,
    pub at: Stamp,
    pub signal: String,
    pub subject: String,
    pub category: Category,
    pub rule: RuleRef,
    pub episode: u64,
    pub sequence: u64,
    pub value: Option<f64>,
    pub unit: String,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub critical: Option<f64>,
    pub limit: Option<f64>,
    pub ordinal: bool,
    pub proximity: Option<f64>,
    pub rate_per_hour: Option<Estimate>,
    pub time_to_failure_seconds: Option<Estimate>,
    /// How long the signal must stay back to be judged.
    pub hold: Span,
    pub measures: Option<Measures>,
    /// Milliseconds relative to `at` (<= 0), value; at most 200.
    pub samples: Vec<(i64, f64)>,
    pub reasons: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub drill: Option<String>,
}

impl Transition {
    /// Moves that freeze evidence: open, critical, failure, recovery.
    pub const fn freezes(&self) -> bool {
        matches!(
            self.kind,
            EventKind::Approached | EventKind::Worsened | EventKind::Breached | EventKind::Recovered
        )
    }
}

impl SignalState {
    /// The transition to `to` with the numbers as they stand; takes the next sequence number.
    pub(super) fn transition(
        &mut self,
        judgement: &Judgement,
        kind: EventKind,
        to: Physical,
        at: Stamp,
    ) -> Transition {
        self.sequence += 1;
        let margin = self.margin(judgement, at);
        Transition {
            kind,
            to,
            at,
            signal: self.signal.clone(),
            subject: self.subject.clone(),
            category: judgement.category,
            rule: judgement.rule.clone(),
            episode: self.episode,
            sequence: self.sequence,
            value: margin.value,
            unit: margin.unit,
            normal: margin.normal,
            approach: margin.approach,
            critical: margin.critical,
            limit: margin.limit,
            ordinal: matches!(judgement.scale, Scale::Ordinal(_)),
            proximity: margin.proximity,
            rate_per_hour: margin.rate_per_hour,
            time_to_failure_seconds: margin.time_to_failure_seconds,
            hold: judgement.hold,
            measures: self.measures(judgement, at),
            samples: self.curve(at),
            reasons: self.reasons.clone(),
            labels: self.labels.clone(),
            drill: self.drill.clone(),
        }
    }

    fn curve(&self, at: Stamp) -> Vec<(i64, f64)> {
        let newest = self.memory.newest(MAX_SAMPLES).iter();
        newest.map(|sample| (sample.at.boot_ms - at.boot_ms, sample.value)).collect()
    }
}
