//! What has to be stored so that a restart goes on where it stopped: one row a key, the last one counts.
//!
//! `log.file:PATH` holds how far a file is read, `log.pattern:GLOB` that a pattern of paths was enrolled, and
//! `log.windows` the matches within their windows, `log.journal` the cursor of the journal. A row that cannot be read is left out and its file enrolled
//! anew: better once more from its end than never again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nearmiss_agent_core::log::Windows;
use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::journal::Place;
use super::tail::{Positions, Tail};

const FILE: &str = "log.file:";
const PATTERN: &str = "log.pattern:";
const WINDOWS: &str = "log.windows";
const JOURNAL: &str = "log.journal";

/// One row, replacing the one of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub key: String,
    /// JSON, versioned by its shape: fields may be added.
    pub data: String,
}

/// The windows with the boot that their instants are told in.
#[derive(Debug, Deserialize)]
struct StoredWindows {
    boot_id: String,
    windows: Windows,
}

#[derive(Debug, Serialize)]
struct StoredWindowsRef<'a> {
    boot_id: &'a str,
    windows: &'a Windows,
}

/// All that is stored, and what of it changed since it was last handed on.
#[derive(Debug)]
pub(super) struct Stored {
    boot_id: String,
    pub(super) windows: Windows,
    files: BTreeMap<PathBuf, Positions>,
    patterns: BTreeSet<String>,
    new_patterns: BTreeSet<String>,
    /// Where reading the journal goes on, and whether that is new.
    journal: Option<Place>,
    journal_moved: bool,
}

impl Stored {
    pub(super) fn load(checkpoints: Vec<Checkpoint>, boot_id: String, now: Stamp) -> Self {
        let mut stored = Self {
            boot_id,
            windows: Windows::default(),
            files: BTreeMap::new(),
            patterns: BTreeSet::new(),
            new_patterns: BTreeSet::new(),
            journal: None,
            journal_moved: false,
        };
        for Checkpoint { key, data } in checkpoints {
            if let Err(fault) = stored.take(&key, &data, now) {
                warn!(key, %fault, "a checkpoint cannot be read and is left out");
            }
        }
        stored
    }

    fn take(&mut self, key: &str, data: &str, now: Stamp) -> Result<(), serde_json::Error> {
        if let Some(path) = key.strip_prefix(FILE) {
            self.files.insert(PathBuf::from(path), serde_json::from_str(data)?);
        } else if let Some(pattern) = key.strip_prefix(PATTERN) {
            self.patterns.insert(pattern.to_owned());
        } else if key == JOURNAL {
            self.journal = Some(serde_json::from_str(data)?);
        } else if key == WINDOWS {
            let stored: StoredWindows = serde_json::from_str(data)?;
            self.windows = stored.windows;
            if stored.boot_id != self.boot_id {
                self.windows.rebase(now);
            }
        }
        Ok(())
    }

    pub(super) fn positions(&self, path: &Path) -> Option<&Positions> {
        self.files.get(path)
    }

    /// Whether a pattern of paths was enrolled before; from now on it is.
    pub(super) fn is_enrolled(&self, pattern: &str) -> bool {
        self.patterns.contains(pattern)
    }

    pub(super) fn enrol(&mut self, pattern: &str) {
        if self.patterns.insert(pattern.to_owned()) {
            self.new_patterns.insert(pattern.to_owned());
        }
    }

    /// Where reading the journal goes on; the first time, from `now` on.
    pub(super) fn journal(&mut self, now: Timestamp) -> Place {
        let stored = self.journal.clone();
        stored.unwrap_or_else(|| {
            self.read_journal(Place::Since(now));
            Place::Since(now)
        })
    }

    pub(super) fn read_journal(&mut self, to: Place) {
        self.journal = Some(to);
        self.journal_moved = true;
    }

    /// The rows that changed since the last call.
    pub(super) fn changed(&mut self, tails: &BTreeMap<PathBuf, Tail>, counted: bool) -> Vec<Checkpoint> {
        let mut rows = Vec::new();
        let row = |key: String, data: Result<String, serde_json::Error>| match data {
            Ok(data) => Some(Checkpoint { key, data }),
            Err(fault) => {
                warn!(key, %fault, "a checkpoint cannot be written");
                None
            }
        };
        for pattern in std::mem::take(&mut self.new_patterns) {
            rows.extend(row(format!("{PATTERN}{pattern}"), Ok("true".to_owned())));
        }
        for (path, tail) in tails {
            let positions = tail.positions();
            if self.files.get(path) != Some(&positions) {
                rows.extend(row(format!("{FILE}{}", path.display()), serde_json::to_string(&positions)));
                self.files.insert(path.clone(), positions);
            }
        }
        if std::mem::take(&mut self.journal_moved) {
            rows.extend(row(JOURNAL.to_owned(), serde_json::to_string(&self.journal)));
        }
        if counted {
            let windows = StoredWindowsRef { boot_id: &self.boot_id, windows: &self.windows };
            rows.extend(row(WINDOWS.to_owned(), serde_json::to_string(&windows)));
        }
        rows
    }
}
