//! A signal's distance to failure as people are told it: by `check`, by `status`, in an event.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::urgency::{Urgency, is_last_barrier};
use nearmiss_shared::vocabulary::{Category, Physical};
use nearmiss_shared::wire::v1::{Estimate, Resting};
use serde::{Deserialize, Serialize};

use crate::evaluator::{Failure, SignalState};
use crate::proximity::Limits;
use crate::reading::Stamp;
use crate::rule::Judgement;
use crate::signal::{Scale, spec};
use crate::{ordinal, plugin, reading};

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
    /// It is not read for now, for a reason that is no fault: the value is of `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting: Option<Resting>,
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
        Urgency {
            breached: self.state == Physical::Breached,
            no_redundancy: is_last_barrier(&self.signal, self.value),
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
        let limits = judgement.limits().filter(|_| !judgement.hazard);
        let ordinal = matches!(judgement.scale, Scale::Ordinal(_));
        let rate = self.rate(judgement).filter(|_| !ordinal && !judgement.hazard);
        let failure = self.time_to_failure(judgement, now).filter(|_| !judgement.hazard);
        Margin {
            signal: self.signal.clone(),
            subject: self.subject.clone(),
            category: judgement.category,
            value: self.value(),
            unit: self.unit(judgement).to_owned(),
            normal: limits.map(|limits| limits.normal).or(ordinal.then_some(0.0)),
            approach: limits.map(|limits| limits.approach),
            critical: limits.map(|limits| limits.critical),
            limit: limits.map(|limits| limits.limit),
            ordinal,
            proximity: self.proximity(judgement).filter(|_| !judgement.hazard),
            rate_per_hour: rate.map(|rate| Estimate {
                estimate: rate.estimate,
                low: Some(rate.low),
                high: Some(rate.high),
            }),
            time_to_failure_seconds: failure.map(estimate),
            state: self.physical(),
            reasons: self.told_reasons(judgement, now),
            blips: self.blips,
            at: self.memory.last().map(|sample| sample.at.wall),
            resting: self.resting(),
            labels: self.labels.clone(),
            tick: judgement.approach(),
            response_seconds: judgement.response.as_seconds(),
        }
    }

    /// A dark signal tells how long it is silent by now, and what was heard last of why.
    fn told_reasons(&self, judgement: &Judgement, now: Stamp) -> Vec<String> {
        match self.physical() {
            Physical::Dark => self.silence(now).into_iter().collect(),
            Physical::Normal => {
                vec![self.told_resting(judgement, now).unwrap_or_else(|| self.told(judgement))]
            }
            _ => self.reasons.iter().cloned().chain(self.told_resting(judgement, now)).collect(),
        }
    }

    /// The signal's unit, or the one that the subject itself brings where the signal has none.
    fn unit<'s>(&'s self, judgement: &Judgement) -> &'s str {
        let own = || self.labels.get(reading::UNIT).map_or("", String::as_str);
        if judgement.unit.is_empty() { own() } else { judgement.unit }
    }

    /// The value in words: `8.1 % (limit at 0 %, approach at 15 %)`; before the first one, why there is none.
    pub(crate) fn told(&self, judgement: &Judgement) -> String {
        self.told_with(judgement, "")
    }

    /// The same with `more` about it, before what the subject says of itself, which may be long.
    pub(crate) fn told_with(&self, judgement: &Judgement, more: &str) -> String {
        let Some(value) = self.value() else {
            return self.why_unread.clone().unwrap_or_else(|| "no value yet".to_owned());
        };
        let unit = self.unit(judgement);
        let said = self.labels.get(reading::SAID).map_or_else(String::new, |said| format!(": {said}"));
        // What is called WARNING or CRITICAL has told its limits.
        if judgement.hazard {
            return format!(
                "{} ({}: a standing hazard, no case){more}{said}",
                number(value, unit),
                judgement.source
            );
        }
        let limits = judgement.limits().filter(|_| unit != "state").map(|limits| {
            let (limit, approach) = (number(limits.limit, unit), number(limits.approach, unit));
            format!(" (limit at {limit}, approach at {approach})")
        });
        format!("{}{}{more}{said}", number(value, unit), limits.unwrap_or_default())
    }
}

