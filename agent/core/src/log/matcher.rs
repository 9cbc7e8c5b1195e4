//! All patterns of a host in one automaton; captures are taken only from lines that match.

use regex::bytes::{Regex, RegexSet};

use crate::rule::{LogRule, Rule};

/// A key longer than this is cut: it comes from outside.
const MAX_KEY: usize = 200;

/// The compiled patterns of a rule set, in its order.
#[derive(Debug)]
pub struct Matcher {
    set: RegexSet,
    rules: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    rule: Rule,
    log: LogRule,
    pattern: Regex,
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
}

impl Matcher {
    /// Compiles the log rules. Patterns were validated when the rules were read.
    pub fn new(rules: &[(&Rule, &LogRule)]) -> Result<Self, regex::Error> {
        let set = RegexSet::new(rules.iter().map(|(_, log)| &log.pattern))?;
        let compile = |(rule, log): &(&Rule, &LogRule)| {
            let pattern = Regex::new(&log.pattern)?;
            Ok(Compiled { rule: (*rule).clone(), log: (*log).clone(), pattern })
        };
        Ok(Self { set, rules: rules.iter().map(compile).collect::<Result<_, regex::Error>>()? })
    }

    /// Every rule that matches this line of the log named `source` (a path, or `journal:UNIT`).
    pub fn matches<'m>(&'m self, source: &str, line: &[u8]) -> Vec<Match<'m>> {
        if !self.set.is_match(line) {
            return Vec::new();
        }
        let hits = self.set.matches(line);
        hits.into_iter()
            .filter_map(|index| self.rules.get(index))
            .filter(|compiled| compiled.rule.subject.as_ref().is_none_or(|glob| glob.is_match(source)))
            .map(|compiled| compiled.take(line))
            .collect()
    }

    /// The names of all rules, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|compiled| compiled.rule.name.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Compiled {
    fn take(&self, line: &[u8]) -> Match<'_> {
        let wanted = self.log.by.is_some() || self.log.distinct.is_some();
        let captures = wanted.then(|| self.pattern.captures(line)).flatten();
        let group = |name: &Option<String>| {
            let found = captures.as_ref()?.name(name.as_ref()?)?;
            Some(String::from_utf8_lossy(found.as_bytes()).chars().take(MAX_KEY).collect())
        };
        Match {
            rule: &self.rule,
            log: &self.log,
            by: group(&self.log.by),
            distinct: group(&self.log.distinct),
        }
    }
}
