//! The host itself: memory, swap, kills for want of memory, pressure, file handles, temperature, the clock.

use std::fs;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::{meminfo, oom, pressure};
use nearmiss_shared::time::Span;
use sysinfo::Components;

use crate::{Clock, Excuses, Probe, Readings};

mod time;

use time::Clockwatch;

const NAME: &str = "host";

/// Watches what every host has.
#[derive(Debug)]
pub struct HostProbe {
    interval: Span,
    sensors: Option<Components>,
    kills: oom::Kills,
    clock: Clockwatch,
    excuses: Excuses,
}

/// Either a sample or the reason why this host has none.
type Sample = Result<Reading, String>;

impl HostProbe {
    /// `asked` is how often the daemon that keeps the clock is asked.
    pub fn new(interval: Span, asked: Span) -> Self {
        Self {
            interval,
            sensors: None,
            kills: oom::Kills::default(),
            clock: Clockwatch::new(asked),
            excuses: Excuses::new(NAME),
        }
    }

    /// Looks once; all of it is answered by the kernel from memory, but for the sensors, which are drivers', and the
    /// clock.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let at = clock.stamp();
        let mut samples = memory(at);
        samples.push(file_handles(at));
        for resource in ["memory", "io", "cpu"] {
            samples.push(stall(resource, at));
        }
        samples.push(self.temperature(at));
        samples.push(self.oom_kills(at));
        let (mut readings, excuse) = self.clock.look(at).await;
        let mut excuses: Vec<String> = excuse.into_iter().collect();
        for sample in samples {
            match sample {
                Ok(reading) => readings.push(reading),
                Err(why) => excuses.push(why),
            }
        }
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    /// A kill is a trigger with its number; of kills before the first look only the count since boot is told.
    fn oom_kills(&mut self, at: Stamp) -> Sample {
        let counter =
            oom::parse(&read("/proc/vmstat")?).ok_or("this kernel does not count its kills (oom_kill)")?;
        let new = self.kills.count(counter, at.boot_ms);
        let value = self.kills.in_an_hour(at.boot_ms) as f64;
        let measure = match new {
            0 => Measure::Value(value),
            1 => Measure::Trigger {
                value: Some(value),
                reason: "the kernel killed a process for want of memory".to_owned(),
            },
            many => Measure::Trigger {
                value: Some(value),
                reason: format!("the kernel killed {many} processes for want of memory"),
            },
        };
        Ok(Reading::of("host.oom_kills", "", at, measure).label("since_boot", counter.to_string()))
    }

    /// The sensor that is nearest to its own critical level.
    fn temperature(&mut self, at: Stamp) -> Sample {
        const NONE: &str = "no temperature sensor is visible: on a virtual machine there is none";
        if self.sensors.is_none() {
            self.sensors = Components::new().ok();
        }
        let sensors = self.sensors.as_mut().ok_or(NONE)?;
        sensors.refresh(true);
        let sensors = sensors.iter().filter_map(|sensor| {
            let degrees = f64::from(sensor.temperature()?);
            let critical =
                sensor.critical().map(f64::from).filter(|critical| (60.0..150.0).contains(critical));
            (-50.0..200.0)
                .contains(&degrees)
                .then(|| (sensor.label().to_owned(), degrees, critical.unwrap_or(105.0)))
        });
        let hottest = sensors.max_by(|one, other| (one.1 / one.2).total_cmp(&(other.1 / other.2)));
        let (sensor, degrees, critical) = hottest.ok_or(NONE)?;
        let mut reading = Reading::value("host.temperature", "", at, degrees).label("sensor", sensor);
        reading.limits = Some(Limits::new(critical * 0.5, critical * 0.85, critical * 0.92, critical));
        Ok(reading)
    }
}

impl Probe for HostProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

fn memory(at: Stamp) -> Vec<Sample> {
    let memory = match read("/proc/meminfo").map(|text| meminfo::parse(&text)) {
        Ok(Some(memory)) => memory,
        Ok(None) => return vec![Err("/proc/meminfo has no MemTotal".to_owned())],
        Err(why) => return vec![Err(why)],
    };
    let value = |signal: &str, part: Option<f64>, absent: &str| {
        part.map(|part| Reading::value(signal, "", at, part)).ok_or_else(|| absent.to_owned())
    };
    vec![
        value("host.memory_available", memory.available_part(), "/proc/meminfo tells no memory"),
        value("host.swap_free", memory.swap_part(), "this host has no swap"),
    ]
}

fn file_handles(at: Stamp) -> Sample {
    let part = meminfo::file_handles_free(&read("/proc/sys/fs/file-nr")?);
    part.map(|part| Reading::value("host.file_handles_free", "", at, part))
        .ok_or_else(|| "/proc/sys/fs/file-nr tells no limit".to_owned())
}

/// Memory and storage count when every task waits; a processor never stalls every task, so some waiting counts,
/// over five minutes.
fn stall(resource: &str, at: Stamp) -> Sample {
    let path = format!("/proc/pressure/{resource}");
    let told = read(&path).ok().and_then(|text| pressure::parse(&text));
    let told = told.ok_or("this kernel tells no pressure (/proc/pressure): boot it with psi=1")?;
    let percent = if resource == "cpu" { told.some.avg300 } else { told.full.avg60 };
    Ok(Reading::value(&format!("host.{resource}_pressure"), "", at, percent))
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|fault| format!("{path} cannot be read: {fault}"))
}

#[cfg(test)]
mod tests {
    use nearmiss_agent_core::reading::Measure;
    use nearmiss_agent_core::signal::spec;

    use super::*;

    #[tokio::test]
    async fn this_host_tells_its_memory_and_says_once_what_it_has_not() {
        let mut probe = HostProbe::new(Span::from_seconds(15), Span::from_seconds(60));
        let clock = Clock::real();
        let first = probe.read(&clock).await;
        let memory = first.readings.iter().find(|reading| reading.signal == "host.memory_available").unwrap();
        assert!(matches!(memory.measure, Measure::Value(part) if part > 0.0 && part < 1.0), "{memory:?}");
        assert!(
            first
                .readings
                .iter()
                .all(|reading| spec(&reading.signal).is_some() && reading.subject.is_empty())
        );
        assert_eq!(probe.read(&clock).await.not_applicable, []);
    }
}
