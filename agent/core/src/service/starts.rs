//! Starts of a unit against its start limit, and restarts in an hour.

use std::collections::VecDeque;

const HOUR_MS: i64 = 3_600_000;
/// Instants that are kept apart; beyond them the oldest are told as one.
const KEPT: usize = 64;

/// How fast a unit can use up its start limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// StartLimitIntervalSec.
    pub(super) interval_ms: i64,
    /// RestartSec: systemd waits this long before each restart.
    pub(super) pause_ms: i64,
}

impl Pace {
    /// Starts that fit into one interval.
    fn most(self) -> u32 {
        let restarts = self.interval_ms.checked_div(self.pause_ms).unwrap_or(i64::MAX);
        u32::try_from(restarts).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// What was counted before the agent's own restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Past {
    /// NRestarts as last seen.
    pub(super) restarts: u32,
    pub(super) used: u32,
}

/// The starts that systemd counts against a unit's limit (systemd.unit(5), StartLimitBurst= and
/// StartLimitIntervalSec=): a window begins with the first start after the window before, and in one window no more
/// than the burst are let through.
#[derive(Clone, Debug, Default)]
pub(super) struct Starts {
    past: Option<Past>,
    /// NRestarts as last seen.
    restarts: Option<u32>,
    /// When the unit was last started, as systemd tells it.
    started: Option<i64>,
    /// A restart was counted whose start is still to be told.
    awaited: bool,
    /// Boot milliseconds at which the window began.
    since: i64,
    used: u32,
    /// Some of them were before the first look: they are the most that may count.
    bound: bool,
}

impl Starts {
    pub(super) fn after(past: Option<Past>) -> Self {
        Self { past, ..Self::default() }
    }

    /// Takes in the counter and the last start's time, both in boot milliseconds; how many restarts are new.
    pub(super) fn count(&mut self, restarts: u32, started: Option<i64>, pace: Pace, now_ms: i64) -> u32 {
        if self.restarts.is_none() {
            self.first(restarts, started, pace);
            return 0;
        }
        let begun = started.filter(|&at| self.started.is_none_or(|before| (at - before).abs() > 5));
        self.started = started.or(self.started);
        let new = match self.restarts.replace(restarts) {
            Some(before) if restarts >= before => restarts - before,
            // A start by hand counts anew.
            _ => restarts,
        };
        self.start(new, pace.interval_ms, now_ms);
        if let Some(at) = begun {
            let is_the_restarts = std::mem::take(&mut self.awaited) || new > 0;
            self.start(u32::from(!is_the_restarts), pace.interval_ms, at);
        } else {
            self.awaited |= new > 0;
        }
        new
    }

    /// The first look. systemd tells how often it restarted the unit and when it was started last, not when the starts
    /// before that were: as long as the last one counts, all that may count are taken to.
    fn first(&mut self, restarts: u32, started: Option<i64>, pace: Pace) {
        self.restarts = Some(restarts);
        self.started = started;
        let Some(at) = started else { return };
        let most = restarts.saturating_add(1).min(pace.most());
        let known = self.past.map(|past| match restarts.checked_sub(past.restarts) {
            Some(meanwhile) => past.used.saturating_add(meanwhile),
            None => past.used.saturating_add(most),
        });
        self.used = known.unwrap_or(most).clamp(1, most);
        self.since = at;
        self.bound = self.used > 1;
    }

    fn start(&mut self, count: u32, interval_ms: i64, at_ms: i64) {
        if count == 0 {
            return;
        }
        if self.used == 0 || at_ms - self.since > interval_ms {
            self.since = at_ms;
            self.used = 0;
            self.bound = false;
        }
        self.used = self.used.saturating_add(count);
    }

    /// Starts that count against the limit now.
    pub(super) const fn used(&self, interval_ms: i64, now_ms: i64) -> u32 {
        if now_ms - self.since > interval_ms { 0 } else { self.used }
    }

    /// Whether fewer than [`Self::used`] may count.
    pub(super) const fn is_bound(&self, interval_ms: i64, now_ms: i64) -> bool {
        self.bound && self.used(interval_ms, now_ms) > 0
    }

    /// Failures that the unit survives before systemd gives it up, the last one included: never 0 while it is not.
    pub(super) fn left(&self, burst: u32, interval_ms: i64, now_ms: i64) -> u32 {
        let used = self.used(interval_ms, now_ms);
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

    const PACE: Pace = Pace { interval_ms: 10_000, pause_ms: 100 };

    /// Burst 5 in 10 s.
    fn left_after(looks: &[(i64, u32, i64)]) -> Vec<u32> {
        let mut starts = Starts::default();
        let mut left = Vec::new();
        for &(now, restarts, started) in looks {
            starts.count(restarts, Some(started), PACE, now);
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
        let looks = [(100, 0, 90), (200, 0, 190), (300, 0, 290), (400, 0, 390), (500, 0, 490), (600, 0, 590)];
        assert_eq!(left_after(&looks), [5, 4, 3, 2, 1, 1]);
    }

    #[test]
    fn at_the_first_look_all_starts_that_may_count_are_taken_to_until_their_interval_ends() {
        let past = |restarts, used| Some(Past { restarts, used });
        for (what, past, restarts, started, pause_ms, left, bound) in [
            ("never restarted", None, 0, Some(9_000), 100, 5, false),
            ("restarted thrice, the last time just now", None, 3, Some(9_000), 100, 2, true),
            ("restarted often, the last time just now", None, 40, Some(9_000), 100, 1, true),
            ("restarted often, but long ago", None, 40, Some(-9_000), 100, 5, false),
            ("restarted too slowly to reach its limit", None, 40, Some(9_000), 6_000, 4, true),
            ("restarted by hand alone", None, 0, None, 100, 5, false),
            ("counted before the agent's restart", past(39, 1), 40, Some(9_000), 100, 4, true),
            ("counted before, and quiet since", past(40, 1), 40, Some(9_000), 100, 5, false),
            ("counted before, and started by hand since", past(40, 1), 1, Some(9_000), 100, 4, true),
        ] {
            let mut starts = Starts::after(past);
            starts.count(restarts, started, Pace { pause_ms, ..PACE }, 10_000);
            let told = (starts.left(5, 10_000, 10_000), starts.is_bound(10_000, 10_000));
            assert_eq!(told, (left, bound), "{what}");
            assert_eq!(
                (starts.left(5, 10_000, 20_000), starts.is_bound(10_000, 20_000)),
                (5, false),
                "{what}"
            );
        }
    }

    #[test]
    fn what_was_before_the_first_look_counts_with_what_comes_after_it() {
        // Restarted twice before; the third and fourth time are seen.
        let looks = [(100, 2, 90), (500, 3, 505), (900, 4, 905), (10_200, 4, 905), (10_300, 5, 10_300)];
        assert_eq!(left_after(&looks), [3, 2, 1, 5, 5]);
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
