//! What the files of one place of backups amount to: the newest complete one, its age, and its size beside the
//! ones before it.
//!
//! What must be known after a restart travels in the labels of `backup.age` and `backup.verified_age`.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};

use crate::reading::{Measure, Reading, Stamp};
use crate::rule::BackupRule;

const AGE: &str = "backup.age";
const VERIFIED_AGE: &str = "backup.verified_age";
const SIZE_RATIO: &str = "backup.size_ratio";

/// A file that was written to since is not complete yet.
const SETTLED: Span = Span::from_minutes(1);
/// How the unfinished files of the usual tools end.
const UNFINISHED: [&str; 5] = [".part", ".partial", ".tmp", ".filepart", ".incomplete"];
/// Sizes that are remembered, the newest among them.
const SIZES: usize = 8;
/// So many earlier sizes make a usual one.
const USUAL: usize = 3;

/// A file of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    pub path: String,
    pub size: u64,
    pub modified: Timestamp,
}

impl BackupFile {
    /// Not empty, not unfinished by its name, and not written to for a while. One of the future is nothing to go by.
    fn is_complete(&self, now: Timestamp) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let unfinished = name.starts_with('.') || UNFINISHED.iter().any(|end| name.ends_with(end));
        self.size > 0 && !unfinished && now.since(self.modified) >= SETTLED
    }
}

/// One place of backups between looks.
#[derive(Clone, Debug, Default)]
pub struct BackupPlace {
    newest: Option<Newest>,
    /// Instant and bytes of the last backups, oldest first.
    sizes: BTreeMap<Timestamp, u64>,
    verified: Verified,
}

#[derive(Clone, Debug)]
struct Newest {
    path: String,
    modified: Timestamp,
}

/// What verifying came to.
#[derive(Clone, Debug, Default)]
struct Verified {
    /// When the newest backup that was found good was made.
    backup: Option<Timestamp>,
    checked: Option<Timestamp>,
    failed_by: Option<String>,
}

impl BackupPlace {
    /// As it was before a restart, by the labels of a signal's last reading.
    pub fn resume(&mut self, signal: &str, labels: &BTreeMap<String, String>) {
        let instant = |name: &str| labels.get(name).and_then(|text| text.parse::<Timestamp>().ok());
        match signal {
            AGE => {
                let path = labels.get("newest").cloned().unwrap_or_default();
                self.newest = instant("made").map(|modified| Newest { path, modified });
                self.sizes = labels.get("sizes").map(|text| sizes(text)).unwrap_or_default();
            }
            VERIFIED_AGE => {
                let failed_by = labels.get("failed_by").cloned();
                self.verified =
                    Verified { backup: instant("verified"), checked: instant("checked"), failed_by };
            }
            _ => {}
        }
    }

    /// The readings of one look at the place.
    pub fn judge(&mut self, rule: &BackupRule, files: &[BackupFile], at: Stamp) -> Vec<Reading> {
        let mut complete: Vec<&BackupFile> = files.iter().filter(|file| file.is_complete(at.wall)).collect();
        complete.sort_by_key(|file| file.modified);
        let good = complete.iter().rev().find(|file| file.size >= rule.min_bytes);
        let small = complete.last().filter(|last| last.size < rule.min_bytes);
        let age = match good {
            Some(good) => {
                self.newest = Some(Newest { path: good.path.clone(), modified: good.modified });
                let hours = at.wall.since(good.modified).as_hours();
                small.map_or(Measure::Value(hours), |small| Measure::Trigger {
                    value: Some(hours),
                    reason: too_small(small, rule),
                })
            }
            None => self.nothing(rule, small.copied(), files.len(), at),
        };
        self.remember(&complete);
        let mut readings = vec![self.age(rule, age, at)];
        // Files of one folder may be of many kinds; those of a glob are meant to be alike.
        let alike = rule.path.contains(['*', '?', '[', '{'])
            || files.first().is_some_and(|file| file.path == rule.path);
        readings.extend(
            self.size_ratio()
                .filter(|_| alike)
                .map(|ratio| Reading::value(SIZE_RATIO, &rule.path, at, ratio)),
        );
        readings.extend(self.verified_age(rule, at));
        readings
    }

