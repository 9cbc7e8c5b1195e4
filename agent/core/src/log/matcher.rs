//! All patterns of a host in one pass over blocks of lines; captures are taken only from lines that match.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobMatcher};
use regex::bytes::Regex;

use super::line;
use super::record::Records;
use super::search::Search;
use crate::rule::{LogRule, Rule};

/// A key longer than this is cut: it comes from outside.
const MAX_KEY: usize = 200;

/// The compiled patterns of a rule set, in its order.
#[derive(Debug)]
pub struct Matcher {
    search: Search,
    rules: Vec<Ruled>,
    /// Of the patterns behind those of the rules, the rule that each is the `then` of.
    thens: Vec<usize>,
}

#[derive(Debug)]
struct Ruled {
    rule: Rule,
    log: LogRule,
    journal: Vec<(String, GlobMatcher)>,
}

/// Where lines come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'s> {
    /// A path, or `journal:UNIT`.
    name: &'s str,
    /// Of an entry of the journal.
    fields: Option<&'s BTreeMap<String, String>>,
    /// Of a record: what begins it. Rules that ask for such records are about nothing else.
    begins: Option<&'s str>,
}

impl<'s> Source<'s> {
    /// An entry of the journal and its fields, or those of [`Matcher::journal_fields`].
    pub const fn journal(name: &'s str, fields: &'s BTreeMap<String, String>) -> Self {
        Self { name, fields: Some(fields), begins: None }
    }

    /// A record that begins so.
    pub const fn record(name: &'s str, begins: &'s str) -> Self {
        Self { name, fields: None, begins: Some(begins) }
    }

    /// Whether its lines were handed out before, by themselves.
    pub const fn is_record(&self) -> bool {
        self.begins.is_some()
    }
}

impl<'s> From<&'s str> for Source<'s> {
    fn from(name: &'s str) -> Self {
        Self { name, fields: None, begins: None }
    }
}

/// One rule's match of one line.
#[derive(Debug)]
pub struct Match<'m> {
    pub rule: &'m Rule,
    pub log: &'m LogRule,
    /// The `by` group's value, when the rule has one.
    pub by: Option<String>,
    /// The `distinct` group's value, when the rule has one.
    pub distinct: Option<String>,
    /// The rule's `then` matched, not its pattern: the line, cut.
    pub then: Option<String>,
    /// See [`Hit::times`].
    pub times: u64,
}

/// A rule that matches a line: what it took from the line is got when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'m, 'l> {
    ruled: &'m Ruled,
    pattern: &'m Regex,
    line: &'l [u8],
    is_then: bool,
}

/// What one block of lines came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    pub lines: u64,
    /// Of these, lines of which only the start was matched.
    pub cut: u64,
}

impl Matcher {
    /// Compiles the log rules. Patterns were validated when the rules were read.
    ///
    /// # Errors
    /// All patterns together are too large for one automaton.
    pub fn new(rules: &[(&Rule, &LogRule)]) -> Result<Self, regex::Error> {
        let mut patterns: Vec<&str> = rules.iter().map(|(_, log)| log.pattern.as_str()).collect();
        let mut thens = Vec::new();
        for (index, (_, log)) in rules.iter().enumerate() {
            if let Some(then) = &log.then {
                patterns.push(&then.pattern);
                thens.push(index);
            }
        }
        let rules = rules.iter().map(|(rule, log)| Ruled::new(rule, log)).collect();
        Ok(Self { search: Search::new(&patterns)?, rules, thens })
    }

