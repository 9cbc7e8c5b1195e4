//! The false-alarm suite: what ordinary hosts do opens nothing under the shipped rules; what fails opens in time.
//!
//! Each series of `tests/series/` is `timestamp,value` below lines that say which signal it is and where its shape comes
//! from. They are judged by the code that judges live, with no rule but the shipped ones.

use std::path::PathBuf;

use nearmiss_shared::time::Timestamp;

use super::{Replay, replay};
use crate::rule::RuleSet;

/// One file of `tests/series/`.
struct Series {
    signal: String,
    recorded: bool,
    samples: Vec<(Timestamp, f64)>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/series")
}

impl Series {
    fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(folder().join(name).with_extension("csv")).unwrap();
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

fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// What fails, and how many minutes before its end it opens at the latest.
const FAILING: [(&str, f64); 2] = [("hours-fill", 30.0), ("slow-leak", 120.0)];

#[test]
fn what_hosts_do_every_day_opens_nothing() {
    let mut alarms = Vec::new();
    for name in names() {
        if FAILING.iter().any(|(failing, _)| *failing == name) {
            continue;
        }
        let Replay { transitions, summary } = Series::read(&name).replay();
        if !transitions.is_empty() {
            let told: Vec<_> = transitions.iter().map(|one| (one.at.wall, &one.kind, &one.reasons)).collect();
            alarms.push(format!("{name}: {summary:?} {told:?}"));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

#[test]
fn what_fails_opens_once_and_in_time() {
    for (name, minutes) in FAILING {
        let Replay { transitions, summary } = Series::read(name).replay();
        assert_eq!((summary.episodes, summary.breached), (1, true), "{name}: {summary:?}");
        let lead = summary.lead_seconds.unwrap();
        assert!(lead >= minutes * 60.0, "{name} opened {lead} s before: {:?}", transitions[0].reasons);
    }
}

#[test]
fn at_least_half_of_the_series_are_recorded_and_those_that_are_not_say_so() {
    let recorded = names().iter().filter(|name| Series::read(name).recorded).count();
    assert!(recorded * 2 >= names().len(), "{recorded} of {}", names().len());
}
