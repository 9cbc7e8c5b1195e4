//! A signal's distance to failure as people are told it: by `check`, by `status`, in an event.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::urgency::Urgency;
use nearmiss_shared::vocabulary::{Category, Physical};
use nearmiss_shared::wire::v1::Estimate;
use serde::{Deserialize, Serialize};

use crate::evaluator::{Failure, SignalState};
use crate::ordinal;
use crate::proximity::Limits;
use crate::reading::Stamp;
use crate::rule::Judgement;
use crate::signal::{Scale, spec};

/// One signal's margin, in the shape of the contract's `check`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    pub signal: String,
    pub subject: String,
    pub category: Category,
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
    pub state: Physical,
    pub reasons: Vec<String>,
    /// How many times it was past approach and not confirmed.
    #[serde(default)]
    pub blips: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// Proximity of the approach level, for the bar's tick.
    #[serde(skip)]
    pub tick: f64,
    #[serde(skip)]
    pub response_seconds: f64,
}

impl Margin {
    /// Fills in what is not stored with a margin and follows from it: after reading one back.
    pub fn complete(&mut self) {
        let limits = [self.normal, self.approach, self.critical, self.limit];
        self.tick = match limits {
            [Some(normal), Some(approach), Some(critical), Some(limit)] => {
                Limits::new(normal, approach, critical, limit).proximity(approach)
            }
            _ => ordinal::APPROACH,
        };
        self.response_seconds = spec(&self.signal).map_or(0.0, |spec| spec.response.as_seconds());
    }

    /// The order of every list.
    pub fn urgency(&self) -> Urgency {
        let redundancy = matches!(self.signal.as_str(), "disk.redundancy") && self.value == Some(0.0);
        Urgency {
            breached: self.state == Physical::Breached,
            no_redundancy: redundancy,
            time_to_failure_seconds: self
                .time_to_failure_seconds
                .and_then(|time| time.low.or(Some(time.estimate))),
            response_seconds: self.response_seconds,
            proximity: self.proximity,
            approach: self.tick,
            ordinal: self.ordinal,
        }
    }
}

impl SignalState {
    /// The margin as it stands; the time to failure has run down since the newest sample.
    pub fn margin(&self, judgement: &Judgement, now: Stamp) -> Margin {
        let limits = judgement.limits();
        let ordinal = matches!(judgement.scale, Scale::Ordinal(_));
        let rate = self.rate(judgement).filter(|_| !ordinal);
        let failure = self.time_to_failure(judgement, now);
        Margin {
            signal: self.signal.clone(),
            subject: self.subject.clone(),
            category: judgement.category,
            value: self.value(),
            unit: judgement.unit.to_owned(),
            normal: limits.map(|limits| limits.normal).or(ordinal.then_some(0.0)),
            approach: limits.map(|limits| limits.approach),
            critical: limits.map(|limits| limits.critical),
            limit: limits.map(|limits| limits.limit),
            ordinal,
            proximity: self.proximity(judgement),
            rate_per_hour: rate.map(|rate| Estimate {
                estimate: rate.estimate,
                low: Some(rate.low),
                high: Some(rate.high),
            }),
            time_to_failure_seconds: failure.map(estimate),
            state: self.physical(),
            reasons: self.told_reasons(judgement),
            blips: self.blips,
            at: self.memory.last().map(|sample| sample.at.wall),
            labels: self.labels.clone(),
            tick: judgement.approach(),
            response_seconds: judgement.response.as_seconds(),
        }
    }

    fn told_reasons(&self, judgement: &Judgement) -> Vec<String> {
        if self.physical() == Physical::Normal { vec![self.told(judgement)] } else { self.reasons.clone() }
    }

    /// The value in words: `8.1 % free, approach at 15 %`.
    pub(crate) fn told(&self, judgement: &Judgement) -> String {
        let Some(value) = self.value() else { return "no value yet".to_owned() };
        match judgement.limits() {
            Some(limits) => format!(
                "{} ({} at {}, approach at {})",
                number(value, judgement.unit),
                "limit",
                number(limits.limit, judgement.unit),
                number(limits.approach, judgement.unit)
            ),
            None => number(value, judgement.unit),
        }
    }
}

fn estimate(failure: Failure) -> Estimate {
    Estimate {
        estimate: failure.estimate.as_seconds(),
        low: Some(failure.soonest.as_seconds()),
        high: Some(failure.latest.as_seconds()),
    }
}

/// A value with its unit, as a person writes it: ratios as percent.
pub fn number(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => format!("{:.1} %", value * 100.0),
        "percent" => format!("{value:.1} %"),
        "celsius" => format!("{value:.0} °C"),
        "flag" => if value >= 0.5 { "yes" } else { "no" }.to_owned(),
        _ if value.fract() == 0.0 => format!("{value:.0} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}
