//! Distance to failure: normal N, approach W, critical C, failure limit F on one scale (domain.md 1.3).

use nearmiss_shared::time::Span;
use serde::{Deserialize, Serialize};

/// The four levels of a signal in its own unit. Falling-bad signals have F below N; the signs cancel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub normal: f64,
    pub approach: f64,
    pub critical: f64,
    pub limit: f64,
}

impl Limits {
    pub const fn new(normal: f64, approach: f64, critical: f64, limit: f64) -> Self {
        Self { normal, approach, critical, limit }
    }

    /// 0 at the normal level, 1 at the failure limit; may be negative or exceed 1.
    pub fn proximity(&self, value: f64) -> f64 {
        (value - self.normal) / (self.limit - self.normal)
    }

    /// What is left before failure, in the signal's unit; 0 past the limit.
    pub fn margin(&self, value: f64) -> f64 {
        if self.proximity(value) >= 1.0 { 0.0 } else { (self.limit - value).abs() }
    }

    /// Whether N, W, C and F follow each other in one direction.
    pub fn are_ordered(&self) -> bool {
        let rising =
            self.normal < self.approach && self.approach <= self.critical && self.critical <= self.limit;
        let falling =
            self.normal > self.approach && self.approach >= self.critical && self.critical >= self.limit;
        let finite =
            [self.normal, self.approach, self.critical, self.limit].iter().all(|level| level.is_finite());
        finite && (rising || falling)
    }
}

/// A rate of closing in proximity per hour, with the range seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closing {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Time until proximity 1 at this rate: estimate, soonest, latest. `None` ("not converging") unless the rate's
/// lower bound points to failure; never infinite.
pub fn time_to_failure(proximity: f64, closing: Closing) -> Option<(Span, Span, Span)> {
    let left = 1.0 - proximity;
    if closing.low <= 0.0 || left <= 0.0 {
        return None;
    }
    let span = |rate: f64| Span::from_millis((left / rate * 3_600_000.0).round().min(3.2e13) as i64);
    Some((span(closing.estimate), span(closing.high), span(closing.low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falling_and_rising_signals_read_on_one_scale() {
        let free = Limits::new(0.5, 0.15, 0.05, 0.0);
        let temperature = Limits::new(40.0, 55.0, 58.0, 60.0);
        for (limits, value, proximity) in [
            (free, 0.5, 0.0),
            (free, 0.15, 0.7),
            (free, 0.05, 0.9),
            (free, 0.0, 1.0),
            (temperature, 50.0, 0.5),
        ] {
            assert!((limits.proximity(value) - proximity).abs() < 1e-9, "{value}");
        }
        assert_eq!(free.margin(0.08), 0.08);
        assert_eq!(free.margin(-0.1), 0.0);
    }

    #[test]
    fn levels_must_follow_each_other() {
        assert!(Limits::new(0.5, 0.15, 0.05, 0.0).are_ordered());
        assert!(!Limits::new(0.5, 0.6, 0.05, 0.0).are_ordered());
        assert!(!Limits::new(0.5, 0.15, 0.05, f64::NAN).are_ordered());
        assert!(!Limits::new(0.5, 0.5, 0.5, 0.5).are_ordered());
    }

    #[test]
    fn time_to_failure_needs_a_lower_bound_that_points_to_failure() {
        let closing = Closing { estimate: 0.1, low: 0.05, high: 0.2 };
        let (estimate, soonest, latest) = time_to_failure(0.8, closing).unwrap();
        assert_eq!((estimate.as_hours(), soonest.as_hours(), latest.as_hours()), (2.0, 1.0, 4.0));
        assert_eq!(time_to_failure(0.8, Closing { low: 0.0, ..closing }), None);
        assert_eq!(time_to_failure(1.1, closing), None);
    }
}
