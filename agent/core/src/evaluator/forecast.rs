//! How fast a signal closes, and whether that opens an episode before approach is reached.

use nearmiss_shared::time::Span;

use super::SignalState;
use crate::proximity::{Closing, time_to_failure};
use crate::rule::Judgement;
use crate::slope::{Sample, Slope, slope};

/// The window is this part of the horizon: 10 minutes for an hour, two hours for half a day.
const WINDOW_PART: i64 = 6;

impl SignalState {
    /// The slope over the window in the signal's own unit per hour.
    pub(crate) fn rate(&self, judgement: &Judgement) -> Option<Slope> {
        slope(&self.window(judgement))
    }

    /// Estimate, soonest and latest time to failure; `None` when not converging or when there is no limit.
    pub(crate) fn time_to_failure(&self, judgement: &Judgement) -> Option<(Span, Span, Span)> {
        let limits = judgement.limits()?;
        let rate = self.rate(judgement)?;
        let per_proximity = limits.limit - limits.normal;
        let mut ends = [rate.low / per_proximity, rate.high / per_proximity];
        ends.sort_by(f64::total_cmp);
        let [low, high] = ends;
        time_to_failure(
            self.proximity(judgement)?,
            Closing { estimate: rate.estimate / per_proximity, low, high },
        )
    }

    /// Converging fast: both halves of a full window point to failure within the horizon, from half-way on.
    pub(super) fn converges_fast(&self, judgement: &Judgement, proximity: f64) -> bool {
        if !judgement.forecast {
            return false;
        }
        let window = self.window(judgement);
        let spanned = window.first().zip(window.last()).map_or(0, |((first, _), (last, _))| last - first);
        let full = spanned * 10 >= self.window_length(judgement) * 9;
        let agreeing = self.rate(judgement).is_some_and(|rate| rate.agreeing);
        let soon = self.time_to_failure(judgement).is_some_and(|(_, _, latest)| latest <= judgement.horizon);
        full && agreeing && soon && proximity >= 0.5 * judgement.approach()
    }

    fn window_length(&self, judgement: &Judgement) -> i64 {
        judgement.horizon.as_millis() / WINDOW_PART
    }

    fn window(&self, judgement: &Judgement) -> Vec<Sample> {
        let Some(newest) = self.samples.last() else { return Vec::new() };
        let from = newest.at.boot_ms - self.window_length(judgement);
        let samples = self.samples.iter().filter(|sample| sample.at.boot_ms >= from);
        samples.map(|sample| (sample.at.boot_ms, sample.value)).collect()
    }
}
