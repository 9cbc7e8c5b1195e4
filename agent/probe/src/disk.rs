//! Drives: each one's own report by smartctl, as text, judged by the core.
//!
//! A drive is who it says it is (model and serial); its device name is only where it was found. A sleeping drive
//! is not woken. Few drives are asked at once, each within its time. What smartctl printed is kept for evidence.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::smart::{self, DriveState};
use nearmiss_shared::time::Span;

use crate::captures::{Captures, Report};
use crate::{Clock, Excuses, Known, Probe, Readings};

mod ask;
mod scan;

use ask::{Answer, ask, question};
use scan::Device;

const NAME: &str = "disk";

/// Drives asked at once.
const AT_ONCE: usize = 4;

/// Watches every drive that speaks SMART.
#[derive(Debug)]
pub struct DiskProbe {
    config: DiskConfig,
    interval: Span,
    captures: Captures,
    /// Every drive that was found and not replaced since, by its subject.
    found: BTreeMap<String, Found>,
    excuses: Excuses,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    /// Where it was last.
    device: String,
    signals: BTreeSet<String>,
}

impl DiskProbe {
    pub fn new(config: &DiskConfig, interval: Span, captures: Captures) -> Self {
        Self {
            config: config.clone(),
            interval,
            captures,
            found: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    /// A drive that was watched before a restart.
    fn take_up(&mut self, known: &Known) {
        let Some(device) = known.labels.get("device").filter(|_| known.signal.starts_with("disk.")) else {
            return;
        };
        let new = || Found { device: device.clone(), signals: BTreeSet::new() };
        let found = self.found.entry(known.subject.clone()).or_insert_with(new);
        found.signals.insert(known.signal.clone());
    }

    /// Asks every drive once.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let (devices, mut excuses) = self.devices().await;
        let questions = devices.into_iter().map(|device| {
            let question = question(&self.config, &device);
            async move { (device, ask(question).await) }
        });
        let mut answers: Vec<(Device, Answer)> =
            futures_util::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
        answers.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));

        let at = clock.stamp();
        let mut readings = Vec::new();
        let mut here = BTreeMap::new();
        for (device, answer) in answers {
            match self.judge(&device, answer, at) {
                Ok(of_drive) => {
                    here.extend(Found::of(&of_drive, &device.name));
                    readings.extend(of_drive);
                }
                Err(why) => match self.unread(&device.name, &why, at) {
                    unread if unread.is_empty() => excuses.push(why),
                    unread => readings.extend(unread),
                },
            }
        }
        readings.extend(self.missed(&here, &readings, at));
        self.found.extend(here);
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    /// The drives to ask, and why there are none.
    async fn devices(&self) -> (Vec<Device>, Vec<String>) {
        let asks_by_name = self.config.command.iter().any(|word| word.contains("{device}"));
        if !self.config.devices.is_empty() || !asks_by_name {
            let mut names = self.config.devices.clone();
            if names.is_empty() {
                names.push(self.config.command.join(" "));
            }
            return (names.into_iter().map(Device::named).collect(), Vec::new());
        }
        let (devices, refused) = scan::scan(&self.config).await;
        if devices.is_empty() && refused.is_empty() {
            let why = "no drive that speaks SMART was found: on a virtual machine watch the host below it";
            return (devices, vec![why.to_owned()]);
        }
        (devices, refused)
    }

    /// The readings of one drive, or why there are none.
    fn judge(&self, device: &Device, answer: Answer, at: Stamp) -> Result<Vec<Reading>, String> {
        let text = answer.text?;
        let report = match smart::parse(&text) {
            Ok(report) => report,
            Err(_) => return Err(scan::refusal(&device.name, &text)),
        };
        let mut readings = smart::readings(&report, at);
        for reading in &mut readings {
            reading.labels.insert("device".to_owned(), device.name.clone());
        }
        let Some(subject) = report.subject() else {
            let asleep = "the drive sleeps and was not woken";
            let why = if report.asleep { asleep.to_owned() } else { scan::refusal(&device.name, &text) };
            return Err(why);
        };
        let near = matches!(report.state(), DriveState::Approaching | DriveState::Failing);
        self.captures.keep_near(&device.name, near.then_some(subject.as_str()));
        self.captures.keep_report(&subject, Report { at: at.wall, method: answer.command, text });
        Ok(readings)
    }

    /// Drives that were last at this device and gave nothing now.
    fn unread(&self, device: &str, why: &str, at: Stamp) -> Vec<Reading> {
        let drives = self.found.iter().filter(|(_, found)| found.device == device);
        let invalid = || Measure::Invalid { why: why.to_owned() };
        drives.flat_map(|(subject, found)| found.readings(subject, &invalid(), at)).collect()
    }

    /// Drives that a new one has taken the place of are retired; drives that vanished are not read. A drive that was
    /// known elsewhere replaces none: names move up when a dead one is not found any more.
    fn missed(&mut self, here: &BTreeMap<String, Found>, readings: &[Reading], at: Stamp) -> Vec<Reading> {
        let told: BTreeSet<&str> = readings.iter().map(|reading| reading.subject.as_str()).collect();
        let new: BTreeMap<&str, &str> = here
            .iter()
            .filter(|(subject, _)| !self.found.contains_key(*subject))
            .map(|(subject, found)| (found.device.as_str(), subject.as_str()))
            .collect();
        let mut missed = Vec::new();
        self.found.retain(|subject, found| {
            if told.contains(subject.as_str()) {
                return true;
            }
            let device = &found.device;
            let successor = new.get(device.as_str());
            let measure = match successor {
                Some(now) => Measure::Retired { why: format!("{device} now holds {now}") },
                None => Measure::Invalid { why: format!("{device} is gone") },
            };
            missed.extend(found.readings(subject, &measure, at));
            successor.is_none()
        });
        missed
    }
}

impl Probe for DiskProbe {
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

impl Found {
    /// The drive that these readings are of, with its subject.
    fn of(readings: &[Reading], device: &str) -> Option<(String, Self)> {
        let subject = readings.first()?.subject.clone();
        let signals = readings.iter().map(|reading| reading.signal.clone()).collect();
        Some((subject, Self { device: device.to_owned(), signals }))
    }

    /// The same of each of its signals.
    fn readings(&self, subject: &str, measure: &Measure, at: Stamp) -> Vec<Reading> {
        let reading = |signal: &String| {
            Reading::of(signal, subject, at, measure.clone()).label("device", self.device.as_str())
        };
        self.signals.iter().map(reading).collect()
    }
}

#[cfg(test)]
mod tests;