    /// Hands out every rule that matches a line of `block` (whole lines with their ends) from `source`, in the
    /// order of the lines and then of the rules.
    pub fn scan<'s>(
        &self,
        source: impl Into<Source<'s>>,
        block: &[u8],
        each: &mut dyn FnMut(Hit<'_, '_>),
    ) -> Scanned {
        let source = source.into();
        let (lines, cut) = line::count(block);
        let asked: Vec<bool> = self.rules.iter().map(|ruled| ruled.is_about(source)).collect();
        self.search.matching(block, cut > 0, &mut |line, patterns| {
            let rule = |pattern: &usize| Some((*pattern, self.rule_of(*pattern)?));
            let about = patterns.iter().filter_map(rule).filter(|(_, rule)| asked.get(*rule) == Some(&true));
            about.filter_map(|(pattern, _)| self.hit(pattern, line)).for_each(&mut *each);
        });
        Scanned { lines, cut }
    }

    /// Every rule that matches this one line.
    pub fn matches<'m, 's>(&'m self, source: impl Into<Source<'s>>, line: &[u8]) -> Vec<Match<'m>> {
        let source = source.into();
        let hits = self.search.of_line(line).into_iter().filter_map(|index| self.hit(index, line));
        hits.filter(|hit| hit.ruled.is_about(source)).map(|hit| hit.take()).collect()
    }

    fn hit<'m, 'l>(&'m self, pattern: usize, line: &'l [u8]) -> Option<Hit<'m, 'l>> {
        let (ruled, is_then) = (self.rules.get(self.rule_of(pattern)?)?, pattern >= self.rules.len());
        Some(Hit { ruled, pattern: self.search.pattern(pattern)?, line, is_then })
    }

    fn rule_of(&self, pattern: usize) -> Option<usize> {
        match pattern.checked_sub(self.rules.len()) {
            None => Some(pattern),
            Some(then) => self.thens.get(then).copied(),
        }
    }

    /// See [`Search::is_fast`].
    #[cfg(test)]
    pub(super) fn is_fast(&self) -> bool {
        self.search.is_fast()
    }

    /// What makes records of the lines of the log named `source`, where rules about it say what begins one.
    pub fn records(&self, source: &str) -> Option<Records> {
        let begins = self.rules.iter().filter_map(|ruled| {
            let begins = ruled.log.begins.as_deref()?;
            ruled.is_about(Source::record(source, begins)).then_some(begins)
        });
        Records::new(begins.collect())
    }

    /// The fields of the journal's entries that rules ask about.
    pub fn journal_fields(&self) -> BTreeSet<String> {
        let asked = self.rules.iter().flat_map(|ruled| &ruled.journal);
        asked.map(|(name, _)| name.clone()).collect()
    }

    /// The names of all rules, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|ruled| ruled.rule.name.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Ruled {
    fn new(rule: &Rule, log: &LogRule) -> Self {
        // Globs were validated when the rules were read.
        let glob =
            |(name, glob): (&String, &String)| Some((name.clone(), Glob::new(glob).ok()?.compile_matcher()));
        let journal = log.journal.iter().filter_map(glob).collect();
        Self { rule: rule.clone(), log: log.clone(), journal }
    }

    fn is_about(&self, source: Source<'_>) -> bool {
        let has = |(name, glob): &(String, GlobMatcher)| {
            source.fields.and_then(|fields| fields.get(name)).is_some_and(|value| glob.is_match(value))
        };
        self.log.begins.as_deref() == source.begins
            && self.rule.subject.as_ref().is_none_or(|glob| glob.is_match(source.name))
            && self.journal.iter().all(has)
    }
}

impl<'m> Hit<'m, '_> {
    pub fn name(&self) -> &'m str {
        &self.ruled.rule.name
    }

    pub const fn line(&self) -> &[u8] {
        self.line
    }

    /// For how many lines it stands: a writer may say how often it said the same.
    pub fn times(&self) -> u64 {
        line::times(self.line)
    }

    /// It is the rule's `then`, which is no match of it.
    pub const fn is_then(&self) -> bool {
        self.is_then
    }

    /// What the rule wants of the line.
    pub fn take(&self) -> Match<'m> {
        let Ruled { rule, log, .. } = self.ruled;
        let wanted = log.by.is_some() || log.distinct.is_some();
        let captures = wanted.then(|| self.pattern.captures(self.line)).flatten();
        let group = |name: &Option<String>| {
            let found = captures.as_ref()?.name(name.as_ref()?)?;
            Some(String::from_utf8_lossy(found.as_bytes()).chars().take(MAX_KEY).collect())
        };
        let then = self.is_then.then(|| told(self.line));
        Match { rule, log, by: group(&log.by), distinct: group(&log.distinct), then, times: self.times() }
    }
}

