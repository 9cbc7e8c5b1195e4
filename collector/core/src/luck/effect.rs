//! Whether the signal did anything about an action: its course before and after, by least squares.

use nearmiss_shared::time::{Span, Timestamp};

use crate::case::{Case, Mitigation};

/// How long before an action its signal's trend is read.
const BEFORE: Span = Span::from_minutes(15);
/// How long after an action an effect is waited for, where nothing is known of how slow the signal is, and at most.
const LEAST: Span = Span::from_minutes(10);
const MOST: Span = Span::from_hours(6);
/// How far a person's memory of when they acted is off.
const REMEMBERED: Span = Span::from_minutes(2);
/// Points from which a trend is read.
const ENOUGH: usize = 3;
/// A fall of less than so many times its own noise, or than this in closeness, is none.
const NOISE: f64 = 4.0;
const SEEN: f64 = 0.005;

/// What an action did, in closeness (0 normal, 1 failure) an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// It fell at once, or grew no more than half as fast, or went back.
    Turned { before: f64, after: f64, fell: f64 },
    /// It went on as before.
    Nothing { before: f64, after: f64 },
    /// It was going back already.
    TooLate { before: f64 },
    /// Too little was read about that time; what is known is whether it turned soon after.
    Unread { soon: bool },
}

/// What `action` did to the case's signal, which turned at `turned`.
pub fn of(case: &Case, action: &Mitigation, turned: Timestamp) -> Effect {
    let begun = earliest(action);
    let end = action.run.as_ref().map_or(action.at, |run| run.ended_at.max(action.at));
    let until = end.plus(patience(case));
    let between = |from: Timestamp, to: Timestamp| {
        let course = case.measures.course.iter();
        let inside = course.filter(|(at, _)| *at >= from && *at <= to);
        inside.map(|(at, closeness)| (hours(begun, *at), *closeness)).collect::<Vec<_>>()
    };
    let before = between(begun.minus(BEFORE), begun);
    let after = between(begun.plus(Span::from_millis(1)), until);
    let (Some(trend), Some(then)) = (Line::through(&before), Line::through(&after)) else {
        return told(case, action).unwrap_or(Effect::Unread { soon: turned <= until });
    };
    let expected = |at: f64| trend.at(at);
    let fell = median(after.iter().take(ENOUGH).map(|(at, closeness)| expected(*at) - closeness).collect());
    let noise = NOISE * trend.noise(&before);
    let passed = hours(begun.minus(BEFORE), begun);
    if trend.slope < 0.0 && -trend.slope * passed > noise.max(SEEN) {
        return Effect::TooLate { before: trend.slope };
    }
    // Against what it would have come to by the end: a slow signal moves little in the time that is waited.
    let missed = after.last().map_or(0.0, |(at, closeness)| expected(*at) - closeness);
    let slowed = then.slope <= 0.5 * trend.slope && missed > noise.max(SEEN);
    match slowed || fell > noise.max(SEEN) {
        true => Effect::Turned { before: trend.slope, after: then.slope, fell },
        false => Effect::Nothing { before: trend.slope, after: then.slope },
    }
}

/// When an action may have begun: of what its host recorded, then; of what a person remembers, some minutes before.
pub(super) fn earliest(action: &Mitigation) -> Timestamp {
    if action.on_host { action.at } else { action.at.minus(REMEMBERED) }
}

/// The noise of the signal's newest course, in closeness; `None` where too little was read.
pub(super) fn noise(case: &Case) -> Option<f64> {
    let course: Vec<(f64, f64)> = {
        let first = case.measures.course.first()?.0;
        case.measures.course.iter().map(|(at, closeness)| (hours(first, *at), *closeness)).collect()
    };
    // What lies between neighbours is noise as far as it is not trend.
    let steps: Vec<f64> = course.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).collect();
    (steps.len() >= ENOUGH).then(|| median(steps) / std::f64::consts::SQRT_2)
}

/// What the host itself measured about a command, where samples are missing.
fn told(case: &Case, action: &Mitigation) -> Option<Effect> {
    let run = action.run.as_ref()?;
    let (before, after, limit) = (run.before?, run.after?, case.measures.limit?);
    let gained = (limit - after).abs() - (limit - before).abs();
    Some(if gained > 0.0 {
        Effect::Turned { before: 0.0, after: 0.0, fell: gained }
    } else {
        Effect::Nothing { before: 0.0, after: 0.0 }
    })
}

/// A third of the time for which the rule asks it to stay back: signals that are slow to trust are slow to move.
fn patience(case: &Case) -> Span {
    let third = case.measures.hold.map(|seconds| Span::from_millis((seconds * 1000.0 / 3.0) as i64));
    third.unwrap_or(LEAST).clamp(LEAST, MOST)
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from).as_seconds() / 3600.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A straight line, by least squares.
struct Line {
    slope: f64,
    start: f64,
}

impl Line {
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < ENOUGH {
            return None;
        }
        let count = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        let (x, y) = (x / count, y / count);
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let slope = if spread > 0.0 { together / spread } else { 0.0 };
        Some(Self { slope, start: y - slope * x })
    }

    fn at(&self, x: f64) -> f64 {
        self.start + self.slope * x
    }

    /// The usual distance of the points from the line.
    fn noise(&self, points: &[(f64, f64)]) -> f64 {
        median(points.iter().map(|(x, y)| (y - self.at(*x)).abs()).collect()) * 1.4826
    }
}
