//! Drives: each one's own report by smartctl, as text, judged by the core.
//!
//! A drive is who it says it is (model and serial); its device name is only where it was found. A sleeping drive
//! is not woken. Few drives are asked at once, each within its time. What smartctl printed is kept for evidence.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::smart;
use nearmiss_shared::time::Span;

use super::{Excuses, Readings};
use crate::clock::Clock;
use crate::evidence::{Captures, Report};

mod ask;
mod scan;

use ask::{Answer, Question};
use scan::Device;

pub(super) const NAME: &str = "disk";

/// Drives asked at once.
const AT_ONCE: usize = 4;

/// Watches every drive that speaks SMART.
#[derive(Debug)]
pub struct DiskProbe {
    config: DiskConfig,
    interval: Span,
    captures: Captures,
    /// Who was last found at a device, with the signals it has.
    found: BTreeMap<String, Found>,
    excuses: Excuses,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    subject: String,
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

    pub fn interval(&self) -> Span {
        self.interval
    }

    /// Asks every drive once.
    pub async fn read(&mut self, clock: &Clock) -> Readings {
        let (devices, mut excuses) = self.devices().await;
        let questions = devices.into_iter().map(|device| {
            let question = Question::new(&self.config, &device);
            async move { (device, question.ask().await) }
        });
        let mut answers: Vec<(Device, Answer)> =
            futures_util::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
        answers.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));

        let at = clock.stamp();
        let mut readings = Vec::new();
        let mut now_at: BTreeMap<String, Found> = BTreeMap::new();
        for (device, answer) in answers {
            match self.judge(&device, answer, at) {
                Ok(of_drive) => {
                    if let Some(found) = Found::of(&of_drive) {
                        now_at.insert(device.name, found);
                    }
                    readings.extend(of_drive);
                }
                Err(why) if self.found.contains_key(&device.name) => {
                    readings.extend(self.unread(&device.name, &why, at));
                }
                Err(why) => excuses.push(why),
            }
        }
        readings.extend(self.missed(&now_at, &readings, at));
        self.found.extend(now_at);
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
        self.captures.keep_report(&subject, Report { at: at.wall, method: answer.command, text });
        Ok(readings)
    }

    /// A drive that was here before and gave nothing now.
    fn unread(&self, device: &str, why: &str, at: Stamp) -> Vec<Reading> {
        let Some(found) = self.found.get(device) else { return Vec::new() };
        let invalid = |signal: &String| {
            Reading::of(signal, &found.subject, at, Measure::Invalid { why: why.to_owned() })
                .label("device", device)
        };
        found.signals.iter().map(invalid).collect()
    }

    /// Drives that another one has taken the place of are retired; drives that vanished are not read.
    fn missed(&mut self, now_at: &BTreeMap<String, Found>, readings: &[Reading], at: Stamp) -> Vec<Reading> {
        let here: BTreeSet<&str> = readings.iter().map(|reading| reading.subject.as_str()).collect();
        let mut missed = Vec::new();
        let mut replaced = Vec::new();
        for (device, before) in &self.found {
            if here.contains(before.subject.as_str()) {
                continue;
            }
            if let Some(now) = now_at.get(device) {
                let why = format!("{device} now holds {}", now.subject);
                missed.extend(before.signals.iter().map(|signal| {
                    Reading::of(signal, &before.subject, at, Measure::Retired { why: why.clone() })
                }));
                replaced.push(device.clone());
            } else {
                missed.extend(self.unread(device, &format!("{device} is gone"), at));
            }
        }
        for device in replaced {
            self.found.remove(&device);
        }
        missed
    }
}

impl Found {
    fn of(readings: &[Reading]) -> Option<Self> {
        let subject = readings.first()?.subject.clone();
        Some(Self { subject, signals: readings.iter().map(|reading| reading.signal.clone()).collect() })
    }
}

#[cfg(test)]
mod tests;
