//! Restarts of one container within a window, from a counter that is looked at now and then.

use std::collections::VecDeque;

/// The restarts within the window, by when they were noticed.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts {
    counted: Option<u32>,
    /// Boot milliseconds at which restarts were noticed, with how many.
    noticed: VecDeque<(i64, u32)>,
}

impl Restarts {
    /// Takes in the runtime's counter. What was counted before the first look has no known time and is left out; a
    /// counter that fell was reset by a start by hand, or the container is a new one.
    pub(super) fn count(&mut self, counter: u32, now_ms: i64) {
        match self.counted.replace(counter) {
            Some(before) if counter > before => self.noticed.push_back((now_ms, counter - before)),
            Some(before) if counter < before => self.noticed.clear(),
            _ => {}
        }
    }

    /// How many more the limit allows. Restarts count from when they were noticed: rather too long than too short.
    pub(super) fn left(&mut self, burst: u32, interval_ms: i64, now_ms: i64) -> u32 {
        while self.noticed.front().is_some_and(|(at, _)| now_ms.saturating_sub(*at) >= interval_ms) {
            self.noticed.pop_front();
        }
        let used = self.noticed.iter().fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
        burst.saturating_sub(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_use_up_the_limit_and_come_back_after_its_interval() {
        let mut restarts = Restarts::default();
        for (now, counter, left) in [
            (0, 40, 5),
            (1_000, 40, 5),
            (2_000, 42, 3),
            (3_000, 43, 2),
            (11_999, 43, 2),
            (12_000, 43, 4),
            (13_000, 53, 0),
            (14_000, 0, 5),
        ] {
            restarts.count(counter, now);
            assert_eq!(restarts.left(5, 10_000, now), left, "at {now}");
        }
    }
}
