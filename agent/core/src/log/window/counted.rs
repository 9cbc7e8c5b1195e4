//! What is counted within one window: lines, or the different values of a group. Bounded, however much comes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::reading::Stamp;
use crate::rule::LogRule;

/// Lines that came within such a part of the window fall out of it together, with the last of them.
const PARTS: i64 = 256;
/// Different values; the one longest not seen goes first.
const MAX_VALUES: usize = 4096;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Counted {
    /// When the last of so many lines came; oldest first.
    Lines(VecDeque<(Stamp, u64)>),
    /// When each value was seen last.
    Values(BTreeMap<String, Stamp>),
}

impl Counted {
    pub(super) fn of(rule: &LogRule) -> Self {
        match rule.distinct {
            None => Self::Lines(VecDeque::new()),
            Some(_) => Self::Values(BTreeMap::new()),
        }
    }

    pub(super) const fn is_of(&self, rule: &LogRule) -> bool {
        matches!((self, &rule.distinct), (Self::Lines(_), None) | (Self::Values(_), Some(_)))
    }

    /// Takes in a match that stands for so many lines; of a line without the value that is counted, nothing.
    pub(super) fn add(&mut self, value: Option<&str>, times: u64, at: Stamp, length_ms: i64) {
        match (self, value) {
            (Self::Lines(lines), _) => {
                let part = |stamp: &Stamp| stamp.boot_ms.div_euclid((length_ms / PARTS).max(1));
                match lines.back_mut() {
                    Some((last, count)) if part(last) == part(&at) => (*last, *count) = (at, *count + times),
                    _ => lines.push_back((at, times)),
                }
            }
            (Self::Values(values), Some(value)) => {
                if values.len() >= MAX_VALUES && !values.contains_key(value) {
                    forget_oldest(values);
                }
                values.insert(value.to_owned(), at);
            }
            (Self::Values(_), None) => {}
        }
    }

    /// Forgets what is out of the window; whether anything was.
    pub(super) fn forget(&mut self, now: Stamp, length_ms: i64) -> bool {
        let from = now.boot_ms - length_ms;
        match self {
            Self::Lines(lines) => {
                let old = lines.iter().take_while(|(at, _)| at.boot_ms <= from).count();
                lines.drain(..old);
                old > 0
            }
            Self::Values(values) => {
                let before = values.len();
                values.retain(|_, at| at.boot_ms > from);
                values.len() != before
            }
        }
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.iter().map(|(_, count)| count).sum(),
            Self::Values(values) => values.len() as u64,
        }
    }

    /// When the next falls out, less the window's length; boot milliseconds.
    pub(super) fn oldest(&self) -> Option<i64> {
        match self {
            Self::Lines(lines) => lines.front().map(|(at, _)| at.boot_ms),
            Self::Values(values) => values.values().map(|at| at.boot_ms).min(),
        }
    }

    pub(super) fn rebase(&mut self, now: Stamp) {
        match self {
            Self::Lines(lines) => lines.iter_mut().for_each(|(at, _)| *at = at.rebased(now)),
            Self::Values(values) => values.values_mut().for_each(|at| *at = at.rebased(now)),
        }
    }
}

fn forget_oldest(values: &mut BTreeMap<String, Stamp>) {
    let oldest = values.iter().min_by_key(|(_, at)| at.boot_ms).map(|(value, _)| value.clone());
    if let Some(oldest) = oldest {
        values.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn at(boot_ms: i64) -> Stamp {
        Stamp { wall: Timestamp::from_millis(boot_ms), boot_ms }
    }

    proptest! {
        /// Against keeping every instant: exact in number, late by at most a part of the window.
        #[test]
        fn lines_are_counted_as_if_each_were_kept(steps in proptest::collection::vec(0_i64..3_000, 1..400)) {
            const LENGTH: i64 = 60_000;
            let mut counted = Counted::Lines(VecDeque::new());
            let (mut all, mut now) = (Vec::new(), 0);
            for step in steps {
                now += step;
                all.push(now);
                counted.forget(at(now), LENGTH);
                counted.add(None, 1, at(now), LENGTH);
                let since = |from: i64| all.iter().filter(|one| **one > now - from).count() as u64;
                prop_assert!(since(LENGTH) <= counted.count() && counted.count() <= since(LENGTH + LENGTH / PARTS + 1));
            }
            let Counted::Lines(lines) = &counted else { unreachable!() };
            prop_assert!(lines.len() <= PARTS as usize + 2);
        }
    }

    #[test]
    fn values_are_counted_once_and_bounded() {
        let mut counted = Counted::Values(BTreeMap::new());
        for number in 0..6_000 {
            counted.add(Some(&(number % 5_000).to_string()), 1, at(number), 1_000_000);
            counted.add(None, 1, at(number), 1_000_000);
        }
        assert_eq!(counted.count(), MAX_VALUES as u64);
        assert!(counted.forget(at(1_005_000), 1_000_000));
        assert_eq!(counted.count(), 999, "those seen again since");
    }
}
