//! Whether guarded files are what they were, or what a manifest says they should be.
//!
//! What files were is remembered in the labels of `integrity.changed`, so that a change while the agent was away is
//! found as well. A file that is what it was again deviates no more.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_shared::time::Timestamp;

use crate::proximity::Limits;
use crate::reading::{Measure, Reading, Stamp};
use crate::rule::{IntegrityMode, IntegrityRule};

pub mod manifest;

pub use manifest::Sums;

const CHANGED: &str = "integrity.changed";
/// Files whose content is remembered for one rule; more are guarded by a manifest.
pub const MAX_KEPT: usize = 64;
/// Deviations that are told by name.
const TOLD: usize = 3;
/// Labels of remembered files begin with this.
const FILE: &str = "file ";

/// A file's content as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub kept: Kept,
    /// The SHA-256 of its first bytes, as many as were asked for; of a shorter file none.
    pub beginning: Option<String>,
    pub modified: Timestamp,
}

/// What is remembered of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// 64 hexadecimal digits.
    pub sha256: String,
    pub bytes: u64,
    /// Ends of lines in it.
    pub rows: u64,
}

/// The files of one rule between looks.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// When the files were taken for what they should be; before that, nothing is known.
    taken: Option<Timestamp>,
    kept: BTreeMap<String, Kept>,
}

impl Guard {
    /// As it was before a restart, by the labels of its last reading.
    pub fn resume(&mut self, labels: &BTreeMap<String, String>) {
        self.taken = labels.get("taken").and_then(|text| text.parse().ok());
        let files =
            labels.iter().filter_map(|(name, text)| Some((name.strip_prefix(FILE)?, Kept::read(text)?)));
        self.kept = files.map(|(path, kept)| (path.to_owned(), kept)).collect();
    }

    /// How much of the file's beginning was there when it was read last: a record file must still begin so.
    pub fn beginning(&self, path: &str) -> Option<u64> {
        self.kept.get(path).map(|kept| kept.bytes)
    }

    /// The reading of one look at files that are to stay what they are, or to grow only.
    pub fn judge(&mut self, rule: &IntegrityRule, found: &BTreeMap<String, Content>, at: Stamp) -> Reading {
        if self.taken.is_none() && found.is_empty() {
            return invalid(rule, at, format!("no file lies at {}", rule.path));
        }
        if found.len() > MAX_KEPT {
            let why =
                format!("{} files lie at {}: name at most {MAX_KEPT}, or a manifest", found.len(), rule.path);
            return invalid(rule, at, why);
        }
        self.take(rule, found, at);
        let grows = rule.mode == IntegrityMode::AppendOnly;
        let mut deviations = Vec::new();
        for (path, content) in found {
            match self.kept.get(path) {
                Some(kept) if content.kept.sha256 == kept.sha256 => {}
                Some(kept) if grows => match content.grown_from(kept) {
                    Ok(()) => drop(self.kept.insert(path.clone(), content.kept.clone())),
                    Err(how) => deviations.push(format!("{path} {how}")),
                },
                Some(_) => deviations.push(format!("{path} was changed")),
                // A new record is begun; beside files that stay what they are a new one is not expected.
                None if grows => drop(self.kept.insert(path.clone(), content.kept.clone())),
                None => deviations.push(format!("{path} was not there")),
            }
        }
        let gone = self.kept.keys().filter(|path| !found.contains_key(*path));
        deviations.extend(gone.map(|path| format!("{path} is gone")));
        let files = self.kept.keys().chain(found.keys()).collect::<BTreeSet<_>>().len();
        let reading = told(rule, &deviations, files, at);
        let reading =
            self.taken.iter().fold(reading, |reading, taken| reading.label("taken", taken.to_string()));
        let label = |reading: Reading, (path, kept): (&String, &Kept)| {
            reading.label(&format!("{FILE}{path}"), kept.text())
        };
        self.kept.iter().fold(reading, label)
    }

    /// Takes what is there for what should be: at the first look, and once more when a person accepts it. What was
    /// written after the instant that was accepted was not.
    fn take(&mut self, rule: &IntegrityRule, found: &BTreeMap<String, Content>, at: Stamp) {
        let Some(taken) = self.taken else {
            self.taken = Some(at.wall);
            self.kept = found.iter().map(|(path, content)| (path.clone(), content.kept.clone())).collect();
            return;
        };
        let Some(accepted) = rule.accepted.filter(|accepted| *accepted > taken && *accepted <= at.wall)
        else {
            return;
        };
        self.taken = Some(at.wall);
        self.kept.retain(|path, _| found.contains_key(path));
        let known = found.iter().filter(|(_, content)| content.modified <= accepted);
        self.kept.extend(known.map(|(path, content)| (path.clone(), content.kept.clone())));
    }
}

/// The reading of one look at files that a manifest names.
pub fn judge_sums(
    rule: &IntegrityRule,
    sums: &Sums,
    found: &BTreeMap<String, Content>,
    at: Stamp,
) -> Reading {
    let deviation = |(path, sha256): (&String, &String)| match found.get(path) {
        None => Some(format!("{path} is gone")),
        Some(content) if content.kept.sha256 != *sha256 => {
            Some(format!("{path} is not what the manifest says"))
        }
        Some(_) => None,
    };
    let deviations: Vec<String> = sums.iter().filter_map(deviation).collect();
    told(rule, &deviations, sums.len(), at)
}

fn told(rule: &IntegrityRule, deviations: &[String], files: usize, at: Stamp) -> Reading {
    let count = deviations.len() as f64;
    let named = deviations.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    let measure = match deviations.len() {
        0 => Measure::Value(0.0),
        all if all > TOLD => {
            Measure::Trigger { value: Some(count), reason: format!("{named}; and {} more", all - TOLD) }
        }
        _ => Measure::Trigger { value: Some(count), reason: named },
    };
    let mut reading = Reading::of(CHANGED, &rule.path, at, measure).label("files", files.to_string());
    reading.limits = Some(Limits::new(0.0, 1.0, 1.0, files as f64 + 1.0));
    reading
}

fn invalid(rule: &IntegrityRule, at: Stamp, why: String) -> Reading {
    Reading::of(CHANGED, &rule.path, at, Measure::Invalid { why })
}

impl Content {
    fn grown_from(&self, kept: &Kept) -> Result<(), String> {
        if self.kept.bytes < kept.bytes {
            return Err(format!("was cut from {} to {} rows", kept.rows, self.kept.rows));
        }
        match &self.beginning {
            Some(beginning) if *beginning == kept.sha256 => Ok(()),
            _ => Err(format!("was changed within its first {} rows", kept.rows)),
        }
    }
}

impl Kept {
    fn text(&self) -> String {
        format!("{} {} bytes {} rows", self.sha256, self.bytes, self.rows)
    }

    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [sha256, bytes, "bytes", rows, "rows"] = words.as_slice() else { return None };
        Some(Self { sha256: (*sha256).to_owned(), bytes: bytes.parse().ok()?, rows: rows.parse().ok()? })
    }
}

#[cfg(test)]
mod tests;
