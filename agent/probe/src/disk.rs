//! Drives: each one's own report by smartctl, as text, judged by the core.
//!
//! A drive is who it says it is (model and serial); its device name is only where it was found. A sleeping drive
//! is not woken. Few drives are asked at once, each within its time. What smartctl printed is kept for evidence.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::smart::{self, DriveState};
use nearmiss_shared::time::Span;

use crate::captures::{Captures, Report};
use crate::{Clock, Excuses, Known, Probe, Readings};

mod ask;
mod device;
mod found;
mod outlooks;
mod scan;

use ask::{Answer, Questions};
use device::Device;
use found::{Drives, labelled};
use outlooks::Outlooks;

const NAME: &str = "disk";

/// Drives asked at once.
const AT_ONCE: usize = 4;
/// A device that answers to no way of speaking is asked in all of them again after this.
const TRIED_AGAIN: Span = Span::from_hours(1);

/// Watches every drive that speaks SMART.
#[derive(Debug)]
pub struct DiskProbe {
    config: DiskConfig,
    interval: Span,
    captures: Captures,
    drives: Drives,
    outlooks: Outlooks,
    /// Places where no way of speaking gave a report, and when that was found.
    mute: BTreeMap<String, Stamp>,
    excuses: Excuses,
}

/// What became of one drive's report.
enum Looked {
    Read(Vec<Reading>),
    /// It sleeps: whatever drive was here is not missed.
    Asleep,
    Unread(String),
}

impl DiskProbe {
    pub fn new(config: &DiskConfig, interval: Span, captures: Captures) -> Self {
        Self {
            config: config.clone(),
            interval,
            captures,
            drives: Drives::default(),
            outlooks: Outlooks::default(),
            mute: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    /// Asks every drive once.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let (devices, mut excuses) = self.devices().await;
        let answers = self.ask(devices, clock.stamp()).await;
        let at = clock.stamp();
        let mut read = Vec::new();
        let mut unread = Vec::new();
        for answer in answers {
            self.note_mute(&answer, at);
            let (device, place) = (answer.device.clone(), answer.device.place());
            let (measure, why) = match self.judge(answer, at) {
                Looked::Read(readings) => {
                    read.push((device, readings));
                    continue;
                }
                Looked::Asleep => (
                    Measure::Resting { why: "asleep".to_owned() },
                    format!("{place} sleeps and was never seen awake: it is not woken"),
                ),
                Looked::Unread(why) => (Measure::Invalid { why: why.clone() }, why),
            };
            match self.drives.all_at(&place, &measure, at) {
                nobody if nobody.is_empty() => excuses.push(why),
                readings => unread.extend(readings),
            }
        }
        let missed = self.drives.take_in(&read, &unread, at, &self.captures);
        self.outlooks.keep(|subject| self.drives.has(subject));
        let read = read.into_iter().flat_map(|(_, readings)| readings);
        let readings = read.chain(unread).chain(missed).collect();
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    /// A few at once, each within its time; in the order of their places.
    async fn ask(&self, devices: Vec<Device>, now: Stamp) -> Vec<Answer> {
        let questions = Questions::new(&self.config).await;
        let asked = devices.iter().map(|device| {
            let worked = self.drives.kind_at(device, &devices);
            let all = self.mute.get(&device.place()).is_none_or(|since| now.since(*since) >= TRIED_AGAIN);
            questions.ask(device.clone(), worked, all)
        });
        let asked: Vec<_> = asked.collect();
        let mut answers: Vec<Answer> =
            futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        answers.sort_by_cached_key(|answer| answer.device.place());
        answers
    }

    fn note_mute(&mut self, answer: &Answer, at: Stamp) {
        let place = answer.device.place();
        if answer.in_vain {
            self.mute.insert(place, at);
        } else if self.mute.get(&place).is_some_and(|since| at.since(*since) >= TRIED_AGAIN) {
            self.mute.remove(&place);
        }
    }

    /// The drives to ask, and why there are none.
    async fn devices(&self) -> (Vec<Device>, Vec<String>) {
        let asks_by_name = self.config.command.iter().any(|word| word.contains("{device}"));
        if !self.config.devices.is_empty() {
            let configured = self.config.devices.iter();
            return (configured.map(|words| Device::configured(words)).collect(), Vec::new());
        }
        if !asks_by_name {
            return (vec![Device::named(&self.config.command.join(" "))], Vec::new());
        }
        let (devices, refused) = scan::scan(&self.config).await;
        if devices.is_empty() && refused.is_empty() {
            let why = "no drive that speaks SMART was found: on a virtual machine watch the host below it";
            return (devices, vec![why.to_owned()]);
        }
        (devices, refused)
    }

    fn judge(&mut self, answer: Answer, at: Stamp) -> Looked {
        let device = answer.device;
        let text = match answer.text {
            Ok(text) => text,
            Err(why) => return Looked::Unread(why),
        };
        let Ok(report) = smart::parse(&text) else {
            return Looked::Unread(scan::refusal(&device.name, &text));
        };
        if report.asleep {
            return Looked::Asleep;
        }
        if report.lacks_smart() {
            return Looked::Unread(scan::without_smart(&device.name, report.model.as_deref()));
        }
        let Some(subject) = report.subject() else {
            return Looked::Unread(scan::refusal(&device.name, &text));
        };
        let mut readings = smart::readings(&report, at);
        readings.extend(self.outlooks.reading(&report, &readings, at));
        let readings = readings.into_iter().map(|reading| labelled(reading, &device)).collect();
        if !smart::is_member(&device.kind) {
            let near = matches!(report.state(), DriveState::Approaching | DriveState::Failing);
            self.captures.keep_near(&device.name, near.then_some(subject.as_str()));
        }
        self.captures.keep_report(&subject, Report { at: at.wall, method: answer.command, text });
        Looked::Read(readings)
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
        self.drives.take_up(known);
        self.outlooks.take_up(known);
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
