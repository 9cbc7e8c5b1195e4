//! How fast a signal closes, and whether that opens an episode before approach is reached.
//!
//! One window scaled to the horizon: a sixth of it, so that its halves are 5 minutes for an hour, an hour for half a
//! day, 12 hours for six days. A trend counts when the lower bound of the slope points to failure in both halves,
//! failure lies within the horizon at that bound, and the level is half-way to approach and beyond what is usual.
//! Nothing here looks further back than the window but [`super::usual`]: hours of quiet veto no fill.

use nearmiss_shared::time::Span;

use super::SignalState;
use crate::proximity::{Closing, time_to_failure};
use crate::reading::Stamp;
use crate::rule::Judgement;
use crate::slope::{Sample, Slope, Trend, slope, trend};

/// The window is this part of the horizon.
const WINDOW_PART: i64 = 6;
/// And no shorter than this many intervals, so that each half has its samples.
const WINDOW_INTERVALS: i64 = 10;
/// After a start or a silence no trend counts for so long, or for a window where that is shorter: what starts up
/// takes memory and disk, and then stops.
const SETTLING: Span = Span::from_minutes(10);
/// Percent of a window that its samples must span.
const FULL: i64 = 90;
/// Below this part of approach no trend is near.
pub(super) const HALF_WAY: f64 = 0.5;

/// Time to failure: at the rate seen, at the fastest and at the slowest of the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub estimate: Span,
    pub soonest: Span,
    pub latest: Span,
}

impl Failure {
    /// The same, told `span` later.
    fn run_down(self, span: Span) -> Self {
        let left = |time: Span| Span::from_millis((time.as_millis() - span.as_millis()).max(0));
        Self { estimate: left(self.estimate), soonest: left(self.soonest), latest: left(self.latest) }
    }
}

impl SignalState {
    /// The slope over the window in the signal's own unit per hour.
    pub(crate) fn rate(&self, judgement: &Judgement) -> Option<Slope> {
        slope(&self.window(judgement))
    }

    /// Time to failure as of `now`: it runs down while nothing is heard. `None` when not converging, or when there
    /// is no limit.
    pub(crate) fn time_to_failure(&self, judgement: &Judgement, now: Stamp) -> Option<Failure> {
        let failure = self.failure_at(judgement, self.rate(judgement)?)?;
        let newest = self.memory.last()?;
        Some(failure.run_down(now.since(newest.at)))
    }

    /// Seen from the newest sample, at this rate.
    fn failure_at(&self, judgement: &Judgement, rate: Slope) -> Option<Failure> {
        let closing = rate.per(per_proximity(judgement)?);
        let closing = Closing { estimate: closing.estimate, low: closing.low, high: closing.high };
        let (estimate, soonest, latest) = time_to_failure(self.proximity(judgement)?, closing)?;
        Some(Failure { estimate, soonest, latest })
    }

    /// Converging fast. Slopes are only looked at where the level allows.
    pub(super) fn converges_fast(&self, judgement: &Judgement, proximity: f64) -> bool {
        let Some(newest) = self.memory.last() else { return false };
        let from = (HALF_WAY * judgement.approach()).max(self.usual.beyond(judgement, newest.at.wall));
        if !judgement.forecast || proximity < from || !self.has_settled(judgement) {
            return false;
        }
        let Some(trend) = self.trend(judgement) else { return false };
        let soon = |failure: Failure| failure.latest <= judgement.horizon;
        let Some(per) = per_proximity(judgement) else { return false };
        trend.per(per).rises() && self.failure_at(judgement, trend.whole).is_some_and(soon)
    }

    /// The newer half of the window moves toward failure, however fast.
    pub(super) fn still_closes(&self, judgement: &Judgement) -> bool {
        let closing = self.trend(judgement).zip(per_proximity(judgement));
        closing.is_some_and(|(trend, per)| trend.newer.per(per).estimate > 0.0)
    }

    /// The trend over a whole window.
    fn trend(&self, judgement: &Judgement) -> Option<Trend> {
        let samples = self.window(judgement);
        let spanned = samples.last()?.0 - samples.first()?.0;
        let whole = spanned * 100 >= window_length(judgement).as_millis() * FULL;
        whole.then(|| trend(&samples)).flatten()
    }

    fn has_settled(&self, judgement: &Judgement) -> bool {
        let settling = SETTLING.min(window_length(judgement)).as_millis();
        let watched =
            self.memory.last().zip(self.watched_since).map(|(newest, since)| newest.at.since(since));
        watched.is_some_and(|watched| watched.as_millis() * 100 >= settling * FULL)
    }

    /// The samples of the window. A short one holds none from before a restart or a silence.
    fn window(&self, judgement: &Judgement) -> Vec<Sample> {
        let Some(newest) = self.memory.last() else { return Vec::new() };
        let length = window_length(judgement);
        let begun = self.watched_since.filter(|_| length <= SETTLING).map_or(i64::MIN, |since| since.boot_ms);
        let samples = self.memory.since(begun.max(newest.at.boot_ms - length.as_millis()));
        samples.iter().map(|sample| (sample.at.boot_ms, sample.value)).collect()
    }
}

/// How far back the forecast looks.
pub(super) fn window_length(judgement: &Judgement) -> Span {
    let intervals = judgement.interval.unwrap_or(Span::ZERO).times(WINDOW_INTERVALS);
    Span::from_millis(judgement.horizon.as_millis() / WINDOW_PART).max(intervals)
}

/// How much of the signal's unit lies between normal and failure.
fn per_proximity(judgement: &Judgement) -> Option<f64> {
    judgement.limits().map(|limits| limits.limit - limits.normal)
}
