//! The reasons of a move in plain sentences, and the step that a level has reached.

use nearmiss_shared::time::Span;

use super::{Baseline, SignalState};
use crate::margin::number;
use crate::ordinal;
use crate::reading::Stamp;
use crate::rule::Judgement;
use crate::signal::Scale;

impl SignalState {
    /// The highest level reached that is told apart.
    pub(super) fn step(&self, judgement: &Judgement, proximity: f64) -> usize {
        match judgement.scale {
            Scale::Limited(_) => usize::from(proximity >= judgement.critical()),
            Scale::Ordinal(family) => {
                let above = self.value().map_or(0.0, |value| self.above_baseline(value));
                let growth = if family.is_by_growth() { self.growth() } else { 0.0 };
                ordinal::closeness(family, above, growth).1
            }
        }
    }

    /// `count` samples in a row, the first of them at `since`.
    pub(super) fn level_reasons(
        &self,
        judgement: &Judgement,
        count: u32,
        since: Option<Stamp>,
    ) -> Vec<String> {
        let seen = || Some(self.memory.last()?.at.since(since?));
        let by_interval = judgement.interval.map(|interval| interval.times(i64::from(count)));
        let over = by_interval.or_else(seen).filter(|over| *over > Span::ZERO);
        let held = match (count, over) {
            (1, _) => String::new(),
            (count, None) => format!(" for {count} samples"),
            (count, Some(over)) => format!(" for {count} samples ({over})"),
        };
        let mut reasons = vec![self.told_with(judgement, &held)];
        let grown = self.growth();
        if matches!(judgement.scale, Scale::Ordinal(_)) && grown > 0.0 {
            let since = self.memory.first().zip(self.memory.last());
            let span = since.map(|(first, last)| last.at.since(first.at)).filter(|span| *span > Span::ZERO);
            let within = span.map(|span| format!(" in {span}")).unwrap_or_default();
            reasons.push(format!("rose by {grown}{within}"));
        }
        reasons
    }

    /// Why a standing hazard is one no more.
    pub(super) fn standing_reason(&self, judgement: &Judgement, lapsed: bool) -> String {
        let told = self.told(judgement);
        let Some(Baseline { value, person, .. }) = &self.baseline else {
            return format!("a standing hazard moves again: {told}");
        };
        let who = if person.is_empty() { "a person" } else { person };
        let accepted = number(*value, judgement.unit);
        if lapsed {
            return format!("the time is over for which {who} accepted {accepted}: {told}");
        }
        let more = self.value().map_or(0.0, |now| now - value);
        let more = number((more * 1e6).round() / 1e6, judgement.unit);
        format!("{told}: {more} past the {accepted} that {who} accepted")
    }

    pub(super) fn forecast_reasons(&self, judgement: &Judgement, now: Stamp) -> Vec<String> {
        let outlook = self.time_to_failure(judgement, now).map(|failure| {
            let (estimate, soonest, latest) = (failure.estimate, failure.soonest, failure.latest);
            format!(", failing in {estimate} ({soonest} to {latest}) at the rate seen")
        });
        vec![self.told_with(judgement, &outlook.unwrap_or_default())]
    }
}
