//! The false-alarm suite: what ordinary hosts do opens nothing under the shipped rules; what fails opens in time.
//!
//! Each series of `tests/series/` is `timestamp,value` below lines that say which signal it is and where its shape comes
//! from. They are judged by the code that judges live, with no rule but the shipped ones.

use nearmiss_shared::time::Timestamp;

use super::{Replay, replay};
use crate::rule::RuleSet;

/// One file of `tests/series/`.
struct Series {
    signal: String,
    recorded: bool,
    samples: Vec<(Timestamp, f64)>,
}

macro_rules! series {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("../../tests/series/", $name, ".csv")))),+] };
}

/// What hosts do every day.
const QUIET: [(&str, &str); 9] = series![
    "apt-update",
    "boot-storm",
    "compile-cpu-pressure",
    "compile-disk",
    "compile-memory",
    "cron-burst",
    "log-rotation",
    "nightly-backup",
    "sawtooth",
];

/// What fails.
const FAILING: [(&str, &str); 2] = series!["hours-fill", "slow-leak"];

/// And how many minutes before its end it opens at the latest.
const LEAD: [f64; 2] = [30.0, 120.0];

impl Series {
    fn read(text: &str) -> Self {
        let (said, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        let sample = |row: &&str| {
            let (at, value) = row.split_once(',').unwrap();
            (at.parse().unwrap(), value.parse().unwrap())
        };
        assert_eq!(rows[0], "timestamp,value");
        Self {
            signal: said[0].strip_prefix("# signal: ").unwrap().to_owned(),
            recorded: said[1].starts_with("# Recorded on "),
            samples: rows[1..].iter().map(sample).collect(),
        }
    }

    fn replay(&self) -> Replay {
        let judgement = RuleSet::default().judge(&self.signal, "series", None).unwrap();
        replay(&judgement, &self.signal, "series", self.samples.iter().copied())
    }
}

#[test]
fn what_hosts_do_every_day_opens_nothing() {
    let mut alarms = Vec::new();
    for (name, text) in QUIET {
        let Replay { transitions, summary } = Series::read(text).replay();
        if !transitions.is_empty() {
            let told: Vec<_> = transitions.iter().map(|one| (one.at.wall, &one.kind, &one.reasons)).collect();
            alarms.push(format!("{name}: {summary:?} {told:?}"));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

#[test]
fn what_fails_opens_once_and_in_time() {
    for ((name, text), minutes) in FAILING.into_iter().zip(LEAD) {
        let Replay { transitions, summary } = Series::read(text).replay();
        assert_eq!((summary.episodes, summary.breached), (1, true), "{name}: {summary:?}");
        let lead = summary.lead_seconds.unwrap();
        assert!(lead >= minutes * 60.0, "{name} opened {lead} s before: {:?}", transitions[0].reasons);
    }
}

#[test]
fn at_least_half_of_the_series_are_recorded_and_those_that_are_not_say_so() {
    let all: Vec<Series> = QUIET.into_iter().chain(FAILING).map(|(_, text)| Series::read(text)).collect();
    let recorded = all.iter().filter(|series| series.recorded).count();
    assert!(recorded * 2 >= all.len(), "{recorded} of {}", all.len());
}
