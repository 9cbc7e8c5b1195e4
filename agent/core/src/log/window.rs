//! Matches within a window, per rule and key. The counts are part of what is checkpointed: a restart forgets nothing.
//!
//! A window that changed is told by itself, so that what a match costs to store does not grow with the keys of the others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Match;
use crate::reading::{Measure, Reading, Stamp};
use crate::rule::LogRule;

mod counted;
mod usual;

use counted::Counted;
use usual::Usual;

/// At most this many keys a rule; the one longest quiet goes first.
const MAX_KEYS: usize = 4096;

/// The matches of one rule and key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    length_ms: i64,
    /// Of the last match: the log it came from.
    path: String,
    last: Stamp,
    counted: Counted,
    /// Of a rule whose limit follows what is usual.
    #[serde(default)]
    usual: Option<Usual>,
    /// The limit that follows from it.
    #[serde(default)]
    limit: Option<f64>,
}

/// The rule's name and the key.
pub type WindowKey = (String, String);

/// All windows of a host.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    rules: BTreeMap<String, BTreeMap<String, Window>>,
    changed: BTreeSet<WindowKey>,
    /// Of those that made room for others: nothing is counted there any more.
    gone: Vec<Reading>,
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
        window.counted.forget(at, window.length_ms);
        let count = window.counted.count();
        if count < u64::from(found.log.then.as_ref()?.after) {
            return None;
        }
        let reason = format!("after {count} matches in {}: {line}", found.log.window);
        let measure = Measure::Consequence { value: Some(count as f64), reason };
        let reading = Reading::of(&format!("log.{name}"), key, at, measure);
        Some(reading.label("path", window.path.clone()))
    }

    fn count(&mut self, found: &Match<'_>, path: &str, at: Stamp) -> Reading {
        let (name, key) = (&found.rule.name, found.by.clone().unwrap_or_else(|| path.to_owned()));
        let keys = self.rules.entry(name.clone()).or_default();
        if keys.len() >= MAX_KEYS && !keys.contains_key(&key) {
            let quietest =
                keys.iter().min_by_key(|(_, window)| window.last.boot_ms).map(|(key, _)| key.clone());
            if let Some(quietest) = quietest {
                if let Some(mut window) = keys.remove(&quietest) {
                    window.counted = Counted::of(found.log);
                    self.gone.push(reading(name, &quietest, &window, at));
                }
                self.changed.insert((name.clone(), quietest));
            }
        }
        let fresh = || Window {
            length_ms: 0,
            path: String::new(),
            last: at,
            counted: Counted::of(found.log),
            usual: None,
            limit: None,
        };
        let window = keys.entry(key.clone()).or_insert_with(fresh);
        // The rule may have changed since the window was stored.
        if !window.counted.is_of(found.log) {
            window.counted = Counted::of(found.log);
        }
        (window.length_ms, window.last) = (found.log.window.as_millis(), at);
        path.clone_into(&mut window.path);
        window.counted.forget(at, window.length_ms);
        window.counted.add(found.distinct.as_deref(), found.times, at, window.length_ms);
        if found.log.over_usual.is_some() {
            let usual = window.usual.get_or_insert_default();
            usual.see(window.counted.count(), at.wall);
            window.limit = usual.usual().and_then(|usual| found.log.count_over(usual));
        }
        let reading = reading(name, &key, window, at);
        self.changed.insert((name.clone(), key));
        reading
    }

    /// Lets matches fall out of their windows; a reading for each count that changed, or that is given up.
    pub fn tick(&mut self, now: Stamp) -> Vec<Reading> {
        let mut readings = std::mem::take(&mut self.gone);
        // Where a key came again, its own count stands.
        readings.retain(|reading| {
            let rule = reading.signal.strip_prefix(super::LOG_PREFIX).unwrap_or_default();
            !self.rules.get(rule).is_some_and(|keys| keys.contains_key(&reading.subject))
        });
        for (rule, keys) in &mut self.rules {
            for (key, window) in keys.iter_mut() {
                if window.counted.forget(now, window.length_ms) {
                    readings.push(reading(rule, key, window, now));
                    self.changed.insert((rule.clone(), key.clone()));
                }
            }
            keys.retain(|_, window| window.counted.count() > 0 || window.usual.is_some());
        }
        readings
    }

    /// When the next match falls out of its window, in boot milliseconds.
    pub fn next_wake(&self) -> Option<i64> {
        let windows = self.rules.values().flat_map(BTreeMap::values);
        windows.filter_map(|window| Some(window.counted.oldest()? + window.length_ms)).min()
    }

    /// The windows that changed since the last call, as they are to be stored; `None` for one that is gone.
    pub fn changed(&mut self) -> Vec<(WindowKey, Option<Window>)> {
        let changed = std::mem::take(&mut self.changed);
        let stored = |(rule, key): WindowKey| {
            let window = self.rules.get(&rule).and_then(|keys| keys.get(&key)).cloned();
            ((rule, key), window)
        };
        changed.into_iter().map(stored).collect()
    }

    /// Puts a stored window back. Where it was stored in another boot, its instants are told in `rebase`'s.
    pub fn restore(&mut self, (rule, key): WindowKey, mut window: Window, rebase: Option<Stamp>) {
        if let Some(now) = rebase {
            window.last = window.last.rebased(now);
            window.counted.rebase(now);
        }
        self.rules.entry(rule).or_default().insert(key, window);
    }
}

