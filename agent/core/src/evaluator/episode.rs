//! How an episode begins and ends: opened, failed, taken out of service; each with its numbers.

use nearmiss_shared::urgency::is_last_barrier;
use nearmiss_shared::vocabulary::{EventKind, Physical};

use super::measures::Course;
use super::moves::{Facts, Push};
use super::phase::Unconfirmed;
use super::{Phase, SignalState, Transition};
use crate::reading::Stamp;
use crate::rule::Judgement;

/// What makes an episode open.
#[derive(Clone, Copy)]
pub(super) enum Cause {
    /// Samples past approach, the first of them then.
    Level(Option<Stamp>),
    Trend,
    Trigger,
}

impl SignalState {
    /// The newest sample belongs to the running episode.
    pub(super) fn measured(&mut self, judgement: &Judgement, at: Stamp) {
        let Some(mut course) = self.course.take() else { return };
        if let Some(value) = self.value() {
            course.sample(at, self.proximity(judgement), value, self.time_to_failure(judgement, at));
            course.bare(at, is_last_barrier(&self.signal, Some(value)));
        }
        self.course = Some(course);
    }

    /// An episode opens.
    pub(super) fn open(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        cause: Cause,
        reasons: Vec<String>,
    ) -> Transition {
        self.episode += 1;
        self.forecast_count = 0;
        self.reasons = reasons;
        let early = matches!(cause, Cause::Trend) && facts.proximity < judgement.approach();
        let step = self.step(judgement, facts.proximity);
        self.phase = Phase::Approached { since: facts.at, step, early };
        let near_since = match cause {
            Cause::Level(since) => since,
            Cause::Trend => None,
            Cause::Trigger => Some(facts.at),
        };
        self.course = Some(Course::opened(facts.at, near_since, false));
        self.measured(judgement, facts.at);
        self.transition(judgement, EventKind::Approached, Physical::Approached, facts.at)
    }

    pub(super) fn breach(&mut self, judgement: &Judgement, at: Stamp, push: Option<Push<'_>>) -> Transition {
        let silent = self.phase.is_quiet();
        if silent || matches!(self.phase, Phase::Recovered { .. }) {
            self.episode += 1;
            self.course = Some(Course::opened(at, None, silent));
            self.measured(judgement, at);
        }
        self.course.iter_mut().for_each(|course| course.breach(at));
        self.reasons = match push {
            Some(Push::Breach(reason) | Push::Approach(reason)) => vec![reason.to_owned()],
            None => vec![format!("the limit is reached: {}", self.told(judgement))],
        };
        self.phase = Phase::Breached { since: at, quiet_since: None, inferred: false };
        let mut breached = self.transition(judgement, EventKind::Breached, Physical::Breached, at);
        if silent {
            breached.labels.insert("silent".to_owned(), "it failed without a warning".to_owned());
        }
        breached
    }

    /// The subject is gone: for anything that was near, that is what ended it.
    pub(super) fn retire(&mut self, judgement: &Judgement, at: Stamp, why: &str) -> Option<Transition> {
        let phase = match &self.phase {
            Phase::Dark { previous, .. } => (**previous).clone(),
            phase => phase.clone(),
        };
        self.reasons = vec![why.to_owned()];
        match phase {
            Phase::Normal | Phase::Watch(_) | Phase::Dark { .. } => {
                self.phase = Phase::Normal;
                None
            }
            Phase::Breached { .. } => None,
            _ => {
                self.phase = Phase::Recovered { since: at, again: Unconfirmed::default() };
                self.course.iter_mut().for_each(|course| course.recover(at));
                Some(self.transition(judgement, EventKind::Retired, Physical::Recovered, at))
            }
        }
    }
}
