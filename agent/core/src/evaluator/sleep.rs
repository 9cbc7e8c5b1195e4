//! A subject that is there and rests, like a drive in standby: looked at without waking it.
//!
//! Its last value stands with its age, and no silence turns it dark. Nothing is concluded while it sleeps; what it shows
//! when it wakes by itself speaks for the time between, since what counts events makes none while it rests.

use nearmiss_shared::time::Span;
use serde::{Deserialize, Serialize};

use super::{Phase, SignalState, Transition};
use crate::reading::Stamp;
use crate::rule::Judgement;

/// Looks that found it asleep: the first and the newest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sleep {
    pub(crate) since: Stamp,
    pub(crate) found: Stamp,
}

impl SignalState {
    /// It was found asleep.
    pub(super) fn found_asleep(&mut self, why: &str, at: Stamp) {
        let since = self.sleep.map_or(at, |sleep| sleep.since);
        self.sleep = Some(Sleep { since, found: at });
        self.why_unread = Some(why.to_owned());
    }

    /// It is neither asleep nor read: from the last time that it was found asleep on it is missed.
    pub(super) fn lost_asleep(&mut self, judgement: &Judgement, at: Stamp) -> Vec<Transition> {
        let Some(Sleep { found, .. }) = self.sleep.take() else { return Vec::new() };
        self.seen = self.seen.map(|_| found);
        self.phase = std::mem::replace(&mut self.phase, Phase::Normal).seen_again(found);
        if let Phase::Breached { quiet_since, .. } = &mut self.phase {
            *quiet_since = None;
        }
        self.tick(judgement, at)
    }

    /// It is read again: a hold that would have ended while it slept ends now, where it still is back.
    pub(super) fn woken(&mut self, judgement: &Judgement, at: Stamp) {
        if self.sleep.take().is_none() {
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

    /// In words since when nothing new is known of it, and what was known last.
    pub(crate) fn told_asleep(&self, judgement: &Judgement, now: Stamp) -> Option<String> {
        let since = self.sleep?.since;
        let why = self.why_unread.as_deref().unwrap_or("asleep");
        let read = self.memory.last().map_or_else(
            || "never read".to_owned(),
            |last| format!("read {} ago: {}", now.since(last.at), self.told(judgement)),
        );
        Some(format!("{why}, for {} by now; {read}", now.since(since)))
    }

    /// Whatever ended by the clock with the sample it woke with.
    pub(super) fn settled(&mut self, judgement: &Judgement, was_asleep: bool, at: Stamp) -> Vec<Transition> {
        if was_asleep { self.tick(judgement, at) } else { Vec::new() }
    }
}
