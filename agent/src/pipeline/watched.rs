//! One signal of one subject as the pipeline holds it: the core's state, its rule, and what the store has of it.

use std::collections::VecDeque;

use nearmiss_agent_core::evaluator::{Baseline, DARK_INTERVALS, SignalState, Transition};
use nearmiss_agent_core::history::Sample;
use nearmiss_agent_core::margin::Margin;
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{DRILL_PREFIX, Judgement, RuleSet};
use nearmiss_shared::vocabulary::{EventKind, Physical};

use super::view::Told;
use crate::store::StoredState;
use nearmiss_agent_probe::Known;

#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) state: SignalState,
    judgement: Judgement,
    own: Option<Limits>,
    /// The subject is gone: it is neither shown nor missed.
    retired: bool,
    /// Changed since the store has it.
    pub(super) dirty: bool,
    /// Known from before this start and not looked at since: what happened meanwhile is the agent's own absence.
    absent_since: Option<Stamp>,
    /// What the collector said it has of it, since this start.
    pub(super) told: Option<Told>,
    /// Readings that the history does not have yet, oldest first.
    pub(super) unkept: VecDeque<Sample>,
}

impl Watched {
    /// A signal that is seen for the first time; `None` when no rule knows it.
    pub(super) fn first_seen(rules: &RuleSet, reading: &Reading) -> Option<Self> {
        let judgement = rules.judge(&reading.signal, &reading.subject, reading.limits)?;
        let state = SignalState::new(&reading.signal, &reading.subject);
        let (own, retired, absent_since) = (reading.limits, false, None);
        let unkept = VecDeque::new();
        Some(Self { state, judgement, own, retired, dirty: false, absent_since, told: None, unkept })
    }

    /// A signal as the store has it, after a start; `None` when no rule knows it any more.
    pub(super) fn resumed(
        rules: &RuleSet,
        stored: StoredState,
        now: Stamp,
        same_boot: bool,
        orderly: bool,
    ) -> Option<Self> {
        let StoredState { mut state, own, retired } = stored;
        let judgement = rules.judge(state.signal(), state.subject(), own)?;
        state.resumed(now, same_boot, orderly);
        let (absent_since, unkept) = (Some(now), VecDeque::new());
        Some(Self { state, judgement, own, retired, dirty: false, absent_since, told: None, unkept })
    }

    /// The rules changed. False when none knows this signal any more.
    pub(super) fn follow(&mut self, rules: &RuleSet) -> bool {
        let judgement = rules.judge(self.state.signal(), self.state.subject(), self.own);
        judgement.map(|judgement| self.judgement = judgement).is_some()
    }

    pub(super) fn observe(&mut self, rules: &RuleSet, reading: &Reading) -> Vec<Transition> {
        if reading.limits.is_some() && reading.limits != self.own {
            self.own = reading.limits;
            self.follow(rules);
        }
        let was_open = self.state.is_open();
        let mut transitions = self.state.observe(&self.judgement, reading);
        if matches!(reading.measure, Measure::Invalid { .. }) && transitions.is_empty() {
            return transitions;
        }
        if self.absent_since.take().is_some() && !was_open {
            transitions.retain(|move_| !matches!(move_.kind, EventKind::Dark | EventKind::Gap));
        }
        self.retired = matches!(reading.measure, Measure::Retired { .. });
        self.dirty = true;
        transitions
    }

    pub(super) fn tick(&mut self, now: Stamp) -> Vec<Transition> {
        if self.next_wake().is_none_or(|wake| wake > now.boot_ms) {
            return Vec::new();
        }
        let before = self.state.physical();
        let transitions = self.state.tick(&self.judgement, now);
        self.dirty |= !transitions.is_empty() || self.state.physical() != before;
        transitions
    }

    /// When [`Self::tick`] has something to do, in boot milliseconds. After a start a signal has its time to be seen.
    pub(super) fn next_wake(&self) -> Option<i64> {
        if self.retired {
            return None;
        }
        // Silence counts from the millisecond after.
        let wake = self.state.next_wake(&self.judgement)? + 1;
        let grace = self.absent_since.zip(self.judgement.interval);
        Some(
            grace.map_or(wake, |(since, interval)| {
                wake.max(since.plus(interval.times(DARK_INTERVALS)).boot_ms)
            }),
        )
    }

    pub(super) fn accept(&mut self, baseline: Baseline, now: Stamp) -> Vec<Transition> {
        self.dirty = true;
        self.state.acknowledge_baseline(&self.judgement, baseline, now)
    }

    /// Its margin as of `now`, unless the subject is gone.
    pub(super) fn margin(&self, now: Stamp) -> Option<Margin> {
        (!self.retired).then(|| self.state.margin(&self.judgement, now))
    }

    /// What a margin says of the state, without the rate and what follows from it; `None` when the subject is gone.
    pub(super) fn standing(&self) -> Option<(Physical, Option<f64>)> {
        (!self.retired).then(|| (self.state.physical(), self.state.proximity(&self.judgement)))
    }

    /// Why it has failed, while its own value says so.
    pub(super) fn failure(&self) -> Option<String> {
        let (_, proximity) = self.standing()?;
        let fails = self.state.has_failed() && proximity.is_some_and(|proximity| proximity >= 1.0);
        fails.then(|| self.state.reasons().join("; "))
    }

    pub(super) fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    pub(super) fn stored(&self) -> StoredState {
        StoredState { state: self.state.clone(), own: self.own, retired: self.retired }
    }

    /// As a probe is told of it after a start; `None` when the subject is gone or a drill's.
    pub(super) fn known(&self) -> Option<Known> {
        let subject = self.state.subject();
        (!self.retired && !subject.starts_with(DRILL_PREFIX)).then(|| Known {
            signal: self.state.signal().to_owned(),
            subject: subject.to_owned(),
            labels: self.state.labels().clone(),
            past: Vec::new(),
        })
    }

    /// A drill's subject that is not retired.
    pub(super) fn is_drill_left(&self) -> bool {
        !self.retired && self.state.subject().starts_with(DRILL_PREFIX)
    }

    /// Nothing ever came of it and nothing is left of it. A signal that had an episode keeps its numbers, since
    /// counting anew would repeat the ids of events that were told.
    pub(super) fn is_forgettable(&self) -> bool {
        let quiet = self.state.episode() == 0 && self.state.physical() == Physical::Normal;
        let gone = self.state.signal().starts_with("log.") && self.state.value() == Some(0.0);
        quiet && (self.retired || gone)
    }
}
