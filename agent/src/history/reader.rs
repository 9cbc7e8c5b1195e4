//! Reads the past: of one signal, or an outline of all; also while the agent writes.
//!
//! The journal is read first, since what leaves it is behind it then; a reading that is found in both is taken once.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use nearmiss_agent_core::history::{Hour, Kept, Readings, Sample, Segment, Series, decode};
use nearmiss_shared::time::Timestamp;

use super::folder::{FINE, Folder, HOURS, read};

/// What the agent recorded. Where it recorded nothing, it is empty.
#[derive(Clone, Debug)]
pub struct Past(Folder);

/// All of one signal of one subject in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outline {
    /// All of it as one hour would tell it.
    pub whole: Option<Hour>,
    /// Single readings, and from when to when.
    pub readings: u64,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Since when there are hours, where there are.
    pub hourly_from: Option<Timestamp>,
}

/// What was read, and how many damaged frames were left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found<T> {
    pub items: T,
    pub damaged: u64,
}

impl Past {
    pub fn of(state: &Path) -> Self {
        Self(Folder::of(state))
    }

    /// Every reading of a signal of a subject, oldest first; of those before `since` maybe some.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn readings(
        &self,
        signal: &str,
        subject: &str,
        since: Option<Timestamp>,
    ) -> io::Result<Found<Vec<Sample>>> {
        let wanted = |one: &str, other: &str| one == signal && other == subject;
        let mut found: Found<Vec<Sample>> = Found::default();
        found.damaged = self.each(FINE, since, &wanted, &mut |kept: Readings| {
            found.items.extend(kept.into_values().flatten());
        })?;
        found.items.sort_by_key(|sample| sample.at);
        found.items.dedup_by_key(|sample| sample.at);
        Ok(found)
    }

    /// The readings of several signals from `since` on, by signal and subject, in one go over the files.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn several(
        &self,
        wanted: &dyn Fn(&str, &str) -> bool,
        since: Timestamp,
    ) -> io::Result<BTreeMap<Series, Vec<Sample>>> {
        let mut found: BTreeMap<Series, Vec<Sample>> = BTreeMap::new();
        self.each(FINE, Some(since), wanted, &mut |kept: Readings| {
            for (series, samples) in kept {
                let newer = samples.into_iter().filter(|sample| sample.at >= since);
                found.entry(series).or_default().extend(newer);
            }
        })?;
        Ok(found)
    }

    /// The hours of a signal of a subject, oldest first: of readings that are no longer kept.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn hours(&self, signal: &str, subject: &str) -> io::Result<Found<Vec<Hour>>> {
        let wanted = |one: &str, other: &str| one == signal && other == subject;
        let mut found: Found<Vec<Hour>> = Found::default();
        found.damaged = self.each(HOURS, None, &wanted, &mut |kept: BTreeMap<Series, Vec<Hour>>| {
            kept.into_values().flatten().for_each(|hour| hour.add(&mut found.items));
        })?;
        Ok(found)
    }

    /// What there is of every signal, or of the one that is named.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn outline(&self, signal: Option<&str>) -> io::Result<Found<BTreeMap<Series, Outline>>> {
        let wanted = |one: &str, _: &str| signal.is_none_or(|signal| signal == one);
        let mut found: Found<BTreeMap<Series, Outline>> = Found::default();
        let fine = self.each(FINE, None, &wanted, &mut |kept: Readings| {
            for (series, samples) in kept {
                let outline = found.items.entry(series).or_default();
                samples.into_iter().for_each(|sample| outline.reading(sample));
            }
        })?;
        let hourly = self.each(HOURS, None, &wanted, &mut |kept: BTreeMap<Series, Vec<Hour>>| {
            for (series, hours) in kept {
                let outline = found.items.entry(series).or_default();
                hours.into_iter().for_each(|hour| outline.hour(hour));
            }
        })?;
        found.damaged = fine + hourly;
        Ok(found)
    }

    /// Hands out what each file holds, the journal first; how many damaged frames there were. A file is passed over when
    /// the one behind it began before `since`.
    fn each<T: Kept>(
        &self,
        kind: &str,
        since: Option<Timestamp>,
        wanted: &dyn Fn(&str, &str) -> bool,
        take: &mut dyn FnMut(BTreeMap<Series, Vec<T>>),
    ) -> io::Result<u64> {
        let mut damaged = 0;
        let mut file = |path: &Path| -> io::Result<()> {
            let (kept, skipped) = decode(&read(path)?, wanted);
            damaged += skipped;
            take(kept);
            Ok(())
        };
        if kind == FINE {
            file(&self.0.journal())?;
        }
        let segments = self.0.segments(kind)?;
        let next = segments.iter().skip(1).map(|next| Some(next.since)).chain([None]);
        for (segment, next) in segments.iter().zip(next) {
            if since.zip(next).is_none_or(|(since, next)| next >= since) {
                file(&self.0.file(segment, kind))?;
            }
        }
        Ok(damaged)
    }

    /// Bytes of single readings.
    pub fn bytes(&self) -> u64 {
        self.0.journal_bytes() + self.size(FINE)
    }

    pub fn hourly_bytes(&self) -> u64 {
        self.size(HOURS)
    }

    /// The oldest single reading.
    pub fn since(&self) -> Option<Timestamp> {
        let journal = || {
            let (readings, _) = decode::<Sample>(&read(&self.0.journal()).ok()?, &|_, _| true);
            readings.values().flatten().map(|sample| sample.at).min()
        };
        self.first(FINE).or_else(journal)
    }

    pub fn hourly_since(&self) -> Option<Timestamp> {
        self.first(HOURS)
    }

    fn size(&self, kind: &str) -> u64 {
        self.0.segments(kind).unwrap_or_default().iter().map(|segment: &Segment| segment.bytes).sum()
    }

    fn first(&self, kind: &str) -> Option<Timestamp> {
        self.0.segments(kind).ok()?.first().map(|segment| segment.since)
    }
}

impl Outline {
    fn reading(&mut self, sample: Sample) {
        self.readings += 1;
        self.from = Some(self.from.map_or(sample.at, |from| from.min(sample.at)));
        self.until = Some(self.until.map_or(sample.at, |until| until.max(sample.at)));
        self.add(Hour::of(sample));
    }

    fn hour(&mut self, hour: Hour) {
        self.hourly_from = Some(self.hourly_from.map_or(hour.at, |from| from.min(hour.at)));
        self.add(hour);
    }

    fn add(&mut self, hour: Hour) {
        self.whole = Some(self.whole.map_or(hour, |whole| whole.and(hour)));
    }
}
