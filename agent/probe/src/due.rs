//! Things of one probe that are looked at at their own pace.

use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::Span;

/// When one thing is looked at again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    every: Span,
    last: Option<Stamp>,
}

impl Due {
    pub(crate) const fn every(every: Span) -> Self {
        Self { every, last: None }
    }

    pub(crate) const fn pace(&self) -> Span {
        self.every
    }

    /// Whether it is time, and if so from when the next time counts. A tenth of the pace is not waited for, so that
    /// a probe which ticks at that pace does not miss every second turn by a millisecond.
    pub(crate) fn take(&mut self, now: Stamp) -> bool {
        let due = self.last.is_none_or(|last| now.since(last).times(10) >= self.every.times(9));
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;

    use super::*;

    #[test]
    fn a_thing_is_looked_at_at_once_and_then_at_its_pace() {
        let mut due = Due::every(Span::from_seconds(10));
        let at = |boot_ms| Stamp { wall: Timestamp::from_millis(0), boot_ms };
        let taken: Vec<bool> = [0, 4_000, 9_990, 15_000, 20_500].map(|ms| due.take(at(ms))).to_vec();
        assert_eq!(taken, [true, false, true, false, true]);
    }
}
