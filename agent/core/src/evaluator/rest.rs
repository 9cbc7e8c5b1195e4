//! A subject that is not read for a reason that is no fault: a drive in standby, a replaced one whose array is not whole yet.
//!
//! Its last value stands with its age, and no silence turns it dark. Nothing is concluded while it rests; what it shows when
//! it is read again speaks for the time between, since what counts events makes none while it rests.

use nearmiss_shared::time::Span;
use nearmiss_shared::wire::v1::Resting;
use serde::{Deserialize, Serialize};

use super::{Phase, SignalState, Transition};
use crate::reading::Stamp;
use crate::rule::Judgement;

/// Looks that found it so: the first and the newest, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rest {
    pub(crate) since: Stamp,
    pub(crate) found: Stamp,
    why: String,
}

impl Rest {
    /// Applies `change` to every instant.
    pub(super) fn stamps(&mut self, change: &impl Fn(&mut Stamp)) {
        change(&mut self.since);
        change(&mut self.found);
    }
}

impl SignalState {
    pub(super) fn found_resting(&mut self, why: &str, at: Stamp) {
        let since = self.rest.as_ref().map_or(at, |rest| rest.since);
        self.rest = Some(Rest { since, found: at, why: why.to_owned() });
    }

    /// It neither rests nor is read: from the last time that it was found resting on it is missed.
    pub(super) fn lost(&mut self, judgement: &Judgement, at: Stamp) -> Vec<Transition> {
        let Some(Rest { found, .. }) = self.rest.take() else { return Vec::new() };
        self.seen = self.seen.map(|_| found);
        self.phase = std::mem::replace(&mut self.phase, Phase::Normal).seen_again(found);
        if let Phase::Breached { quiet_since, .. } = &mut self.phase {
            *quiet_since = None;
        }
        self.tick(judgement, at)
    }

    /// It is read again: a hold that would have ended while it rested ends now, where it still is back.
    pub(super) fn woken(&mut self, judgement: &Judgement, at: Stamp) {
        if self.rest.take().is_none() {
            return;
        }
        let moved = |since: &mut Stamp, length: Span| {
            let late = at.since(*since).as_millis() - length.as_millis();
            if late > 0 {
                *since = since.plus(Span::from_millis(late));
            }
        };
        match &mut self.phase {
            Phase::Receding { quiet_since } | Phase::Standing { quiet_since: Some(quiet_since), .. } => {
                moved(quiet_since, judgement.hold);
            }
            Phase::Recovered { since, .. } => moved(since, judgement.reopen),
            _ => {}
        }
    }

    /// Whatever ended by the clock with the sample it woke with.
    pub(super) fn settled(&mut self, judgement: &Judgement, was_resting: bool, at: Stamp) -> Vec<Transition> {
        if was_resting { self.tick(judgement, at) } else { Vec::new() }
    }

    pub(crate) fn resting(&self) -> Option<Resting> {
        self.rest.as_ref().map(|rest| Resting { since: rest.since.wall, why: rest.why.clone() })
    }

    /// In words since when nothing new is known of it, and what was known last.
    pub(crate) fn told_resting(&self, judgement: &Judgement, now: Stamp) -> Option<String> {
        let Rest { since, why, .. } = self.rest.as_ref()?;
        let read = self.memory.last().map_or_else(
            || "never read".to_owned(),
            |last| format!("read {} ago: {}", now.since(last.at), self.told(judgement)),
        );
        Some(format!("{why}, for {} by now; {read}", now.since(*since)))
    }
}
