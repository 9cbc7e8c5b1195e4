//! The curve of a case: its value over time against the approach level and the failure limit, as SVG geometry.
//!
//! The drawing is stretched to its place (`preserveAspectRatio="none"`), so it holds no letters; what it shows is said
//! in words beside it.

use nearmiss_shared::time::Timestamp;

use crate::pages::when;
use crate::pages::words;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;
/// Points beyond this are not to be told apart.
const MOST: usize = 600;

/// A value at an instant.
pub(crate) type Point = (Timestamp, f64);

/// A curve that can be drawn: it has two points at least.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// `M0.0 120.0L…`.
    pub path: String,
    /// Heights of the levels.
    pub approach: Option<f64>,
    pub limit: Option<f64>,
    /// Where beyond the limit is: top and height.
    pub beyond: Option<(f64, f64)>,
    /// Where the closest point is.
    pub nearest: f64,
    pub from: String,
    pub to: String,
    pub approach_words: String,
    pub limit_words: String,
    pub nearest_words: String,
    /// The curve in one sentence.
    pub sentence: String,
}

/// The levels a curve is drawn against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels<'a> {
    pub approach: Option<f64>,
    pub limit: Option<f64>,
    pub unit: &'a str,
}

impl Curve {
    /// `None` with fewer than two points.
    pub(crate) fn new(mut points: Vec<Point>, levels: Levels<'_>) -> Option<Self> {
        points.retain(|(_, value)| value.is_finite());
        points.sort_by_key(|(at, _)| *at);
        points.dedup_by_key(|(at, _)| *at);
        let (first, last) = (*points.first()?, *points.last()?);
        if first.0 == last.0 {
            return None;
        }
        let nearest = nearest(&points, levels)?;
        let frame = Frame::around(&points, levels);
        let step = points.len().div_ceil(MOST);
        let drawn = points
            .iter()
            .enumerate()
            .filter(|(index, point)| index % step == 0 || **point == last || **point == nearest);
        let mut path = String::new();
        for (_, (at, value)) in drawn {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", frame.x(*at), frame.y(*value)));
        }
        let told =
            |level: Option<f64>| level.map_or_else(String::new, |value| words::value(value, levels.unit));
        Some(Self {
            path,
            approach: levels.approach.map(|value| frame.y(value)),
            limit: levels.limit.map(|value| frame.y(value)),
            beyond: levels.limit.map(|limit| frame.beyond(limit, levels.falls())),
            nearest: frame.x(nearest.0),
            from: when::short(first.0),
            to: when::short(last.0),
            approach_words: told(levels.approach),
            limit_words: told(levels.limit),
            nearest_words: format!("{} at {}", told(Some(nearest.1)), when::short(nearest.0)),
            sentence: sentence(first, last, nearest, levels.unit),
        })
    }
}

fn sentence(first: Point, last: Point, nearest: Point, unit: &str) -> String {
    let told = |point: Point| format!("{} at {}", words::value(point.1, unit), when::short(point.0));
    format!("{}, {}; closest to failure {} (UTC).", told(first), told(last), told(nearest))
}

impl Levels<'_> {
    /// Whether lower is worse.
    pub(crate) fn falls(&self) -> bool {
        matches!((self.approach, self.limit), (Some(approach), Some(limit)) if limit < approach)
    }
}

fn nearest(points: &[Point], levels: Levels<'_>) -> Option<Point> {
    let worse = |value: f64| if levels.falls() { -value } else { value };
    points
        .iter()
        .copied()
        .max_by(|one, other| worse(one.1).total_cmp(&worse(other.1)).then(other.0.cmp(&one.0)))
}

/// What the drawing covers.
struct Frame {
    start: i64,
    length: f64,
    low: f64,
    height: f64,
}

impl Frame {
    fn around(points: &[Point], levels: Levels<'_>) -> Self {
        let values = points.iter().map(|(_, value)| *value).chain(levels.approach).chain(levels.limit);
        let (low, high) =
            values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        // What does not move is drawn flat: noise far below a hundredth of the value fills no drawing.
        let pad = ((high - low) * 0.08).max(f64::EPSILON.max(high.abs() * 0.01));
        let start = points.first().map_or(0, |(at, _)| at.as_millis());
        let end = points.last().map_or(1, |(at, _)| at.as_millis());
        Self { start, length: (end - start).max(1) as f64, low: low - pad, height: high - low + 2.0 * pad }
    }

    fn x(&self, at: Timestamp) -> f64 {
        round((at.as_millis() - self.start) as f64 / self.length * WIDTH)
    }

    fn y(&self, value: f64) -> f64 {
        round(HEIGHT - (value - self.low) / self.height * HEIGHT)
    }

    fn beyond(&self, limit: f64, falls: bool) -> (f64, f64) {
        let y = self.y(limit);
        if falls { (y, round(HEIGHT - y)) } else { (0.0, y) }
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Span;

    use super::*;
    use crate::pages::sample::NOW;

    const FREE: Levels<'static> = Levels { approach: Some(0.15), limit: Some(0.0), unit: "ratio" };

    fn at(minutes: i64) -> Timestamp {
        NOW.plus(Span::from_minutes(minutes))
    }

    #[test]
    fn the_closest_point_lies_toward_the_limit() {
        let points = vec![(at(0), 0.3), (at(10), 0.04), (at(20), 0.2)];
        let curve = Curve::new(points, FREE).unwrap();
        assert_eq!((curve.nearest, curve.nearest_words.as_str()), (500.0, "4.0 % at 24 Nov 06:10"));
        assert!(curve.path.starts_with("M0.0 ") && curve.path.matches('L').count() == 2, "{}", curve.path);
        assert!(curve.limit.unwrap() > curve.approach.unwrap(), "a falling margin has its limit below");
        assert_eq!(curve.from, "24 Nov 06:00");
    }

    #[test]
    fn rising_values_are_worse_upward_and_one_point_is_no_curve() {
        let hot = Levels { approach: Some(50.0), limit: Some(60.0), unit: "celsius" };
        let curve = Curve::new(vec![(at(0), 41.0), (at(5), 55.0)], hot).unwrap();
        assert_eq!(curve.nearest, 1000.0);
        assert_eq!(curve.beyond.map(|(top, _)| top), Some(0.0));
        assert_eq!(Curve::new(vec![(at(0), 1.0)], hot), None);
        assert_eq!(Curve::new(vec![(at(0), f64::NAN), (at(1), 1.0)], hot), None);
    }

    #[test]
    fn a_flat_curve_is_drawn_flat() {
        let heights = |levels: Levels<'_>| {
            let points =
                (0..60).map(|minute| (at(minute), 0.4 + f64::from(minute as i32 % 2) * 1e-9)).collect();
            let curve = Curve::new(points, levels).unwrap();
            let mut heights: Vec<String> =
                curve.path.split('L').map(|point| point.split(' ').nth(1).unwrap().to_owned()).collect();
            heights.dedup();
            heights
        };
        assert_eq!(heights(FREE).len(), 1);
        assert_eq!(heights(Levels { approach: None, limit: None, unit: "" }), ["150.0"]);
    }

    #[test]
    fn many_points_are_thinned_and_the_closest_stays() {
        let mut points: Vec<Point> = (0..5_000).map(|minute| (at(minute), 0.3)).collect();
        points[4_321].1 = 0.01;
        let curve = Curve::new(points, FREE).unwrap();
        assert!(curve.path.matches('L').count() < 700);
        assert_eq!(curve.nearest, 864.4);
    }
}