    /// Backups that were there and are not any more are a failure; a place that was always empty may be new.
    fn nothing(&self, rule: &BackupRule, small: Option<&BackupFile>, files: usize, at: Stamp) -> Measure {
        match &self.newest {
            Some(last) => Measure::Consequence {
                value: Some(at.wall.since(last.modified).as_hours()),
                reason: format!("no backup is left at {}; the last was {}", rule.path, last.path),
            },
            None => {
                let none = || match files {
                    0 => format!("no backup lies at {}", rule.path),
                    files => format!(
                        "no complete backup lies at {}: {files} there are empty, unfinished or written this minute",
                        rule.path
                    ),
                };
                let reason = small.map_or_else(none, |small| too_small(small, rule));
                Measure::Trigger { value: None, reason }
            }
        }
    }

    fn age(&self, rule: &BackupRule, measure: Measure, at: Stamp) -> Reading {
        let mut reading = Reading::of(AGE, &rule.path, at, measure);
        reading.limits = Some(rule.age_levels());
        if let Some(newest) = &self.newest {
            reading =
                reading.label("newest", newest.path.as_str()).label("made", newest.modified.to_string());
        }
        let sizes: Vec<String> =
            self.sizes.iter().map(|(made, size)| format!("{}:{size}", made.as_millis())).collect();
        if sizes.is_empty() { reading } else { reading.label("sizes", sizes.join(" ")) }
    }

    fn remember(&mut self, complete: &[&BackupFile]) {
        self.sizes.extend(complete.iter().map(|file| (file.modified, file.size)));
        while self.sizes.len() > SIZES {
            self.sizes.pop_first();
        }
    }

    /// The newest size as a part of the median of those before it; `None` while too few are known.
    fn size_ratio(&self) -> Option<f64> {
        let (_, newest) = self.sizes.last_key_value()?;
        let mut before: Vec<u64> = self.sizes.values().rev().skip(1).copied().collect();
        if before.len() < USUAL {
            return None;
        }
        before.sort_unstable();
        before.get(before.len() / 2).map(|usual| *newest as f64 / *usual as f64)
    }

    /// The instant of the newest backup when it is time to verify it.
    pub fn to_verify(&self, rule: &BackupRule, now: Timestamp) -> Option<Timestamp> {
        let every = rule.verify.as_ref()?.every;
        let due = self.verified.checked.is_none_or(|checked| now.since(checked) >= every);
        self.newest.as_ref().filter(|_| due).map(|newest| newest.modified)
    }

    /// Verifying has ended: well, or with what it said.
    pub fn verified(&mut self, backup: Timestamp, outcome: Result<(), String>, now: Timestamp) {
        self.verified.checked = Some(now);
        self.verified.failed_by = outcome.err();
        if self.verified.failed_by.is_none() {
            self.verified.backup = Some(backup);
        }
    }

    /// Nothing until verifying has ended once. While it fails the last good one goes on ageing.
    fn verified_age(&self, rule: &BackupRule, at: Stamp) -> Option<Reading> {
        let checked = rule.verify.as_ref().and(self.verified.checked)?;
        let age = self.verified.backup.map(|backup| at.wall.since(backup).as_hours());
        let measure = match (&self.verified.failed_by, age) {
            (Some(why), age) => Measure::Trigger { value: age, reason: format!("verifying failed: {why}") },
            (None, Some(age)) => Measure::Value(age),
            (None, None) => return None,
        };
        let mut reading =
            Reading::of(VERIFIED_AGE, &rule.path, at, measure).label("checked", checked.to_string());
        reading.limits = Some(rule.verified_levels());
        if let Some(backup) = self.verified.backup {
            reading = reading.label("verified", backup.to_string());
        }
        if let Some(why) = &self.verified.failed_by {
            reading = reading.label("failed_by", why.as_str());
        }
        Some(reading)
    }
}

fn sizes(text: &str) -> BTreeMap<Timestamp, u64> {
    let pair = |word: &str| {
        let (made, size) = word.split_once(':')?;
        Some((Timestamp::from_millis(made.parse().ok()?), size.parse().ok()?))
    };
    text.split(' ').filter_map(pair).take(SIZES).collect()
}

fn too_small(file: &BackupFile, rule: &BackupRule) -> String {
    format!("{} holds {} bytes, less than {}", file.path, file.size, rule.min_bytes)
}

#[cfg(test)]
mod tests;
