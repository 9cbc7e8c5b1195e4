//! Matches within a window, per rule and key. The counts are part of what is checkpointed: a restart forgets nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Match;
use crate::reading::{Measure, Reading, Stamp};

/// At most this many keys a rule; the one longest quiet goes first.
const MAX_KEYS: usize = 4096;
/// At most this many hits a key; older ones go first.
const MAX_HITS: usize = 4096;

/// One match: when, and the value that is counted apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Hit {
    at: Stamp,
    distinct: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Window {
    length_ms: i64,
    /// Of the last match: the log it came from.
    path: String,
    hits: Vec<Hit>,
}

/// All windows of a host, by rule and then by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    rules: BTreeMap<String, BTreeMap<String, Window>>,
}

impl Windows {
    /// Counts one match and gives the new count as a reading of `log.RULE`; of a rule's `then`, the failure where enough
    /// came before it.
    pub fn record(&mut self, found: &Match<'_>, path: &str, at: Stamp) -> Option<Reading> {
        match &found.then {
            None => Some(self.count(found, path, at)),
            Some(line) => self.follows(found, line, at),
        }
    }

    fn follows(&mut self, found: &Match<'_>, line: &str, at: Stamp) -> Option<Reading> {
        let (name, key) = (&found.rule.name, found.by.as_ref()?);
        let window = self.rules.get_mut(name)?.get_mut(key)?;
        window.forget_old(at);
        let count = window.count();
        let after = found.log.then.as_ref()?.after;
        if count < usize::try_from(after).unwrap_or(usize::MAX) {
            return None;
        }
        let reason = format!("after {count} matches in {}: {line}", found.log.window);
        let measure = Measure::Consequence { value: Some(count as f64), reason };
        let reading = Reading::of(&format!("log.{name}"), key, at, measure);
        Some(reading.label("path", window.path.clone()))
    }

    fn count(&mut self, found: &Match<'_>, path: &str, at: Stamp) -> Reading {
        let keys = self.rules.entry(found.rule.name.clone()).or_default();
        let key = found.by.clone().unwrap_or_else(|| path.to_owned());
        if keys.len() >= MAX_KEYS && !keys.contains_key(&key) {
            forget_quietest(keys);
        }
        let window = keys.entry(key.clone()).or_default();
        window.length_ms = found.log.window.as_millis();
        path.clone_into(&mut window.path);
        window.hits.push(Hit { at, distinct: found.distinct.clone() });
        window.forget_old(at);
        reading(&found.rule.name, &key, window, at)
    }

    /// Lets matches fall out of their windows; a reading for each count that changed.
    pub fn tick(&mut self, now: Stamp) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (rule, keys) in &mut self.rules {
            for (key, window) in keys.iter_mut() {
                let before = window.count();
                window.forget_old(now);
                if window.count() != before {
                    readings.push(reading(rule, key, window, now));
                }
            }
            keys.retain(|_, window| !window.hits.is_empty());
        }
        readings
    }

    /// When the next match falls out of its window, in boot milliseconds.
    pub fn next_wake(&self) -> Option<i64> {
        let windows = self.rules.values().flat_map(BTreeMap::values);
        windows.filter_map(|window| Some(window.hits.first()?.at.boot_ms + window.length_ms)).min()
    }

    /// Tells every instant in the boot time of `now`'s boot.
    pub fn rebase(&mut self, now: Stamp) {
        let windows = self.rules.values_mut().flat_map(BTreeMap::values_mut);
        for hit in windows.flat_map(|window| &mut window.hits) {
            hit.at = hit.at.rebased(now);
        }
    }
}

impl Window {
    fn forget_old(&mut self, now: Stamp) {
        let from = now.boot_ms - self.length_ms;
        self.hits.retain(|hit| hit.at.boot_ms > from);
        let excess = self.hits.len().saturating_sub(MAX_HITS);
        self.hits.drain(..excess);
    }

    fn count(&self) -> usize {
        let distinct: BTreeSet<&str> = self.hits.iter().filter_map(|hit| hit.distinct.as_deref()).collect();
        if distinct.is_empty() { self.hits.len() } else { distinct.len() }
    }
}

fn reading(rule: &str, key: &str, window: &Window, at: Stamp) -> Reading {
    Reading::value(&format!("log.{rule}"), key, at, window.count() as f64).label("path", window.path.clone())
}

