//! Starts of a unit against its start limit, and restarts in an hour.

use std::collections::VecDeque;

const HOUR_MS: i64 = 3_600_000;
/// Instants that are kept apart; beyond them the oldest are told as one.
const KEPT: usize = 64;

/// The starts that systemd counts against a unit's limit (systemd.unit(5), StartLimitBurst= and
/// StartLimitIntervalSec=): a window begins with the first start after the window before, and in one window no more
/// than the burst are let through.
#[derive(Clone, Debug, Default)]
pub(super) struct Starts {
    /// NRestarts as last seen.
    restarts: Option<u32>,
    /// When the unit was last started, as systemd tells it.
    started: Option<i64>,
    /// A restart was counted whose start is still to be told.
    awaited: bool,
    /// Boot milliseconds at which the window began.
    since: i64,
    used: u32,
}

impl Starts {
    /// Takes in the counter and the last start's time, both in boot milliseconds; how many restarts are new. What was
    /// counted before the first look has no known time and is left out.
    pub(super) fn count(
        &mut self,
        restarts: u32,
        started: Option<i64>,
        interval_ms: i64,
        now_ms: i64,
    ) -> u32 {
        let begun = started.filter(|&at| self.started.is_none_or(|before| (at - before).abs() > 5));
        self.started = started.or(self.started);
        let new = match self.restarts.replace(restarts) {
            Some(before) if restarts >= before => restarts - before,
            // A start by hand counts anew.
            Some(_) => restarts,
            None => 0,
        };
        self.start(new, interval_ms, now_ms);
        if let Some(at) = begun {
            let is_the_restarts = std::mem::take(&mut self.awaited) || new > 0;
            self.start(u32::from(!is_the_restarts), interval_ms, at);
        } else {
            self.awaited |= new > 0;
        }
        new
    }

    fn start(&mut self, count: u32, interval_ms: i64, at_ms: i64) {
        if count == 0 {
            return;
        }
        if self.used == 0 || at_ms - self.since > interval_ms {
            self.since = at_ms;
            self.used = 0;
        }
        self.used = self.used.saturating_add(count);
    }

    /// Failures that the unit survives before systemd gives it up, the last one included: never 0 while it is not.
    pub(super) fn left(&self, burst: u32, interval_ms: i64, now_ms: i64) -> u32 {
        let used = if now_ms - self.since > interval_ms { 0 } else { self.used };
        burst.saturating_add(1).saturating_sub(used).clamp(1, burst.max(1))
    }
}

/// How often something was restarted in the last hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Hour {
    noticed: VecDeque<(i64, u32)>,
}

impl Hour {
    pub(super) fn add(&mut self, count: u32, now_ms: i64) {
        if count == 0 {
            return;
        }
        if self.noticed.len() >= KEPT
            && let Some((_, oldest)) = self.noticed.pop_front()
            && let Some((_, next)) = self.noticed.front_mut()
        {
            *next = next.saturating_add(oldest);
        }
        self.noticed.push_back((now_ms, count));
    }

    pub(super) fn count(&mut self, now_ms: i64) -> u32 {
        while self.noticed.front().is_some_and(|(at, _)| now_ms - at >= HOUR_MS) {
            self.noticed.pop_front();
        }
        self.noticed.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Burst 5 in 10 s.
    fn left_after(looks: &[(i64, u32, i64)]) -> Vec<u32> {
        let mut starts = Starts::default();
        let mut left = Vec::new();
        for &(now, restarts, started) in looks {
            starts.count(restarts, Some(started), 10_000, now);
            left.push(starts.left(5, 10_000, now));
        }
        left
    }

    #[test]
    fn a_unit_started_by_hand_survives_as_many_failures_as_its_burst() {
        // Counter and start are told apart, in this order.
        let looks =
            [(100, 0, 90), (500, 1, 90), (510, 1, 505), (900, 2, 905), (1_300, 3, 1_305), (1_700, 4, 1_705)];
        assert_eq!(left_after(&looks), [5, 4, 4, 3, 2, 1]);
    }

    #[test]
    fn a_unit_that_ran_for_long_has_its_whole_burst_and_the_window_ends() {
        let looks = [
            (50_000, 40, 90),
            (60_000, 41, 60_000),
            (61_000, 43, 61_000),
            (70_001, 43, 61_000),
            (80_000, 44, 80_000),
        ];
        assert_eq!(left_after(&looks), [5, 5, 3, 5, 5]);
    }

    #[test]
    fn a_start_by_hand_uses_up_the_limit_too() {
        let looks = [(100, 3, 90), (200, 0, 190), (300, 0, 290), (400, 0, 390), (500, 0, 490), (600, 0, 590)];
        assert_eq!(left_after(&looks), [5, 4, 3, 2, 1, 1]);
    }

    #[test]
    fn an_hour_forgets_and_is_bounded() {
        let mut hour = Hour::default();
        hour.add(2, 0);
        hour.add(1, 1_000);
        assert_eq!((hour.count(1_000), hour.count(HOUR_MS), hour.count(HOUR_MS + 1_000)), (3, 1, 0));
        for now in 0..1_000 {
            hour.add(1, now);
        }
        assert_eq!((hour.count(1_000), hour.noticed.len()), (1_000, KEPT));
    }
}
