//! Processes that the kernel killed for want of memory: `oom_kill` in `/proc/vmstat` (the kernel's mm documents),
//! those of cgroups with a limit of their own included.

use std::collections::VecDeque;

const HOUR_MS: i64 = 3_600_000;
/// Instants that are kept apart; beyond them the oldest count as later than they were.
const KEPT: usize = 64;

/// Kills since boot; `None` on a kernel that does not count them (before 4.13).
pub fn parse(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Kills of the last hour, from a counter that is looked at now and then.
#[derive(Clone, Debug, Default)]
pub struct Kills {
    counted: Option<u64>,
    noticed: VecDeque<(i64, u64)>,
}

impl Kills {
    /// Takes in the counter at `now_ms` of boot time; how many kills are new. What was counted before the first look
    /// has no known time and is left out.
    pub fn count(&mut self, counter: u64, now_ms: i64) -> u64 {
        let new = self.counted.replace(counter).map_or(0, |before| counter.saturating_sub(before));
        if new > 0 {
            let oldest = if self.noticed.len() >= KEPT { self.noticed.pop_front() } else { None };
            if let (Some((_, oldest)), Some((_, next))) = (oldest, self.noticed.front_mut()) {
                *next = next.saturating_add(oldest);
            }
            self.noticed.push_back((now_ms, new));
        }
        new
    }

    pub fn in_an_hour(&mut self, now_ms: i64) -> u64 {
        while self.noticed.front().is_some_and(|(at, _)| now_ms.saturating_sub(*at) >= HOUR_MS) {
            self.noticed.pop_front();
        }
        self.noticed.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_file_is_read() {
        assert_eq!(
            parse("pgrotated 0\ndrop_pagecache 1\ndrop_slab 1\noom_kill 2\nnuma_pte_updates 0\n"),
            Some(2)
        );
        assert_eq!(parse("oom_kill_x 3\n"), None);
        assert_eq!(parse("oom_kill many\n"), None);
    }

    #[test]
    fn kills_count_for_an_hour_from_when_they_were_noticed() {
        let mut kills = Kills::default();
        for (now, counter, new, in_an_hour) in
            [(0, 7, 0, 0), (1_000, 7, 0, 0), (2_000, 9, 2, 2), (3_000, 10, 1, 3), (HOUR_MS + 2_000, 10, 0, 1)]
        {
            assert_eq!((kills.count(counter, now), kills.in_an_hour(now)), (new, in_an_hour), "at {now}");
        }
    }
}
