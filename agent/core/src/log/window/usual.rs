//! What a host usually has within a window: the median of the daily peaks of the last two weeks.
//!
//! A day of many counts once, and a day of none as well. Until three days are known, nothing is usual.

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

const DAYS: usize = 14;
const ENOUGH: usize = 3;

/// The daily peaks of one count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Usual {
    /// Days since 1970, UTC, of the peak that is still growing.
    day: Option<i64>,
    peak: u64,
    /// Of whole days, oldest first.
    peaks: Vec<u64>,
}

impl Usual {
    /// Takes in what is counted now.
    pub(super) fn see(&mut self, count: u64, at: Timestamp) {
        let day = at.as_millis().div_euclid(Span::from_days(1).as_millis());
        let passed = self.day.map_or(0, |last| usize::try_from(day - last).unwrap_or(0));
        if passed > 0 {
            self.peaks.push(self.peak);
            self.peaks.extend(std::iter::repeat_n(0, passed.min(DAYS + 1) - 1));
            let excess = self.peaks.len().saturating_sub(DAYS);
            self.peaks.drain(..excess);
            self.peak = 0;
        }
        self.day = self.day.max(Some(day));
        self.peak = self.peak.max(count);
    }

    /// `None` until enough days are known.
    pub(super) fn usual(&self) -> Option<f64> {
        if self.peaks.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.peaks.clone();
        sorted.sort_unstable();
        let (low, high) = (sorted.get((sorted.len() - 1) / 2)?, sorted.get(sorted.len() / 2)?);
        Some((*low as f64 + *high as f64) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, hour: i64) -> Timestamp {
        Timestamp::from_millis((day * 24 + hour) * 3_600_000)
    }

    #[test]
    fn usual_is_the_median_of_daily_peaks_once_three_are_known() {
        let mut usual = Usual::default();
        for (day, peak) in [40, 60, 50].into_iter().enumerate() {
            let day = i64::try_from(day).unwrap();
            usual.see(peak / 2, at(day, 1));
            usual.see(peak, at(day, 2));
            usual.see(3, at(day, 3));
            assert_eq!(usual.usual(), None);
        }
        usual.see(1, at(3, 0));
        assert_eq!(usual.usual(), Some(50.0));
        usual.see(9_000, at(3, 1));
        assert_eq!(usual.usual(), Some(50.0), "today does not count");
        usual.see(10, at(4, 1));
        assert_eq!(usual.usual(), Some(55.0), "one wild day moves little");
        usual.see(10, at(2, 1));
        assert_eq!(usual.usual(), Some(55.0), "a clock that was set back");
        usual.see(10, at(40, 1));
        assert_eq!((usual.usual(), usual.peaks.len()), (Some(0.0), DAYS), "days without any");
    }
}
