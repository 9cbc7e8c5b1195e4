//! Services: restarts left before systemd gives a unit up, and units that have failed; elsewhere, processes that
//! must run.
//!
//! A unit that was stopped on purpose is retired, not failed. Without systemd only the processes named in the
//! configuration are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::config::ServiceConfig;
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_shared::time::Span;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::{Clock, Excuses, Known, Probe, Readings};

mod restarts;
mod systemd;

use restarts::Restarts;
use systemd::{Systemd, Unit};

const NAME: &str = "service";

const ACTIVE: &str = "service.active";
const RESTARTS_LEFT: &str = "service.restarts_left";
const RUNNING: &str = "service.running";

/// Where systemd says that it is the one that runs (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";

/// Watches units, or processes where there are no units.
#[derive(Debug)]
pub struct ServiceProbe {
    config: ServiceConfig,
    interval: Span,
    /// The bus to ask; the system's own when `None`.
    address: Option<String>,
    systemd: Option<Systemd>,
    units: BTreeMap<String, Watched>,
    excuses: Excuses,
}

#[derive(Debug, Default)]
struct Watched {
    restarts: Restarts,
    was_up: bool,
}

impl ServiceProbe {
    pub fn new(config: &ServiceConfig, interval: Span) -> Self {
        Self {
            config: config.clone(),
            interval,
            address: None,
            systemd: None,
            units: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    /// A unit that was watched before a restart.
    fn take_up(&mut self, known: &Known) {
        if [ACTIVE, RESTARTS_LEFT].contains(&known.signal.as_str()) {
            self.units.entry(known.subject.clone()).or_default().was_up = true;
        }
    }

    /// Asks once.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let mut readings = Vec::new();
        let mut excuses = Vec::new();
        if self.address.is_some() || Path::new(BOOTED).exists() {
            match self.units().await {
                Ok(units) => readings.extend(self.judge(&units, clock.stamp())),
                Err(fault) => {
                    self.systemd = None;
                    let why = format!("systemd does not answer on the system bus: {fault}");
                    readings.extend(self.unread(&why, clock.stamp()));
                    excuses.push(why);
                }
            }
        } else if self.config.processes.is_empty() {
            excuses.push(
                "there is no systemd here: name the processes that must run in [probe.service] processes"
                    .to_owned(),
            );
        }
        readings.extend(self.running(clock.stamp()));
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    async fn units(&mut self) -> Result<Vec<Unit>, zbus::Error> {
        let systemd = match self.systemd.take() {
            Some(systemd) => systemd,
            None => Systemd::connect(self.address.as_deref(), &self.config.units).await?,
        };
        let units = systemd.units().await?;
        self.systemd = Some(systemd);
        Ok(units)
    }

    fn judge(&mut self, units: &[Unit], at: Stamp) -> Vec<Reading> {
        let mut readings = Vec::new();
        for unit in units {
            let watched = self.units.entry(unit.name.clone()).or_default();
            readings.extend(judge(unit, watched, at));
        }
        let loaded: BTreeSet<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        self.units.retain(|name, watched| {
            let stays = loaded.contains(name.as_str());
            if !stays && watched.was_up {
                readings.extend(retired(name, "the unit is not loaded any more", at));
            }
            stays
        });
        readings
    }

    fn unread(&self, why: &str, at: Stamp) -> Vec<Reading> {
        let invalid =
            |(name, _): (&String, _)| Reading::of(ACTIVE, name, at, Measure::Invalid { why: why.to_owned() });
        self.units.iter().filter(|(_, watched)| watched.was_up).map(invalid).collect()
    }

    /// The processes that must run, by the program's name.
    fn running(&self, at: Stamp) -> Vec<Reading> {
        if self.config.processes.is_empty() {
            return Vec::new();
        }
        let Ok(mut system) = System::new() else { return Vec::new() };
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        self.config.processes.iter().map(|name| process(name, &system, at)).collect()
    }
}

impl Probe for ServiceProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        self.take_up(known);
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

fn process(name: &str, system: &System, at: Stamp) -> Reading {
    // The kernel keeps the first 15 bytes of a program's name.
    let kept = name.get(..15).unwrap_or(name);
    let count = system.processes().values().filter(|process| process.name() == kept).count();
    let measure = match count {
        0 => Measure::Consequence { value: Some(0.0), reason: format!("no process named {name} runs") },
        _ => Measure::Value(1.0),
    };
    Reading::of(RUNNING, name, at, measure).label("processes", count.to_string())
}

/// The readings of one unit.
fn judge(unit: &Unit, watched: &mut Watched, at: Stamp) -> Vec<Reading> {
    watched.restarts.count(unit.restarts, at.boot_ms);
    let active = match unit.active.as_str() {
        "failed" => {
            let reason = format!("{} failed: {}", unit.name, unit.result);
            Measure::Consequence { value: Some(0.0), reason }
        }
        "inactive" if watched.was_up => {
            watched.was_up = false;
            return retired(&unit.name, "the unit was stopped in an orderly way", at).collect();
        }
        "inactive" => return Vec::new(),
        _ => Measure::Value(1.0),
    };
    watched.was_up = true;
    let failed = matches!(active, Measure::Consequence { .. });
    let mut readings = vec![Reading::of(ACTIVE, &unit.name, at, active)];
    // A burst or interval of 0 turns the limit off.
    if unit.burst > 0 && unit.interval_ms > 0 {
        let left = watched.restarts.left(unit.burst, unit.interval_ms, at.boot_ms);
        let gave_up = failed && (left < unit.burst || unit.result == "start-limit-hit");
        let measure = if gave_up {
            let reason = format!("systemd restarts {} no more: {}", unit.name, unit.result);
            Measure::Consequence { value: Some(0.0), reason }
        } else {
            Measure::Value(f64::from(left))
        };
        let burst = f64::from(unit.burst);
        let mut reading = Reading::of(RESTARTS_LEFT, &unit.name, at, measure);
        reading.limits = Some(Limits::new(burst, burst * 0.4, burst * 0.2, 0.0));
        readings.push(reading.label("start_limit_burst", unit.burst.to_string()));
    }
    readings
}

fn retired(unit: &str, why: &str, at: Stamp) -> impl Iterator<Item = Reading> {
    [ACTIVE, RESTARTS_LEFT]
        .into_iter()
        .map(move |signal| Reading::of(signal, unit, at, Measure::Retired { why: why.to_owned() }))
}

#[cfg(test)]
mod tests;
