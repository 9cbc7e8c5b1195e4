//! One service unit: whether it is up, how often it may still fail, how soon its watchdog bites.

use std::collections::BTreeMap;

use super::starts::{Hour, Pace, Past, Starts};
use super::{ACTIVE, Moment, RESTARTS, RESTARTS_LEFT, WATCHDOG_LEFT, retired};
use crate::proximity::Limits;
use crate::reading::{Measure, Reading, SAID, Stamp};

/// Labels of the restarts left, by which counting goes on after the agent's own restart.
const RESTARTED: &str = "restarts";
const COUNTED: &str = "starts_counted";

/// A unit's ActiveState, as far as it is told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// `active`, `reloading`, `refreshing`, and a state that a later systemd may add.
    Up,
    /// `activating`, which waits for a restart too.
    Starting,
    /// `deactivating`.
    Stopping,
    /// `inactive`, `maintenance`.
    Stopped,
    Failed,
}

impl From<&str> for Activity {
    fn from(word: &str) -> Self {
        match word {
            "activating" => Self::Starting,
            "deactivating" => Self::Stopping,
            "inactive" | "maintenance" => Self::Stopped,
            "failed" => Self::Failed,
            _ => Self::Up,
        }
    }
}

/// A unit's own watchdog (systemd.service(5), WatchdogSec=).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    pub patience_ms: i64,
    /// When it was last fed, in milliseconds of CLOCK_MONOTONIC.
    pub fed_ms: i64,
}

/// One service unit as systemd tells it (org.freedesktop.systemd1(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub name: String,
    pub activity: Activity,
    /// `success`, `exit-code`, `start-limit-hit`, ...
    pub result: String,
    /// NRestarts.
    pub restarts: u32,
    /// Whether systemd restarts it by itself (Restart= is not `no`).
    pub restarts_itself: bool,
    /// Milliseconds of CLOCK_MONOTONIC at the last start; `None` where it was never started.
    pub started_ms: Option<i64>,
    pub burst: u32,
    pub interval_ms: i64,
    /// RestartSec; 0 where it is not told.
    pub pause_ms: i64,
    /// `None` without one.
    pub watchdog: Option<Watchdog>,
}

impl Unit {
    const fn pace(&self) -> Pace {
        Pace { interval_ms: self.interval_ms, pause_ms: self.pause_ms }
    }
}

/// What is remembered of a unit from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    starts: Starts,
    /// When it was first looked at.
    first: Option<Stamp>,
    hour: Hour,
    was_up: bool,
    /// Restarts in the last hour were told: then their end is told too.
    flapped: bool,
    fed: Feeding,
}

/// What was last known of a unit's watchdog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Feeding {
    #[default]
    Unknown,
    Fed,
    /// It bit, and that was told.
    Bitten,
}

impl Watched {
    /// A unit that was up before the agent's own restart, by the labels of its restarts left.
    pub fn expected(&mut self, labels: &BTreeMap<String, String>) {
        self.was_up = true;
        let number = |name: &str| labels.get(name)?.parse().ok();
        let past = number(RESTARTED).zip(number(COUNTED));
        self.starts = Starts::after(past.map(|(restarts, used)| Past { restarts, used }));
    }

    pub const fn was_up(&self) -> bool {
        self.was_up
    }

    /// The readings of one look; none for a unit that has not run yet.
    pub fn judge(&mut self, unit: &Unit, now: Moment) -> Vec<Reading> {
        let started = unit.started_ms.map(|at| now.boot_ms(at));
        self.first.get_or_insert(now.at);
        let new = self.starts.count(unit.restarts, started, unit.pace(), now.at.boot_ms);
        self.hour.add(new, now.at.boot_ms);
        if unit.activity == Activity::Stopped {
            return self.stopped(unit, now);
        }
        self.was_up = true;
        let mut readings = vec![active(unit, now)];
        readings.extend(self.restarts_left(unit, now));
        readings.extend(self.flapping(unit, now));
        readings.extend(self.watchdog(unit, now));
        readings
    }

