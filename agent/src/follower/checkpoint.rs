//! What has to be stored so that a restart goes on where it stopped: one row a key, the last one counts.
//!
//! `log.file:PATH` holds how far a file is read, `log.pattern:GLOB` that a pattern of paths was enrolled, `log.journal` the
//! cursor of the journal, `log.record:PATH` the record of several lines that may still grow, and `log.window:["RULE","KEY"]` the
//! matches within one window. A row that cannot be read is left
//! out and its file enrolled anew: better once more from its end than never again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nearmiss_agent_core::log::{Held, Records, Window, Windows};
use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::journal::Place;
use super::tail::{Positions, Tail};

const FILE: &str = "log.file:";
const PATTERN: &str = "log.pattern:";
const RECORD: &str = "log.record:";
const WINDOW: &str = "log.window:";
const JOURNAL: &str = "log.journal";

/// One row, replacing the one of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub key: String,
    /// JSON, versioned by its shape: fields may be added. `None` removes the row.
    pub data: Option<String>,
}

/// A window with the boot that its instants are told in.
#[derive(Debug, Serialize, Deserialize)]
struct StoredWindow {
    boot_id: String,
    window: Window,
}

/// All that is stored, and what of it changed since it was last handed on.
#[derive(Debug)]
pub(super) struct Stored {
    boot_id: String,
    pub(super) windows: Windows,
    /// What is held of records, by log.
    held: BTreeMap<PathBuf, Held>,
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
            held: BTreeMap::new(),
            files: BTreeMap::new(),
            patterns: BTreeSet::new(),
            new_patterns: BTreeSet::new(),
            journal: None,
            journal_moved: false,
        };
        for Checkpoint { key, data } in checkpoints {
            let Some(data) = data else { continue };
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
        } else if let Some(path) = key.strip_prefix(RECORD) {
            self.held.insert(PathBuf::from(path), serde_json::from_str(data)?);
        } else if let Some(name) = key.strip_prefix(WINDOW) {
            let stored: StoredWindow = serde_json::from_str(data)?;
            let rebase = (stored.boot_id != self.boot_id).then_some(now);
            self.windows.restore(serde_json::from_str(name)?, stored.window, rebase);
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

    /// What was held of a log's records.
    pub(super) fn held(&self, path: &Path) -> &Held {
        static NOTHING: Held = Held::new();
        self.held.get(path).unwrap_or(&NOTHING)
    }

    /// The rows that changed since the last call.
    pub(super) fn changed(
        &mut self,
        tails: &BTreeMap<PathBuf, Tail>,
        records: &BTreeMap<PathBuf, Records>,
    ) -> Vec<Checkpoint> {
        let mut rows = Vec::new();
        for (path, records) in records {
            let held = records.held();
            if *self.held(path) != held {
                rows.extend(row(format!("{RECORD}{}", path.display()), Some(&held)));
                self.held.insert(path.clone(), held);
            }
        }
        for pattern in std::mem::take(&mut self.new_patterns) {
            rows.extend(row(format!("{PATTERN}{pattern}"), Some(&true)));
        }
        for (path, tail) in tails {
            let positions = tail.positions();
            if self.files.get(path) != Some(&positions) {
                rows.extend(row(format!("{FILE}{}", path.display()), Some(&positions)));
                self.files.insert(path.clone(), positions);
            }
        }
        if std::mem::take(&mut self.journal_moved) {
            rows.extend(row(JOURNAL.to_owned(), self.journal.as_ref()));
        }
        for (key, window) in self.windows.changed() {
            let Ok(name) = serde_json::to_string(&key) else { continue };
            let stored = window.map(|window| StoredWindow { boot_id: self.boot_id.clone(), window });
            rows.extend(row(format!("{WINDOW}{name}"), stored.as_ref()));
        }
        rows
    }
}

fn row<T: Serialize>(key: String, data: Option<&T>) -> Option<Checkpoint> {
    match data.map(serde_json::to_string).transpose() {
        Ok(data) => Some(Checkpoint { key, data }),
        Err(fault) => {
            warn!(key, %fault, "a checkpoint cannot be written");
            None
        }
    }
}
