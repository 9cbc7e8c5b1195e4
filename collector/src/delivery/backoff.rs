//! When to try a message again: soon at first, then every ten minutes, never all at once, and not for ever.

use nearmiss_runtime::random::jitter;
use nearmiss_shared::time::{Span, Timestamp};

const FIRST_SECONDS: f64 = 5.0;
const LONGEST_SECONDS: f64 = 600.0;
/// A message that nobody took for so long is given up, and stays visible.
const GIVEN_UP_AFTER: Span = Span::from_days(3);

/// The next attempt after `attempts` failed ones; `None` when the message is given up.
pub fn next(attempts: u32, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    if now.since(created_at) > GIVEN_UP_AFTER {
        return None;
    }
    let doubled = FIRST_SECONDS * 2_f64.powi(i32::try_from(attempts.saturating_sub(1).min(16)).unwrap_or(16));
    let seconds = doubled.min(LONGEST_SECONDS) * (1.0 - jitter() / 2.0);
    Some(now.plus(Span::from_millis((seconds * 1000.0) as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_minutes_and_end_after_three_days() {
        let start = Timestamp::from_millis(0);
        let wait = |attempts| next(attempts, start, start).unwrap().since(start).as_seconds();
        assert!((2.5..=5.0).contains(&wait(1)));
        assert!((20.0..=40.0).contains(&wait(4)));
        for attempts in [8, 100, u32::MAX] {
            assert!((300.0..=600.0).contains(&wait(attempts)));
        }
        assert!(next(9, start, start.plus(Span::from_days(2))).is_some());
        assert_eq!(next(9, start, start.plus(Span::from_days(4))), None);
    }
}