    fn stopped(&mut self, unit: &Unit, now: Moment) -> Vec<Reading> {
        if !self.was_up {
            return Vec::new();
        }
        self.was_up = false;
        self.gone(unit.name.as_str(), now, "the unit was stopped in an orderly way")
    }

    /// Every signal of this unit is over.
    pub fn gone(&mut self, name: &str, now: Moment, why: &str) -> Vec<Reading> {
        self.fed = Feeding::Unknown;
        self.flapped = false;
        [ACTIVE, RESTARTS_LEFT, RESTARTS, WATCHDOG_LEFT]
            .map(|signal| retired(signal, name, now.at, why))
            .into()
    }

    /// A burst or interval of 0 turns the limit off.
    fn restarts_left(&self, unit: &Unit, now: Moment) -> Option<Reading> {
        if !unit.restarts_itself || unit.burst == 0 || unit.interval_ms <= 0 {
            return None;
        }
        let measure = if unit.activity == Activity::Failed {
            let reason = format!("systemd restarts {} no more: {}", unit.name, unit.result);
            Measure::Consequence { value: Some(0.0), reason }
        } else {
            Measure::Value(f64::from(self.starts.left(unit.burst, unit.interval_ms, now.at.boot_ms)))
        };
        let mut reading = Reading::of(RESTARTS_LEFT, &unit.name, now.at, measure);
        reading.limits = limits(unit.burst);
        let counted = self.starts.used(unit.interval_ms, now.at.boot_ms);
        if let Some(first) = self.first
            && self.starts.is_bound(unit.interval_ms, now.at.boot_ms)
        {
            let said = format!("at least, there is no history of its restarts before {}", first.wall);
            reading = reading.label(SAID, said);
        }
        let labels = [("start_limit_burst", unit.burst), (RESTARTED, unit.restarts), (COUNTED, counted)];
        Some(labels.into_iter().fold(reading, |told, (name, count)| told.label(name, count.to_string())))
    }

    /// A slow crash loop never reaches a start limit: it is told by its restarts in an hour, once there were any.
    fn flapping(&mut self, unit: &Unit, now: Moment) -> Option<Reading> {
        let count = self.hour.count(now.at.boot_ms);
        self.flapped |= count > 0;
        self.flapped.then(|| Reading::value(RESTARTS, &unit.name, now.at, f64::from(count)))
    }

    fn watchdog(&mut self, unit: &Unit, now: Moment) -> Option<Reading> {
        let watchdog = unit.watchdog?;
        let told = |measure| Some(Reading::of(WATCHDOG_LEFT, &unit.name, now.at, measure));
        if unit.result == "watchdog" {
            let first = self.fed != Feeding::Bitten;
            self.fed = Feeding::Bitten;
            let reason = format!("the watchdog of {} bit: it was not fed in time", unit.name);
            return first.then(|| told(Measure::Consequence { value: Some(0.0), reason }))?;
        }
        if unit.activity != Activity::Up || watchdog.fed_ms <= 0 {
            return None;
        }
        self.fed = Feeding::Fed;
        let left = watchdog.fed_ms + watchdog.patience_ms - now.monotonic_ms;
        let part = (left as f64 / watchdog.patience_ms as f64).clamp(0.001, 1.0);
        let reading = told(Measure::Value(part))?;
        Some(reading.label("watchdog_seconds", (watchdog.patience_ms / 1000).to_string()))
    }
}

fn active(unit: &Unit, now: Moment) -> Reading {
    let measure = match unit.activity {
        Activity::Failed => {
            let reason = format!("{} failed: {}", unit.name, unit.result);
            Measure::Consequence { value: Some(0.0), reason }
        }
        _ => Measure::Value(1.0),
    };
    Reading::of(ACTIVE, &unit.name, now.at, measure)
}

/// Near at two fifths of the burst, and at the last failure in any case; a burst of one leaves no room to be near.
fn limits(burst: u32) -> Option<Limits> {
    let burst = f64::from(burst);
    let last = if burst >= 2.0 { 1.0 } else { 0.0 };
    let limits = Limits::new(burst, (burst * 0.4).max(last), (burst * 0.2).max(last), 0.0);
    Some(limits).filter(Limits::are_ordered)
}