fn forget_quietest(keys: &mut BTreeMap<String, Window>) {
    let quietest = keys.iter().min_by_key(|(_, window)| window.hits.last().map(|hit| hit.at.boot_ms));
    if let Some(key) = quietest.map(|(key, _)| key.clone()) {
        keys.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Matcher;
    use crate::rule::RuleSet;
    use nearmiss_shared::time::{Span, Timestamp};

    fn at(seconds: i64) -> Stamp {
        Stamp { wall: Timestamp::from_millis(0).plus(Span::from_seconds(seconds)), boot_ms: seconds * 1000 }
    }

    fn matcher(extra: &str) -> Matcher {
        let text = format!(
            "[[log]]\nname = \"r\"\npattern = 'from (?P<ip>\\S+) as (?P<user>\\S+)'\nwindow = \"1m\"\n{extra}"
        );
        let rules = RuleSet::parse(&[("r.toml".to_owned(), text)]).unwrap();
        Matcher::new(&rules.log_rules()).unwrap()
    }

    fn count(windows: &mut Windows, matcher: &Matcher, line: &str, seconds: i64) -> (String, Measure) {
        let found = matcher.matches("/var/log/auth.log", line.as_bytes());
        let reading = windows.record(&found[0], "/var/log/auth.log", at(seconds)).unwrap();
        (reading.subject, reading.measure)
    }

    #[test]
    fn each_address_has_its_own_count_and_old_matches_fall_out() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        assert_eq!(count(&mut windows, &matcher, "from a as x", 0), ("a".to_owned(), Measure::Value(1.0)));
        assert_eq!(count(&mut windows, &matcher, "from a as y", 30).1, Measure::Value(2.0));
        assert_eq!(count(&mut windows, &matcher, "from b as x", 31).1, Measure::Value(1.0));
        assert_eq!(windows.next_wake(), Some(60_000));
        let fallen: Vec<Measure> = windows.tick(at(60)).into_iter().map(|reading| reading.measure).collect();
        assert_eq!(fallen, [Measure::Value(1.0)]);
        assert_eq!(windows.tick(at(200)).len(), 2);
        assert_eq!(windows.next_wake(), None);
    }

    #[test]
    fn distinct_values_are_counted_instead_of_lines() {
        let matcher = matcher("by = \"ip\"\ndistinct = \"user\"\n");
        let mut windows = Windows::default();
        for _ in 0..5 {
            count(&mut windows, &matcher, "from a as root", 1);
        }
        assert_eq!(count(&mut windows, &matcher, "from a as admin", 2).1, Measure::Value(2.0));
    }

    #[test]
    fn a_success_after_enough_failures_of_the_same_address_is_the_failure_itself() {
        let matcher = matcher("by = \"ip\"\nthen = 'welcome (?P<ip>\\S+)'\nthen_after = 3\n");
        let mut windows = Windows::default();
        let welcome = |windows: &mut Windows, ip: &str, seconds| {
            let line = format!("welcome {ip}");
            let found = matcher.matches("f", line.as_bytes());
            windows.record(&found[0], "f", at(seconds)).map(|reading| (reading.subject, reading.measure))
        };
        for second in 0..3 {
            assert_eq!(welcome(&mut windows, "a", second), None, "{second} failures are a slip");
            count(&mut windows, &matcher, "from a as root", second);
        }
        assert_eq!(welcome(&mut windows, "b", 4), None, "another address");
        let reason = "after 3 matches in 1m: welcome a".to_owned();
        let failed = Measure::Consequence { value: Some(3.0), reason };
        assert_eq!(welcome(&mut windows, "a", 4), Some(("a".to_owned(), failed)));
        assert_eq!(welcome(&mut windows, "a", 90), None, "the window is over");
    }

    #[test]
    fn thousands_of_keys_stay_bounded() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        for key in 0..MAX_KEYS + 500 {
            count(&mut windows, &matcher, &format!("from {key} as x"), 1);
        }
        assert_eq!(windows.rules["r"].len(), MAX_KEYS);
    }

    #[test]
    fn the_counts_survive_being_stored() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        count(&mut windows, &matcher, "from a as x", 1);
        let text = serde_json::to_string(&windows).unwrap();
        assert_eq!(serde_json::from_str::<Windows>(&text).unwrap(), windows);
    }
}
