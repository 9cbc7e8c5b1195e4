//! From a plugin's ranges to a distance: the critical range's end is the failure limit, the warning range's the
//! approach, and normal lies at the value's own bound, at zero, or on the far side.

use super::perfdata::Value;
use super::range::Range;
use crate::proximity::Limits;

/// Why a value has no distance to failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDistance {
    #[error("not determined")]
    NoValue,
    #[error("no warning and critical range")]
    NoRanges,
    #[error("the ranges share no side to approach")]
    NoSide,
    #[error("below the minimum it is told with")]
    BelowMinimum,
    #[error("normal, warning and critical do not follow each other")]
    NotOrdered,
}

/// One way to fail: past `approach` is warned of, past `limit` is critical. Rising when `up`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Side {
    up: bool,
    approach: f64,
    limit: f64,
}

/// The levels of this value now. Where it can fail on two sides, the nearer one counts.
///
/// # Errors
/// There is no distance to be told.
pub fn distance(value: &Value) -> Result<Limits, NoDistance> {
    let now = value.value.ok_or(NoDistance::NoValue)?;
    let (warning, critical) = value.warning.zip(value.critical).ok_or(NoDistance::NoRanges)?;
    if is_bare(warning) && is_bare(critical) && now < 0.0 {
        // Offsets: `60` is written for both ways, and the plugin judges by the size.
        return mirrored(value, now);
    }
    let (side, normal) = match sides(warning, critical, now) {
        (Some(up), Some(down)) if !critical.inside => {
            let middle = f64::midpoint(up.approach, down.approach);
            (if now < middle { down } else { up }, middle)
        }
        (up, down) => {
            let side = match is_island(critical) {
                true if now < f64::midpoint(critical.start, critical.end) => up,
                true => down,
                false => up.or(down),
            };
            let side = side.ok_or(NoDistance::NoSide)?;
            (side, far_side(side, value))
        }
    };
    let sign = if side.up { 1.0 } else { -1.0 };
    let approach = side.approach + sign * step(value, warning, critical, warning);
    let limit = side.limit + sign * step(value, warning, critical, critical);
    let limits = Limits::new(normal, approach, f64::midpoint(approach, limit), limit);
    if limits.are_ordered() { Ok(limits) } else { Err(NoDistance::NotOrdered) }
}

/// An end of a plain range is itself still good. Of whole numbers the next one is the first that alerts; of others
/// the end is near enough.
fn step(value: &Value, warning: Range, critical: Range, of: Range) -> f64 {
    let whole = value.whole && warning.whole && critical.whole;
    if whole && !of.inside { 1.0 } else { 0.0 }
}

/// `@10:20`: bad between two ends, and good on both sides of it.
const fn is_island(range: Range) -> bool {
    range.inside && range.start.is_finite() && range.end.is_finite()
}

/// `10` or `0:10`: from nothing to a ceiling.
fn is_bare(range: Range) -> bool {
    !range.inside && range.start == 0.0 && range.end.is_finite()
}

fn mirrored(value: &Value, now: f64) -> Result<Limits, NoDistance> {
    if value.min.is_some_and(|min| min >= 0.0) {
        return Err(NoDistance::BelowMinimum);
    }
    let positive = Value { value: Some(-now), ..value.clone() };
    let Limits { normal, approach, critical, limit } = distance(&positive)?;
    Ok(Limits::new(-normal, -approach, -critical, -limit))
}

/// The sides on which both ranges alert, critical not before warning.
fn sides(warning: Range, critical: Range, now: f64) -> (Option<Side>, Option<Side>) {
    // check_swap and its like write a bare number for a floor; a warning above critical gives it away.
    if is_bare(warning) && is_bare(critical) && warning.end > critical.end {
        return (None, Some(Side { up: false, approach: warning.end, limit: critical.end }));
    }
    if warning.inside != critical.inside && (is_island(warning) || is_island(critical)) {
        return (None, None);
    }
    let up = ends(above(warning), above(critical))
        .filter(|(approach, limit)| approach <= limit)
        .map(|(approach, limit)| Side { up: true, approach, limit });
    let down = ends(below(warning), below(critical))
        .filter(|(approach, limit)| approach >= limit)
        .map(|(approach, limit)| Side { up: false, approach, limit });
    // Ranges that both begin at nothing have one side only, as long as nothing is below it.
    let from_nothing = now >= 0.0 && warning.start == 0.0 && critical.start == 0.0;
    match from_nothing && up.is_some() && down.is_some() {
        true if critical.inside => (None, down),
        true => (up, None),
        false => (up, down),
    }
}

fn ends(approach: f64, limit: f64) -> Option<(f64, f64)> {
    (approach.is_finite() && limit.is_finite()).then_some((approach, limit))
}

/// A rising value alerts past here.
const fn above(range: Range) -> f64 {
    if range.inside { range.start } else { range.end }
}

/// A falling value alerts past here.
const fn below(range: Range) -> f64 {
    if range.inside { range.end } else { range.start }
}

/// Where this value is when all is well: its own bound on the far side, else zero where that lies there, else as
/// far before warning as twice the way from warning to critical.
fn far_side(side: Side, value: &Value) -> f64 {
    let bound = if side.up { value.min } else { value.max };
    let full = (!side.up && value.unit == "percent").then_some(100.0);
    let nothing = side.up.then_some(0.0);
    let is_far = |normal: &f64| if side.up { *normal < side.approach } else { *normal > side.approach };
    let told = [bound, full, nothing].into_iter().flatten().find(is_far);
    told.unwrap_or(side.approach + 2.0 * (side.approach - side.limit))
}
