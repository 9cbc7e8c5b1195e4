//! The drives that were found and not replaced since: who is where, and how it is spoken to.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_agent_core::reading::{Measure, Reading, Stamp};

use super::device::Device;
use crate::{Captures, Known};

/// Every drive by its subject.
#[derive(Debug, Default)]
pub(super) struct Drives(BTreeMap<String, Found>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    /// Where it was last, and the type that worked.
    device: Device,
    signals: BTreeSet<String>,
    /// The drive that has taken its place, and the array that is not whole yet without it.
    replaced: Option<(String, String)>,
}

impl Drives {
    /// A drive that was watched before a restart.
    pub(super) fn take_up(&mut self, known: &Known) {
        let Some(name) = known.labels.get("device").filter(|_| known.signal.starts_with("disk.")) else {
            return;
        };
        let kind = known.labels.get("type").map_or("auto", String::as_str);
        let new =
            || Found { device: Device::named(name).of_kind(kind), signals: BTreeSet::new(), replaced: None };
        self.0.entry(known.subject.clone()).or_insert_with(new).signals.insert(known.signal.clone());
    }

    pub(super) fn has(&self, subject: &str) -> bool {
        self.0.contains_key(subject)
    }

    /// The type that worked for the drive which was here last. Where the scan knows none, also what worked for a drive that
    /// is at none of `here` any more: a bridge that was plugged in anew has another name.
    pub(super) fn kind_at(&self, device: &Device, here: &[Device]) -> Option<String> {
        let place = device.place();
        let is_here = |found: &&Found| here.iter().any(|other| other.place() == found.device.place());
        let last = self.0.values().find(|found| found.is_at(&place));
        let moved = || self.0.values().find(|found| device.kind == "auto" && !is_here(found));
        last.or_else(moved).map(|found| found.device.kind.clone())
    }

    /// The same of every signal of the drives that were last at `place`.
    pub(super) fn all_at(&self, place: &str, measure: &Measure, at: Stamp) -> Vec<Reading> {
        let drives = self.0.iter().filter(|(_, found)| found.is_at(place));
        drives.flat_map(|(subject, found)| found.readings(subject, measure, at)).collect()
    }

    /// Takes in what this look found at each device, and tells of the drives that it did not find. One that a new drive has
    /// taken the place of is retired once the array that it was in is whole; one that vanished is not read. A drive that
    /// was known elsewhere replaces none: names move up when a dead one is not found any more.
    pub(super) fn take_in(
        &mut self,
        read: &[(Device, Vec<Reading>)],
        told: &[Reading],
        at: Stamp,
        captures: &Captures,
    ) -> Vec<Reading> {
        let here: BTreeMap<String, Found> =
            read.iter().filter_map(|(device, readings)| Found::of(readings, device)).collect();
        let told: BTreeSet<&str> = told.iter().map(|reading| reading.subject.as_str()).collect();
        let new: BTreeMap<String, &str> = here
            .iter()
            .filter(|(subject, _)| !self.0.contains_key(*subject))
            .map(|(subject, found)| (found.device.place(), subject.as_str()))
            .collect();
        let mut missed = Vec::new();
        self.0.retain(|subject, found| {
            if here.contains_key(subject) || told.contains(subject.as_str()) {
                return true;
            }
            let measure = found.missed(new.get(&found.device.place()).copied(), captures);
            missed.extend(found.readings(subject, &measure, at));
            !matches!(measure, Measure::Retired { .. })
        });
        self.0.extend(here);
        missed
    }
}

impl Found {
    /// The drive that these readings are of, with its subject.
    fn of(readings: &[Reading], device: &Device) -> Option<(String, Self)> {
        let subject = readings.first()?.subject.clone();
        let signals = readings.iter().map(|reading| reading.signal.clone()).collect();
        Some((subject, Self { device: device.clone(), signals, replaced: None }))
    }

    /// Whether it is the drive that is expected there.
    fn is_at(&self, place: &str) -> bool {
        self.replaced.is_none() && self.device.place() == place
    }

    /// What it means that it is not there, where `new` is.
    fn missed(&mut self, new: Option<&str>, captures: &Captures) -> Measure {
        let place = self.device.place();
        let before = self.replaced.take();
        let Some(now) = new.map(str::to_owned).or_else(|| before.as_ref().map(|(now, _)| now.clone())) else {
            return Measure::Invalid { why: format!("{place} is gone") };
        };
        if let Some(array) = captures.not_whole(&self.device.name) {
            let why = format!("replaced, {array} is not whole yet");
            self.replaced = Some((now, array));
            return Measure::Resting { why };
        }
        let whole = before.map_or_else(String::new, |(_, array)| format!(", and {array} is whole again"));
        Measure::Retired { why: format!("{place} now holds {now}{whole}") }
    }

    /// The same of each of its signals.
    fn readings(&self, subject: &str, measure: &Measure, at: Stamp) -> Vec<Reading> {
        let reading =
            |signal: &String| labelled(Reading::of(signal, subject, at, measure.clone()), &self.device);
        self.signals.iter().map(reading).collect()
    }
}

/// Where it was read and how: found again after a restart.
pub(super) fn labelled(reading: Reading, device: &Device) -> Reading {
    reading.label("device", device.name.as_str()).label("type", device.kind.as_str())
}
