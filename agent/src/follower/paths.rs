//! Which files are followed: the configured paths, patterns over a folder's names, and files that a rule names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use nearmiss_agent_core::config::LogConfig;
use nearmiss_agent_core::rule::{Rule, RuleSet};
use nearmiss_shared::time::{Span, Timestamp};

use super::checkpoint::Stored;
use super::folders::Folders;
use super::identity::{FileId, modified};
use super::tail::Tail;

mod pattern;

use pattern::{Pattern, is_pattern};

/// The paths of a configuration.
#[derive(Debug)]
pub(super) struct Paths {
    plain: BTreeSet<PathBuf>,
    /// By the pattern as written.
    patterns: BTreeMap<String, Pattern>,
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
        for path in config.paths.iter().chain(&config.programs) {
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
        if !is_pattern(text) {
            self.plain.insert(PathBuf::from(text));
        } else if let Some(pattern) = Pattern::new(Path::new(text)) {
            self.patterns.insert(text.to_owned(), pattern);
        }
    }

    /// The folders that patterns look into.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.patterns.values().flat_map(Pattern::folders)
    }

    /// The files to follow now. A pattern's first look is noted as its enrolment by [`Self::enrolled`].
    pub(super) fn wanted(&mut self, stored: &Stored, folders: &mut Folders, now_ms: u64) -> BTreeSet<Wanted> {
        let plain = self.plain.iter().map(|path| Wanted { path: path.clone(), from_start: false });
        let mut wanted: BTreeSet<Wanted> = plain.collect();
        let is_log = |path: &Path| self.plain.contains(path) || stored.positions(path).is_some();
        for (text, pattern) in &mut self.patterns {
            let from_start = stored.is_enrolled(text);
            let found = pattern.matching(folders, now_ms, &is_log).into_iter();
            let found = found.filter(|path| !self.plain.contains(path));
            wanted.extend(found.map(|path| Wanted { path, from_start }));
        }
        wanted
    }

    /// Why some of what patterns name is not followed.
    pub(super) fn excess(&self) -> Vec<String> {
        self.patterns.iter().filter_map(|(text, pattern)| pattern.excess(text)).collect()
    }

    /// Notes that every pattern was looked at.
    pub(super) fn enrolled(&self, stored: &mut Stored) {
        for pattern in self.patterns.keys() {
            stored.enrol(pattern);
        }
    }
}

/// Rules whose `match` is a glob that no followed file fits: none that the configuration names, and none that its patterns
/// find now.
pub(crate) fn unfollowed<'r>(config: &LogConfig, rules: &'r RuleSet) -> Vec<&'r Rule> {
    let mut paths = Paths::new(config, rules);
    let mut names: Vec<PathBuf> = paths.patterns.keys().map(PathBuf::from).collect();
    for pattern in paths.patterns.values_mut() {
        names.extend(pattern.matching(&mut Folders::default(), 0, &|path| paths.plain.contains(path)));
    }
    names.extend(paths.plain);
    let fits = |glob: &GlobMatcher| names.iter().any(|name| glob.is_match(name));
    let is_path = |glob: &GlobMatcher| glob.glob().glob().starts_with('/');
    let rules = rules.log_rules().into_iter().map(|(rule, _)| rule);
    rules.filter(|rule| rule.subject.as_ref().is_some_and(|glob| is_path(glob) && !fits(glob))).collect()
}

/// A log of the system's that was not written to for so long is left over from before the journal took its place.
const LEFT_OVER: Span = Span::from_days(7);

/// Whether the journal is followed: where a rule asks for it, and where none of the system's log files is written. What is in
/// both would be counted twice; what programs write to logs of their own is in neither.
pub(super) fn wants_journal(config: &LogConfig, rules: &RuleSet, now: Timestamp) -> bool {
    let is_asked = rules.log_rules().into_iter().any(|(rule, log)| {
        let names_it = |glob: &GlobMatcher| glob.glob().glob().starts_with("journal:");
        !log.journal.is_empty() || rule.subject.as_ref().is_some_and(names_it)
    });
    config.enabled && config.journal && (is_asked || !config.paths.iter().any(|path| is_written(path, now)))
}

/// Whether a log, or one that a pattern names, holds what the journal holds: a log of mail alone does not.
fn is_written(text: &str, now: Timestamp) -> bool {
    let path = Path::new(text);
    let is_fresh = |path: &Path| {
        let written = |metadata: fs::Metadata| Timestamp::from_millis(modified(&metadata) / 1_000_000);
        fs::metadata(path).is_ok_and(|metadata| now.since(written(metadata)) < LEFT_OVER)
    };
    if path.file_name().is_none_or(|name| name.to_string_lossy().starts_with("mail")) {
        return false;
    }
    if !is_pattern(text) {
        return is_fresh(path);
    }
    let found =
        Pattern::new(path).map(|mut pattern| pattern.matching(&mut Folders::default(), 0, &|_| false));
    found.into_iter().flatten().any(|path| is_fresh(&path))
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

#[cfg(test)]
mod tests {
    use nearmiss_agent_core::reading::Stamp;

    use super::*;

    #[test]
    fn a_web_servers_log_is_followed_beside_the_journal_and_takes_not_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        fs::write(place("error.log"), "").unwrap();
        fs::write(place("postgresql-15-main.log"), "").unwrap();
        let programs = vec![place("error.log"), place("postgresql-*.log")];
        let mut config = LogConfig { enabled: true, paths: vec![place("syslog")], programs, journal: true };
        let written = fs::metadata(place("error.log")).unwrap();
        let today = Timestamp::from_millis(modified(&written) / 1_000_000);
        assert!(wants_journal(&config, &RuleSet::default(), today));
        let now = Stamp { wall: Timestamp::from_millis(0), boot_ms: 0 };
        let stored = Stored::load(Vec::new(), "boot".to_owned(), now);
        let wanted = Paths::new(&config, &RuleSet::default()).wanted(&stored, &mut Folders::default(), 0);
        let names: Vec<&str> = wanted.iter().filter_map(|wanted| wanted.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["error.log", "postgresql-15-main.log", "syslog"]);
        fs::write(place("syslog"), "").unwrap();
        assert!(!wants_journal(&config, &RuleSet::default(), today));
        let in_a_month = today.plus(Span::from_days(30));
        assert!(wants_journal(&config, &RuleSet::default(), in_a_month), "nobody writes it any more");
        config.paths = vec![place("sys*")];
        assert!(!wants_journal(&config, &RuleSet::default(), today), "a pattern that names it");
        fs::write(place("maillog"), "").unwrap();
        config.paths = vec![place("maillog"), place("none-*")];
        assert!(wants_journal(&config, &RuleSet::default(), today), "mail is not all that is said");
        config.enabled = false;
        assert!(!wants_journal(&config, &RuleSet::default(), today));
    }
}
