//! What time does to a signal: holds end, silence turns dark, a restart is told apart from a crash.

use nearmiss_shared::vocabulary::{EventKind, Physical};

use super::moves::Push;
use super::phase::Unconfirmed;
use super::{DARK_INTERVALS, Phase, SignalState, Transition};
use crate::reading::Stamp;
use crate::rule::Judgement;

impl SignalState {
    /// Lets time pass: holds end, silence turns dark, a quiet recovery becomes normal. What came first in time
    /// comes first: a hold that runs into silence does not end.
    pub fn tick(&mut self, judgement: &Judgement, now: Stamp) -> Vec<Transition> {
        let mut out: Vec<Transition> = self.hold_ended(judgement, now).into_iter().collect();
        out.extend(self.gone_dark(judgement, now));
        out
    }

    /// When [`Self::tick`] has something to do next, in boot milliseconds.
    pub fn next_wake(&self, judgement: &Judgement) -> Option<i64> {
        let hold = self.hold_end(judgement).map(|end| end.boot_ms);
        let dark = self.dark_at(judgement).map(|at| at.boot_ms);
        hold.into_iter().chain(dark).min()
    }

    /// The daemon is back. Times of an earlier boot are told anew in this boot's time; a host that went down without
    /// an orderly shutdown while the signal was near is dark until the next sample says more.
    pub fn resumed(&mut self, now: Stamp, same_boot: bool, orderly: bool) {
        if same_boot {
            return;
        }
        self.rebase(now);
        self.watched_since = None;
        if orderly {
            return;
        }
        match &mut self.phase {
            Phase::Dark { crashed, .. } => *crashed = true,
            phase if phase.is_near() => {
                let since = self.seen.unwrap_or(now);
                let previous = Box::new(std::mem::replace(phase, Phase::Normal));
                self.phase = Phase::Dark { previous, since, crashed: true };
            }
            _ => {}
        }
    }

    fn rebase(&mut self, now: Stamp) {
        let rebase = |stamp: &mut Stamp| *stamp = stamp.rebased(now);
        self.memory.stamps(&rebase);
        self.course.iter_mut().for_each(|course| course.stamps(&rebase));
        self.seen.iter_mut().for_each(rebase);
        self.rest.iter_mut().for_each(|rest| rest.stamps(&rebase));
        self.phase.stamps(&rebase);
    }

    /// The first sample after silence.
    pub(super) fn back_from_dark(&mut self, judgement: &Judgement, at: Stamp) -> Option<Transition> {
        let Phase::Dark { previous, since, crashed } = self.phase.clone() else { return None };
        let was_near = previous.is_near();
        self.phase = previous.seen_again(at);
        self.watched_since = Some(at);
        self.forecast_count = 0;
        self.course.iter_mut().for_each(|course| course.gap(at.since(since)));
        if crashed && was_near {
            return Some(self.crash(judgement, at));
        }
        self.reasons = vec![format!("no sample for {}, now {}", at.since(since), self.told(judgement))];
        let state = self.physical();
        Some(self.transition(judgement, EventKind::Gap, state, at))
    }

    /// A crash while near: taken for the failure, labelled so that a person can say otherwise.
    fn crash(&mut self, judgement: &Judgement, at: Stamp) -> Transition {
        let reason = "the host went down without an orderly shutdown while this was near failure";
        let mut breached = self.breach(judgement, at, Some(Push::Breach(reason)));
        self.phase = Phase::Breached { since: at, quiet_since: None, inferred: true };
        breached.labels.insert("crash".to_owned(), "unclean restart".to_owned());
        breached
    }

    /// When the running hold ends; `None` when it runs into silence, which proves nothing.
    fn hold_end(&self, judgement: &Judgement) -> Option<Stamp> {
        let silent = self.silent_at(judgement);
        self.hold_due(judgement).filter(|end| silent.is_none_or(|silent| end.boot_ms <= silent.boot_ms))
    }

    fn hold_due(&self, judgement: &Judgement) -> Option<Stamp> {
        match &self.phase {
            Phase::Receding { quiet_since } => Some(quiet_since.plus(judgement.hold)),
            Phase::Breached { quiet_since, .. } | Phase::Standing { quiet_since, .. } => {
                quiet_since.map(|since| since.plus(judgement.hold))
            }
            Phase::Recovered { since, .. } => Some(since.plus(judgement.reopen)),
            _ => None,
        }
    }

    fn hold_ended(&mut self, judgement: &Judgement, now: Stamp) -> Option<Transition> {
        let end = self.hold_end(judgement).filter(|end| end.boot_ms <= now.boot_ms)?;
        let held = judgement.hold;
        match self.phase {
            Phase::Receding { .. } | Phase::Standing { .. } => {
                self.phase = Phase::Recovered { since: end, again: Unconfirmed::default() };
                self.course.iter_mut().for_each(|course| course.recover(end));
                self.reasons = vec![format!("back for {held}: {}", self.told(judgement))];
                Some(self.transition(judgement, EventKind::Recovered, Physical::Recovered, end))
            }
            Phase::Breached { since, .. } => {
                self.phase = Phase::Normal;
                self.course.iter_mut().for_each(|course| course.restore(end));
                self.reasons = vec![format!("the failure ended after {}", end.since(since))];
                self.reasons.extend(self.foretold(judgement, end));
                let restored = self.transition(judgement, EventKind::Restored, Physical::Restored, end);
                self.course = None;
                Some(restored)
            }
            _ => {
                self.phase = Phase::Normal;
                self.course = None;
                None
            }
        }
    }

    /// When silence turns dark. Drills, what rests and signals without an interval never do.
    fn dark_at(&self, judgement: &Judgement) -> Option<Stamp> {
        let exempt = matches!(self.phase, Phase::Breached { .. } | Phase::Dark { .. });
        self.silent_at(judgement).filter(|_| !exempt && self.rest.is_none())
    }

    /// Until when the last sample speaks for the signal.
    fn silent_at(&self, judgement: &Judgement) -> Option<Stamp> {
        let interval = judgement.interval.filter(|_| self.drill.is_none())?;
        Some(self.seen?.plus(interval.times(DARK_INTERVALS)))
    }

    /// What nobody watched is no part of a failure's hold: it is not dark, so its return says nothing of the gap.
    pub(super) fn forget_unwatched(&mut self, judgement: &Judgement, now: Stamp) {
        let silent = self.silent_at(judgement).is_some_and(|silent| silent.boot_ms < now.boot_ms);
        if let Phase::Breached { quiet_since, .. } = &mut self.phase {
            *quiet_since = quiet_since.filter(|_| !silent);
        }
    }

    fn gone_dark(&mut self, judgement: &Judgement, now: Stamp) -> Option<Transition> {
        let from = self.dark_at(judgement).filter(|at| at.boot_ms < now.boot_ms)?;
        let since = self.seen?;
        let previous = Box::new(std::mem::replace(&mut self.phase, Phase::Normal));
        self.phase = Phase::Dark { previous, since, crashed: false };
        self.reasons = self.silence(now).into_iter().collect();
        // Dated where the silence began to count, so that its whole length is told.
        Some(self.transition(judgement, EventKind::Dark, Physical::Dark, from))
    }

    /// Why nothing is known and since when, in words, where it is dark.
    pub(crate) fn silence(&self, now: Stamp) -> Option<String> {
        let Phase::Dark { since, .. } = &self.phase else { return None };
        let why = self.why_unread.as_deref().unwrap_or("nothing was heard");
        Some(format!("no valid sample for {}: {why}", now.since(*since)))
    }
}