fn reading(rule: &str, key: &str, window: &Window, at: Stamp) -> Reading {
    let count = window.counted.count() as f64;
    let mut reading =
        Reading::value(&format!("log.{rule}"), key, at, count).label("path", window.path.clone());
    reading.limits = window.limit.map(LogRule::levels_at);
    reading
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
    fn a_key_that_makes_room_for_others_is_told_as_counted_no_more() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        for number in 0..=MAX_KEYS {
            count(&mut windows, &matcher, &format!("from a{number} as x"), 1 + i64::from(number > 0));
        }
        let gone = windows.tick(at(2));
        assert_eq!(gone.len(), 1);
        assert_eq!((gone[0].subject.as_str(), &gone[0].measure), ("a0", &Measure::Value(0.0)));
        // One that comes again at once has its own count.
        count(&mut windows, &matcher, "from b as x", 3);
        count(&mut windows, &matcher, "from a1 as x", 3);
        let gone = windows.tick(at(3));
        assert!(
            gone.iter().all(|reading| reading.subject != "a1" && reading.measure == Measure::Value(0.0)),
            "{gone:?}"
        );
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
    fn a_limit_may_follow_what_the_host_usually_has() {
        let matcher = matcher("count = 10\nover_usual = 3\n");
        let mut windows = Windows::default();
        let limit = |windows: &mut Windows, day: i64, lines: usize| {
            let second = day * 86_400;
            let mut last = None;
            for _ in 0..lines {
                let found = matcher.matches("f", b"from a as x");
                last = windows.record(&found[0], "f", at(second));
            }
            let fallen = windows.tick(at(second + 100)).pop().unwrap();
            let limit = last.unwrap().limits.map(|limits| limits.limit);
            assert_eq!(fallen.limits.map(|limits| limits.limit), limit, "a count that falls is judged alike");
            limit
        };
        let limits: Vec<Option<f64>> = [20, 30, 40, 500, 1]
            .iter()
            .zip(0..)
            .map(|(lines, day)| limit(&mut windows, day, *lines))
            .collect();
        assert_eq!(limits, [None, None, None, Some(90.0), Some(105.0)]);
        assert_eq!(limit(&mut windows, 60, 1), Some(10.0), "never below the count");
    }

    #[test]
    fn thousands_of_keys_stay_bounded() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        for key in 0..MAX_KEYS + 500 {
            count(&mut windows, &matcher, &format!("from {key} as x"), 1);
        }
        assert_eq!(windows.rules["r"].len(), MAX_KEYS);
        assert_eq!(windows.changed().iter().filter(|(_, window)| window.is_none()).count(), 500);
    }

    #[test]
    fn the_counts_survive_being_stored() {
        let matcher = matcher("by = \"ip\"\n");
        let mut windows = Windows::default();
        count(&mut windows, &matcher, "from a as x", 1);
        count(&mut windows, &matcher, "from b as x", 2);
        let changed = windows.changed();
        assert_eq!((changed.len(), windows.changed().len()), (2, 0));
        let mut restored = Windows::default();
        for (key, window) in changed {
            let text = serde_json::to_string(&window.unwrap()).unwrap();
            restored.restore(key, serde_json::from_str(&text).unwrap(), None);
        }
        assert_eq!(count(&mut restored, &matcher, "from a as y", 3), ("a".to_owned(), Measure::Value(2.0)));
        let told: Vec<String> = restored.changed().into_iter().map(|((_, key), _)| key).collect();
        assert_eq!(told, ["a"], "only what changed is stored");
        restored.tick(at(300));
        assert!(
            restored.changed().iter().all(|(_, window)| window.is_none()),
            "and what is over is forgotten"
        );
    }
}
