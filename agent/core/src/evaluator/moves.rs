//! The rows of the table, one function a state.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};

use super::{Phase, SignalState, Transition};
use crate::ordinal;
use crate::reading::Stamp;
use crate::rule::{Judgement, STANDING_AFTER};
use crate::signal::Scale;

/// A reading that decides by itself, whatever its level.
#[derive(Clone, Copy)]
pub(super) enum Push<'a> {
    Approach(&'a str),
    Breach(&'a str),
}

/// One sample with all that the moves ask of it.
struct Facts<'a> {
    at: Stamp,
    proximity: f64,
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
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.keep(at, value);
        }
        let facts = Facts { at, proximity: self.proximity(judgement).unwrap_or(0.0), push };
        let mut out: Vec<Transition> = self.back_from_dark(judgement, facts.at).into_iter().collect();
        out.extend(self.judge(judgement, &facts));
        out
    }

    fn judge(&mut self, judgement: &Judgement, facts: &Facts<'_>) -> Option<Transition> {
        if self.fails(judgement, facts) && !matches!(self.phase, Phase::Breached { .. }) {
            return Some(self.breach(judgement, facts.at, facts.push));
        }
        match self.phase.clone() {
            Phase::Normal => self.while_normal(judgement, facts, 0),
            Phase::Watch { count } => self.while_normal(judgement, facts, count),
            Phase::Approached { since, step } => self.while_approached(judgement, facts, since, step),
            Phase::Receding { quiet_since } => self.while_receding(judgement, facts, quiet_since),
            Phase::Recovered { since, count } => self.while_recovered(judgement, facts, since, count),
            Phase::Breached { since, quiet_since } => {
                // What nobody watched is no part of a hold.
                let quiet_since = quiet_since.filter(|_| !self.was_silent(judgement, facts.at));
                let quiet = facts.push.is_none() && facts.proximity < judgement.reset();
                self.phase =
                    Phase::Breached { since, quiet_since: quiet.then(|| quiet_since.unwrap_or(facts.at)) };
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

    fn while_normal(&mut self, judgement: &Judgement, facts: &Facts<'_>, counted: u32) -> Option<Transition> {
        if let Some(Push::Approach(reason)) = facts.push {
            return Some(self.open(judgement, facts, vec![reason.to_owned()]));
        }
        if facts.proximity >= judgement.approach() {
            let count = counted + 1;
            self.phase = Phase::Watch { count };
            return (count >= judgement.confirm).then(|| {
                let reasons = self.level_reasons(judgement, count);
                self.open(judgement, facts, reasons)
            });
        }
        self.phase = Phase::Normal;
        self.forecast_count =
            if self.converges_fast(judgement, facts.proximity) { self.forecast_count + 1 } else { 0 };
        (self.forecast_count >= judgement.confirm).then(|| {
            let reasons = self.forecast_reasons(judgement);
            self.open(judgement, facts, reasons)
        })
    }

    fn while_approached(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        since: Stamp,
        step: usize,
    ) -> Option<Transition> {
        if facts.push.is_none()
            && facts.proximity < judgement.reset()
            && !self.converges_fast(judgement, facts.proximity)
        {
            self.phase = Phase::Receding { quiet_since: facts.at };
            self.reasons = vec![format!("back to {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Receding, Physical::Receding, facts.at));
        }
        let reached = self.step(judgement, facts.proximity);
        if reached > step {
            self.phase = Phase::Approached { since, step: reached };
            self.reasons = vec![format!("now {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Worsened, Physical::Approached, facts.at));
        }
        let still = facts.at.since(since) >= STANDING_AFTER && self.time_to_failure(judgement).is_none();
        if still && facts.proximity >= judgement.approach() {
            self.phase = Phase::Standing { entry: facts.proximity, quiet_since: None };
            self.reasons =
                vec![format!("near but not moving for {STANDING_AFTER}: {}", self.told(judgement))];
            return Some(self.transition(judgement, EventKind::Standing, Physical::Standing, facts.at));
        }
        None
    }

    fn while_receding(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        quiet_since: Stamp,
    ) -> Option<Transition> {
        if let Some(Push::Approach(reason)) = facts.push {
            return Some(self.open(judgement, facts, vec![reason.to_owned()]));
        }
        if facts.proximity >= judgement.approach() {
            let reasons = vec![format!("near again: {}", self.told(judgement))];
            return Some(self.open(judgement, facts, reasons));
        }
        let quiet = facts.proximity < judgement.reset();
        self.phase = Phase::Receding { quiet_since: if quiet { quiet_since } else { facts.at } };
        None
    }

    fn while_recovered(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        since: Stamp,
        counted: u32,
    ) -> Option<Transition> {
        if let Some(Push::Approach(reason)) = facts.push {
            return Some(self.open(judgement, facts, vec![reason.to_owned()]));
        }
        let count = if facts.proximity >= judgement.approach() { counted + 1 } else { 0 };
        if count >= judgement.confirm {
            let reasons = vec![format!("near again: {}", self.told(judgement))];
            return Some(self.open(judgement, facts, reasons));
        }
        self.phase = Phase::Recovered { since, count };
        None
    }

    fn while_standing(
        &mut self,
        judgement: &Judgement,
        facts: &Facts<'_>,
        entry: f64,
        quiet_since: Option<Stamp>,
    ) -> Option<Transition> {
        let grown = self.baseline.is_some() && facts.proximity >= judgement.approach();
        let converging = self.converges_fast(judgement, facts.proximity);
        let past_entry = self.baseline.is_none() && facts.proximity >= entry + judgement.hysteresis;
        if grown || converging || past_entry {
            let reasons = vec![format!("a standing hazard moves again: {}", self.told(judgement))];
            return Some(self.open(judgement, facts, reasons));
        }
        let quiet = self.baseline.is_none() && facts.proximity < judgement.reset();
        self.phase = Phase::Standing { entry, quiet_since: quiet.then(|| quiet_since.unwrap_or(facts.at)) };
        None
    }

    /// An episode opens.
    fn open(&mut self, judgement: &Judgement, facts: &Facts<'_>, reasons: Vec<String>) -> Transition {
        self.episode += 1;
        self.forecast_count = 0;
        self.reasons = reasons;
        self.phase = Phase::Approached { since: facts.at, step: self.step(judgement, facts.proximity) };
        self.transition(judgement, EventKind::Approached, Physical::Approached, facts.at)
    }

    pub(super) fn breach(&mut self, judgement: &Judgement, at: Stamp, push: Option<Push<'_>>) -> Transition {
        if matches!(self.phase, Phase::Normal | Phase::Watch { .. } | Phase::Recovered { .. }) {
            self.episode += 1;
        }
        self.reasons = match push {
            Some(Push::Breach(reason) | Push::Approach(reason)) => vec![reason.to_owned()],
            None => vec![format!("the limit is reached: {}", self.told(judgement))],
        };
        self.phase = Phase::Breached { since: at, quiet_since: None };
        self.transition(judgement, EventKind::Breached, Physical::Breached, at)
    }

    /// The subject is gone: for anything that was near, that is what ended it.
    pub(super) fn retire(&mut self, judgement: &Judgement, at: Stamp, why: &str) -> Option<Transition> {
        let phase = match &self.phase {
            Phase::Dark { previous, .. } => (**previous).clone(),
            phase => phase.clone(),
        };
        self.reasons = vec![why.to_owned()];
        match phase {
            Phase::Normal | Phase::Watch { .. } | Phase::Dark { .. } => {
                self.phase = Phase::Normal;
                None
            }
            Phase::Breached { .. } => None,
            _ => {
                self.phase = Phase::Recovered { since: at, count: 0 };
                Some(self.transition(judgement, EventKind::Retired, Physical::Recovered, at))
            }
        }
    }

    /// The highest level reached that is told apart.
    fn step(&self, judgement: &Judgement, proximity: f64) -> usize {
        match judgement.scale {
            Scale::Limited(_) => usize::from(proximity >= judgement.critical()),
            Scale::Ordinal(family) => {
                ordinal::closeness(family, self.value().map_or(0.0, |value| self.above_baseline(value)), 0.0)
                    .1
            }
        }
    }

    fn level_reasons(&self, judgement: &Judgement, count: u32) -> Vec<String> {
        let over = judgement.interval.map_or(Span::ZERO, |interval| interval.times(i64::from(count)));
        let told = self.told(judgement);
        let mut reasons = vec![match count {
            1 => told,
            count => format!("{told} for {count} samples ({over})"),
        }];
        let grown = self.growth();
        if matches!(judgement.scale, Scale::Ordinal(_)) && grown > 0.0 {
            let since = self.samples.first().zip(self.samples.last());
            let span = since.map_or(Span::ZERO, |(first, last)| last.at.since(first.at));
            reasons.push(format!("rose by {grown} in {span}"));
        }
        reasons
    }

    fn forecast_reasons(&self, judgement: &Judgement) -> Vec<String> {
        let told = self.told(judgement);
        match self.time_to_failure(judgement) {
            Some((estimate, soonest, latest)) => {
                vec![format!("{told}, failing in {estimate} ({soonest} to {latest}) at the rate seen")]
            }
            None => vec![told],
        }
    }
}