/// The line for people.
fn told(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().filter(|letter| !letter.is_control()).take(MAX_KEY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleSet;

    fn told(rules: &str) -> Result<Matcher, String> {
        let text = format!("[[log]]\nname = \"r\"\npattern = 'denied'\n{rules}");
        let rules = RuleSet::parse(&[("r.toml".to_owned(), text)])
            .map_err(|faults| faults.iter().map(|fault| format!("{fault}; ")).collect::<String>())?;
        Ok(Matcher::new(&rules.log_rules()).unwrap())
    }

    #[test]
    fn a_rule_of_the_journals_fields_is_about_entries_that_have_them_all() {
        let fields = [("PRIORITY", "3"), ("_UID", "33"), ("CONTAINER_NAME", "web-1")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let entry = Source::journal("journal:web.service", &fields);
        for (rule, of_entry, of_file) in [
            ("", 1, 1),
            ("journal = { PRIORITY = \"[0-3]\" }", 1, 0),
            ("journal = { PRIORITY = \"[0-2]\" }", 0, 0),
            ("journal = { PRIORITY = \"[0-3]\", _UID = \"0\" }", 0, 0),
            ("journal = { CONTAINER_NAME = \"web-*\", _UID = \"33\" }", 1, 0),
            ("journal = { CONTAINER_ID = \"*\" }", 0, 0),
            ("match = \"journal:db.service\"\njournal = { PRIORITY = \"[0-3]\" }", 0, 0),
            ("match = \"journal:web.*\"\njournal = { PRIORITY = \"[0-3]\" }", 1, 0),
        ] {
            let matcher = told(rule).unwrap();
            assert_eq!(matcher.matches(entry, b"web: denied").len(), of_entry, "{rule}");
            assert_eq!(matcher.matches("/var/log/web.log", b"web: denied").len(), of_file, "{rule}");
        }
        let fields = told("journal = { _UID = \"0\", PRIORITY = \"3\" }").unwrap().journal_fields();
        assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["PRIORITY", "_UID"]);
    }

    #[test]
    fn what_makes_records_for_one_rule_leaves_the_others_their_lines() {
        let rules = "match = \"app.log\"\nbegins = '^2026-'\n[[log]]\nname = \"line\"\npattern = 'denied'\n";
        let matcher = told(rules).unwrap();
        let names = |source: Source<'_>| {
            let found = matcher.matches(source, b"2026- denied");
            found.iter().map(|found| found.rule.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("app.log".into()), ["line"]);
        assert_eq!(names(Source::record("app.log", "^2026-")), ["r"]);
        assert!(names(Source::record("app.log", "^x")).is_empty());
        assert!(matcher.records("app.log").is_some() && matcher.records("other.log").is_none());
    }

    #[test]
    fn what_is_no_field_or_no_glob_is_said_with_its_place() {
        for (rule, fault) in [
            ("journal = { priority = \"3\" }", "r.toml:4: `priority` is no field of the journal"),
            ("journal = { \"A=1,B\" = \"3\" }", "r.toml:4: `A=1,B` is no field of the journal"),
            ("journal = { PRIORITY = 3 }", "r.toml:4: `PRIORITY` is integer `3`"),
            ("journal = { PRIORITY = \"[\" }", "a glob of its values"),
            ("journal = \"sshd\"", "a table [journal] is expected"),
        ] {
            let told = told(rule).unwrap_err();
            assert!(told.contains(fault), "{rule}: {told}");
        }
    }
}
