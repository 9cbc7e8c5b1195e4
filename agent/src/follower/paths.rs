//! Which files are followed: the configured paths, patterns over a folder's names, and files that a rule names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};
use nearmiss_agent_core::config::LogConfig;
use nearmiss_agent_core::rule::RuleSet;

use super::checkpoint::Stored;
use super::identity::FileId;
use super::siblings::looks_rotated;
use super::tail::Tail;

/// Files that one pattern may name.
const MAX_MATCHES: usize = 256;

/// The paths of a configuration.
#[derive(Debug)]
pub(super) struct Paths {
    plain: BTreeSet<PathBuf>,
    /// Folder and names, by the pattern as written.
    patterns: BTreeMap<String, (PathBuf, GlobMatcher)>,
}

/// A file that is to be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) path: PathBuf,
    /// It came after its pattern was enrolled.
    pub(super) from_start: bool,
}

impl Wanted {
    /// Whether it is only the old name's file under its new name, which is read there already.
    pub(super) fn is_rotated_from<'t>(&self, mut tails: impl Iterator<Item = &'t Tail>) -> bool {
        let Ok(metadata) = fs::metadata(&self.path) else { return false };
        let id = FileId::of(&metadata);
        tails.any(|tail| tail.holds(&id))
    }
}

impl Paths {
    pub(super) fn new(config: &LogConfig, rules: &RuleSet) -> Self {
        let mut paths = Self { plain: BTreeSet::new(), patterns: BTreeMap::new() };
        if !config.enabled {
            return paths;
        }
        for path in &config.paths {
            paths.add(path);
        }
        let named =
            rules.log_rules().into_iter().filter_map(|(rule, _)| Some(rule.subject.as_ref()?.glob().glob()));
        for path in named.filter(|path| path.starts_with('/') && !is_pattern(path)) {
            paths.add(path);
        }
        paths
    }

    fn add(&mut self, text: &str) {
        let path = Path::new(text);
        let (Some(folder), Some(names)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            return;
        };
        if !is_pattern(names) {
            self.plain.insert(path.to_owned());
        } else if let Ok(glob) = Glob::new(names) {
            self.patterns.insert(text.to_owned(), (folder.to_owned(), glob.compile_matcher()));
        }
    }

    /// The folders that patterns look into.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.patterns.values().map(|(folder, _)| folder.as_path())
    }

    /// The files to follow now. A pattern's first look is noted as its enrolment by [`Self::enrolled`].
    pub(super) fn wanted(&self, stored: &Stored) -> BTreeSet<Wanted> {
        let plain = self.plain.iter().map(|path| Wanted { path: path.clone(), from_start: false });
        let mut wanted: BTreeSet<Wanted> = plain.collect();
        for (pattern, (folder, names)) in &self.patterns {
            let from_start = stored.is_enrolled(pattern);
            let found = matching(folder, names).into_iter().filter(|path| !self.plain.contains(path));
            wanted.extend(found.map(|path| Wanted { path, from_start }));
        }
        wanted
    }

    /// Notes that every pattern was looked at.
    pub(super) fn enrolled(&self, stored: &mut Stored) {
        for pattern in self.patterns.keys() {
            stored.enrol(pattern);
        }
    }
}

fn matching(folder: &Path, names: &GlobMatcher) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let fits = |name: &str| names.is_match(name) && !looks_rotated(name);
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(fits))
        .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.is_file()))
        .map(|entry| entry.path())
        .take(MAX_MATCHES)
        .collect()
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// Whether the journal is followed: where a rule asks for it, and where none of the system's log files is there. What is in
/// both would be counted twice.
pub(super) fn wants_journal(config: &LogConfig, rules: &RuleSet) -> bool {
    let globs = rules.log_rules().into_iter().filter_map(|(rule, _)| rule.subject.as_ref());
    let is_asked = globs.map(|glob| glob.glob().glob()).any(|glob| glob.starts_with("journal:"));
    let is_file = |path: &String| is_pattern(path) || Path::new(path).exists();
    config.enabled && config.journal && (is_asked || !config.paths.iter().any(is_file))
}

/// Why the journal is not followed, and what to do.
pub(super) fn unread_journal(fault: &str) -> String {
    format!(
        "the journal is not followed: {fault}; reading it needs journalctl and the group systemd-journal, or name log files \
         in [probe.log] paths"
    )
}

/// Why a file is not followed, and what to do.
pub(super) fn unreadable(path: &str, fault: &str) -> String {
    if fault.contains("Permission denied") || fault.contains("permission denied") {
        return format!("{path} may not be read by this user: add it to the group that may (often `adm`)");
    }
    format!("{path} cannot be read: {fault}")
}
