//! How long to wait before trying again: quickly at first, then up to half a minute, never all hosts at once.

use nearmiss_runtime::random::jitter;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// Doubles with each failure; the jitter takes off up to half.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and says how long to wait.
    pub fn failed(&mut self) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(1.0 - jitter() / 2.0)
    }

    /// The first failure of a row is worth a line in the log; the others are not.
    pub fn is_first(&self) -> bool {
        self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_start_short_again() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.failed()).collect();
        assert!(waits[..2].iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits.iter().all(|wait| *wait <= LONGEST && *wait >= FIRST / 2));
        assert!(waits[20..].iter().all(|wait| *wait >= LONGEST / 2));
        backoff.succeeded();
        assert!(backoff.failed() <= FIRST);
    }
}
