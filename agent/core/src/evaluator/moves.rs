//! The rows of the table, one function a state.

use nearmiss_shared::vocabulary::{Category, EventKind, Physical};

use super::episode::Cause;
use super::measures::Course;
use super::phase::Unconfirmed;
use super::{Phase, Sample, SignalState, Transition, forecast};
use crate::reading::Stamp;
use crate::rule::{Judgement, STANDING_AFTER};
use crate::signal::Scale;

/// A reading that decides by itself, whatever its level.
#[derive(Clone, Copy, Debug)]
pub(super) enum Push<'a> {
    Approach(&'a str),
    Breach(&'a str),
}

/// One sample with all that the moves ask of it.
pub(super) struct Facts<'a> {
    pub(super) at: Stamp,
    pub(super) proximity: f64,
    push: Option<Push<'a>>,
}

impl SignalState {
    /// A valid sample, or a push that may carry one.
    pub(super) fn sampled(
        &mut self,
        judgement: &Judgement,
        at: Stamp,
        value: Option<f64>,
        push: Option<Push<'_>>,
    ) -> Vec<Transition> {
        let value = value.filter(|value| value.is_finite());
        if let Some(value) = value {
            self.memory.keep(Sample { at, value }, forecast::window_length(judgement));
            self.watched_since.get_or_insert(at);
        }
        let facts = Facts { at, proximity: self.proximity(judgement).unwrap_or(0.0), push };
        let mut out: Vec<Transition> = self.back_from_dark(judgement, facts.at).into_iter().collect();
        if value.is_some() {
            self.measured(judgement, at);
        }
        out.extend(self.judge(judgement, &facts));
        if value.is_some() {
            self.usual.sample(judgement, facts.proximity, at.wall);
        }
        out
    }

    fn judge(&mut self, judgement: &Judgement, facts: &Facts<'_>) -> Option<Transition> {
        // What stands and is known is told, and opens nothing; what was open before the rule said so runs to its end.
        if judgement.hazard && matches!(self.phase, Phase::Normal | Phase::Watch(_)) {
            self.phase = Phase::Normal;
            return None;
        }
        // What was only inferred from a crash is told again when it is seen.
        if self.fails(judgement, facts) && !self.has_failed() {
            return Some(self.breach(judgement, facts.at, facts.push));
        }
        match self.phase.clone() {
            Phase::Normal => self.while_normal(judgement, facts, Unconfirmed::default()),
            Phase::Watch(unconfirmed) => self.while_normal(judgement, facts, unconfirmed),
            Phase::Approached { since, step, early } => {
                self.while_approached(judgement, facts, since, step, early)
            }
            Phase::Receding { quiet_since } => self.while_receding(judgement, facts, quiet_since),
            Phase::Recovered { since, again } => self.while_recovered(judgement, facts, since, again),
            Phase::Breached { since, quiet_since, inferred } => {
                let quiet = is_quiet(judgement, facts).then(|| quiet_since.unwrap_or(facts.at));
                self.phase = Phase::Breached { since, quiet_since: quiet, inferred };
                None
            }
            Phase::Standing { entry, quiet_since } => {
                self.while_standing(judgement, facts, entry, quiet_since)
            }
            Phase::Dark { .. } => None,
        }
    }

    /// The failure limit is reached, or a consequence was seen. Ordinals are breached by consequences only, and so
    /// are logins: any number of failed attempts is not yet a break-in.
    fn fails(&self, judgement: &Judgement, facts: &Facts<'_>) -> bool {
        let limited = matches!(judgement.scale, Scale::Limited(_)) && judgement.category != Category::Login;
        matches!(facts.push, Some(Push::Breach(_)))
            || (limited && self.value().is_some() && facts.proximity >= 1.0)
    }

    fn while_normal(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        before: Unconfirmed,
    ) -> Option<Transition> {
        if let Some(opened) = self.triggered(judgement, facts) {
            return Some(opened);
        }
        if facts.proximity >= judgement.approach() {
            let unconfirmed = before.and(facts.at);
            self.phase = Phase::Watch(unconfirmed);
            if is_confirmed(judgement, unconfirmed, facts.at) {
                let reasons = self.level_reasons(judgement, unconfirmed.count, unconfirmed.near_since);
                return Some(self.open(judgement, facts, Cause::Level(unconfirmed.near_since), reasons));
            }
        } else {
            self.blips += u64::from(matches!(self.phase, Phase::Watch(_)));
            self.phase = Phase::Normal;
        }
        self.converged(judgement, facts)
    }