fn estimate(failure: Failure) -> Estimate {
    Estimate {
        estimate: failure.estimate.as_seconds(),
        low: Some(failure.soonest.as_seconds()),
        high: Some(failure.latest.as_seconds()),
    }
}

/// A value with its unit, as a person writes it: ratios as percent, bytes and seconds in the size that fits.
pub fn number(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => format!("{:.1} %", value * 100.0),
        "percent" => format!("{value:.1} %"),
        "celsius" => format!("{value:.0} °C"),
        "flag" => if value >= 0.5 { "yes" } else { "no" }.to_owned(),
        "state" => state(value).as_str().to_owned(),
        "bytes" => bytes(value),
        "seconds" => seconds(value),
        "hours" => seconds((value * 3600.0).round()),
        _ if value == 1.0 => format!("1 {}", singular(unit)).trim_end().to_owned(),
        _ if value.fract() == 0.0 => format!("{value:.0} {unit}").trim_end().to_owned(),
        _ => format!("{value:.2} {unit}").trim_end().to_owned(),
    }
}

/// One of a unit: `1 sector`, `1 process`, `1 match`.
fn singular(unit: &str) -> &str {
    let of_sibilant = ["sses", "ches", "shes", "xes"].iter().any(|end| unit.ends_with(end));
    if of_sibilant {
        unit.strip_suffix("es").unwrap_or(unit)
    } else if unit.ends_with("ss") || unit.ends_with("us") {
        unit
    } else {
        unit.strip_suffix('s').filter(|one| one.len() > 1).unwrap_or(unit)
    }
}

fn state(value: f64) -> plugin::State {
    match value {
        value if value >= 2.0 => plugin::State::Critical,
        value if value >= 1.0 => plugin::State::Warning,
        _ => plugin::State::Ok,
    }
}

/// In the binary unit that leaves at most four digits.
fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = value;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value.abs() >= 1024.0
        && let Some(larger) = units.next()
    {
        value /= 1024.0;
        unit = Some(larger);
    }
    let unit = unit.copied().unwrap_or_default();
    if value.fract() == 0.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// Short ones as a number, long ones as a span.
fn seconds(value: f64) -> String {
    match value.abs() {
        0.0 => "0 s".to_owned(),
        size if size < 1.0 => format!("{:.2} ms", value * 1000.0),
        size if size < 120.0 && value.fract() == 0.0 => format!("{value:.0} s"),
        size if size < 120.0 => format!("{value:.2} s"),
        _ => Span::from_seconds(value as i64).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_a_person_writes_it() {
        for (value, unit, told) in [
            (0.081, "ratio", "8.1 %"),
            (3.0, "sectors", "3 sectors"),
            (1.0, "sectors", "1 sector"),
            (1.0, "processes", "1 process"),
            (1.0, "matches", "1 match"),
            (1.0, "status", "1 status"),
            (1.0, "s", "1 s"),
            (1.0, "", "1"),
            (26.0, "hours", "1d 2h"),
            (0.5, "hours", "30m"),
            (1.357, "", "1.36"),
            (2.0, "", "2"),
            (1.0, "state", "WARNING"),
            (1536.0, "bytes", "1.5 KiB"),
            (270_552_530_944.0, "bytes", "252.0 GiB"),
            (0.008_521, "seconds", "8.52 ms"),
            (-0.5, "seconds", "-500.00 ms"),
            (90.0, "seconds", "90 s"),
            (2400.0, "seconds", "40m"),
        ] {
            assert_eq!(number(value, unit), told);
        }
    }
}
