//! The case's curve: min, max and last value a minute while an episode is open, kept until the collector has them.

use std::collections::{BTreeMap, VecDeque};

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::EpisodeMinute;

/// Minutes kept while no collector takes them; older ones go first.
const KEPT: usize = 2_000;
const MINUTE_MS: i64 = 60_000;

/// One sample of an open episode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) signal: &'a str,
    pub(super) subject: &'a str,
    pub(super) episode: u64,
    pub(super) at: Timestamp,
    pub(super) value: f64,
    pub(super) proximity: Option<f64>,
    pub(super) interval: Option<Span>,
}

/// Finished minutes in order of time, and the running one of each open episode.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    running: BTreeMap<(String, String), EpisodeMinute>,
    finished: VecDeque<EpisodeMinute>,
}

impl Minutes {
    pub(super) fn record(&mut self, sample: Sample<'_>) {
        let minute = Timestamp::from_millis(sample.at.as_millis().div_euclid(MINUTE_MS) * MINUTE_MS);
        let key = (sample.signal.to_owned(), sample.subject.to_owned());
        if let Some(running) = self.running.get_mut(&key)
            && running.minute == minute
            && running.episode == sample.episode
        {
            running.min = running.min.min(sample.value);
            running.max = running.max.max(sample.value);
            running.last = sample.value;
            running.closest = closer(running.closest, sample.proximity);
            running.samples += 1;
            return;
        }
        let due = sample.interval.map_or(1, |interval| MINUTE_MS / interval.as_millis().max(1)).max(1);
        let started = EpisodeMinute {
            signal: sample.signal.to_owned(),
            subject: sample.subject.to_owned(),
            episode: sample.episode,
            minute,
            min: sample.value,
            max: sample.value,
            last: sample.value,
            closest: sample.proximity,
            samples: 1,
            expected: u32::try_from(due).unwrap_or(u32::MAX),
        };
        if let Some(ended) = self.running.insert(key, started) {
            self.finish(ended);
        }
    }

    /// The episode is over; its last minute is finished.
    pub(super) fn close(&mut self, signal: &str, subject: &str) {
        if let Some(ended) = self.running.remove(&(signal.to_owned(), subject.to_owned())) {
            self.finish(ended);
        }
    }

    /// Everything the collector may not have yet, the oldest first; at most `most`.
    pub(super) fn untold(&self, most: usize) -> Vec<EpisodeMinute> {
        self.finished.iter().chain(self.running.values()).take(most).cloned().collect()
    }

    /// The collector has these; running minutes stay until they are finished and told again.
    pub(super) fn told(&mut self, minutes: &[EpisodeMinute]) {
        self.finished.retain(|kept| !minutes.contains(kept));
    }

    fn finish(&mut self, minute: EpisodeMinute) {
        self.finished.push_back(minute);
        if self.finished.len() > KEPT {
            self.finished.pop_front();
        }
    }
}

fn closer(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(milliseconds: i64, value: f64) -> Sample<'static> {
        Sample {
            signal: "filesystem.free",
            subject: "/",
            episode: 1,
            at: Timestamp::from_millis(milliseconds),
            value,
            proximity: Some(1.0 - value),
            interval: Some(Span::from_seconds(15)),
        }
    }

    #[test]
    fn a_minute_holds_its_extremes_and_is_kept_until_it_is_told() {
        let mut minutes = Minutes::default();
        for (at, value) in [(1_000, 0.3), (16_000, 0.1), (31_000, 0.2), (61_000, 0.4)] {
            minutes.record(sample(at, value));
        }
        let untold = minutes.untold(10);
        let first = &untold[0];
        assert_eq!((first.min, first.max, first.last, first.samples, first.expected), (0.1, 0.3, 0.2, 3, 4));
        assert_eq!(first.closest, Some(0.9));
        assert_eq!(untold.len(), 2);
        minutes.told(&untold);
        assert_eq!(minutes.untold(10).len(), 1, "the running minute is told again");
        minutes.close("filesystem.free", "/");
        minutes.told(&minutes.untold(10));
        assert_eq!(minutes.untold(10), []);
    }
}