    fn while_approached(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        since: Stamp,
        step: usize,
        early: bool,
    ) -> Option<Transition> {
        if is_quiet(judgement, facts) && !(early && self.keeps_closing(judgement, facts)) {
            self.phase = Phase::Receding { quiet_since: facts.at };
            self.course.iter_mut().for_each(|course| course.turn(facts.at));
            self.reasons = vec![format!("back to {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Receding, Physical::Receding, facts.at));
        }
        let early = early && facts.proximity < judgement.approach();
        let reached = self.step(judgement, facts.proximity);
        self.phase = Phase::Approached { since, step: reached.max(step), early };
        if reached > step {
            self.reasons = vec![format!("now {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Worsened, Physical::Approached, facts.at));
        }
        let old = facts.at.since(since) >= STANDING_AFTER && facts.proximity >= judgement.approach();
        if old && self.time_to_failure(judgement, facts.at).is_none() {
            self.phase = Phase::Standing { entry: facts.proximity, quiet_since: None };
            self.reasons =
                vec![format!("near but not moving for {STANDING_AFTER}: {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Standing, Physical::Standing, facts.at));
        }
        None
    }

    /// What its trend opened below reset is not back while that trend goes on: still half-way, still closing, and
    /// not fallen from its peak.
    fn keeps_closing(&self, judgement: &Judgement, facts: &Facts<'_>) -> bool {
        let peak = self.course.as_ref().and_then(Course::peak);
        let fallen = peak.is_some_and(|peak| facts.proximity <= peak - judgement.hysteresis);
        !fallen
            && facts.proximity >= forecast::HALF_WAY * judgement.approach()
            && self.still_closes(judgement)
    }

    fn while_receding(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        quiet_since: Stamp,
    ) -> Option<Transition> {
        if let Some(opened) = self.triggered(judgement, facts) {
            return Some(opened);
        }
        if facts.proximity >= judgement.approach() {
            let reasons = vec![format!("near again: {}", self.told(judgement))];
            return Some(self.open(judgement, facts, Cause::Level(Some(facts.at)), reasons));
        }
        let quiet = facts.proximity < judgement.reset();
        self.phase = Phase::Receding { quiet_since: if quiet { quiet_since } else { facts.at } };
        self.converged(judgement, facts)
    }

    fn while_recovered(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        since: Stamp,
        before: Unconfirmed,
    ) -> Option<Transition> {
        if let Some(opened) = self.triggered(judgement, facts) {
            return Some(opened);
        }
        let near = facts.proximity >= judgement.approach();
        let again = if near { before.and(facts.at) } else { Unconfirmed::default() };
        self.phase = Phase::Recovered { since, again };
        if near && is_confirmed(judgement, again, facts.at) {
            let reasons = vec![format!("near again: {}", self.told(judgement))];
            return Some(self.open(judgement, facts, Cause::Level(again.near_since), reasons));
        }
        self.converged(judgement, facts)
    }

    fn while_standing(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        entry: f64,
        quiet_since: Option<Stamp>,
    ) -> Option<Transition> {
        // An accepted count is judged by what came on top of it; everything else by where it stood.
        let accepted_count = self.baseline.is_some() && matches!(judgement.scale, Scale::Ordinal(_));
        let lapsed = self.baseline.as_ref().is_some_and(|known| facts.at.wall >= known.until);
        let near = facts.proximity >= judgement.approach();
        let moved = facts.proximity >= entry + judgement.hysteresis;
        if (near && (accepted_count || lapsed)) || (moved && !accepted_count) {
            let reasons = vec![self.standing_reason(judgement, lapsed)];
            return Some(self.open(judgement, facts, Cause::Level(Some(facts.at)), reasons));
        }
        let quiet = !accepted_count && is_quiet(judgement, facts);
        self.phase = Phase::Standing { entry, quiet_since: quiet.then(|| quiet_since.unwrap_or(facts.at)) };
        self.converged(judgement, facts)
    }

    fn triggered(&mut self, judgement: &Judgement, facts: &Facts<'_>) -> Option<Transition> {
        let Some(Push::Approach(reason)) = facts.push else { return None };
        Some(self.open(judgement, facts, Cause::Trigger, vec![reason.to_owned()]))
    }

    /// Opens when the trend converged fast on as many samples in a row as the rule asks.
    fn converged(&mut self, judgement: &Judgement, facts: &Facts<'_>) -> Option<Transition> {
        let fast = self.converges_fast(judgement, facts.proximity);
        self.forecast_count = if fast { self.forecast_count + 1 } else { 0 };
        (self.forecast_count >= judgement.confirm.max(1)).then(|| {
            let reasons = self.forecast_reasons(judgement, facts.at);
            self.open(judgement, facts, Cause::Trend, reasons)
        })
    }
}

/// Enough samples in a row, or as long as so many take where some were lost.
fn is_confirmed(judgement: &Judgement, unconfirmed: Unconfirmed, at: Stamp) -> bool {
    let long = judgement.interval.map(|interval| interval.times(i64::from(judgement.confirm)));
    let near = unconfirmed.near_since.map(|since| at.since(since));
    unconfirmed.count >= judgement.confirm || long.zip(near).is_some_and(|(long, near)| near >= long)
}

/// Back below reset, and nothing says otherwise.
fn is_quiet(judgement: &Judgement, facts: &Facts<'_>) -> bool {
    facts.push.is_none() && facts.proximity < judgement.reset()
}
