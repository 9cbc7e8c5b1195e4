//! What comes first: the order of every list of signals and cases.
//!
//! Closeness is not comparable across kinds (a certificate at 0.9 has days, a filesystem minutes), so the order
//! is: breached, then no redundancy left, then time to failure (where the signal is at least half-way to approach)
//! divided by the time needed to respond, then proximity; ordinal signals last within their band (domain.md 1.4).

use std::cmp::Ordering;

/// The facts that decide how soon somebody should look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Urgency {
    pub breached: bool,
    /// The subject's last independent barrier is gone.
    pub no_redundancy: bool,
    /// Lower bound where there is one, else the estimate.
    pub time_to_failure_seconds: Option<f64>,
    /// Seconds a person needs to respond; the unit in which time to failure is felt.
    pub response_seconds: f64,
    pub proximity: Option<f64>,
    /// Proximity of the signal's own approach level.
    pub approach: f64,
    pub ordinal: bool,
}

/// Proximity of the approach level between these levels; `None` when they do not tell.
pub fn approach_proximity(normal: Option<f64>, approach: Option<f64>, limit: Option<f64>) -> Option<f64> {
    let (normal, approach, limit) = (normal?, approach?, limit?);
    let way = limit - normal;
    (way != 0.0).then(|| ((approach - normal) / way).clamp(0.0, 1.0))
}

/// The signal that counts how many further failures its subject survives.
pub const LAST_BARRIER: &str = "disk.redundancy";

/// Whether this value of this signal says that the subject survives no further failure.
pub fn is_last_barrier(signal: &str, value: Option<f64>) -> bool {
    signal == LAST_BARRIER && value.is_some_and(|left| left <= 0.0)
}

/// Proximity bands of 0.1: within one, an ordinal closeness yields to a measured one.
fn band(proximity: f64) -> i64 {
    (proximity * 10.0).floor() as i64
}

impl Urgency {
    /// A time to failure counts from half-way to approach on, as it does where episodes open: before, it is the noise
    /// of a healthy signal.
    fn pressure(&self) -> Option<f64> {
        let counts = self.proximity.is_some_and(|proximity| proximity >= 0.5 * self.approach);
        self.time_to_failure_seconds
            .filter(|_| counts)
            .map(|seconds| seconds / self.response_seconds.max(1.0))
    }

    /// `Less` means more urgent, so that sorting puts the most urgent first. Total: NaN sorts last.
    pub fn order(&self, other: &Self) -> Ordering {
        other
            .breached
            .cmp(&self.breached)
            .then(other.no_redundancy.cmp(&self.no_redundancy))
            .then_with(|| match (self.pressure(), other.pressure()) {
                (Some(ours), Some(theirs)) => ours.total_cmp(&theirs),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            })
            .then_with(|| match (self.proximity, other.proximity) {
                (Some(ours), Some(theirs)) => band(theirs)
                    .cmp(&band(ours))
                    .then(self.ordinal.cmp(&other.ordinal))
                    .then(theirs.total_cmp(&ours)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_made_far_from_failure_leads_no_list() {
        let usual = Urgency { approach: 0.7, response_seconds: 900.0, ..Urgency::default() };
        let soon = Some(12_240.0);
        let near = Urgency { proximity: Some(0.81), ..usual };
        let noise = Urgency { proximity: Some(-0.44), time_to_failure_seconds: soon, ..usual };
        let filling = Urgency { proximity: Some(0.36), time_to_failure_seconds: soon, ..usual };
        assert_eq!(near.order(&noise), Ordering::Less, "a healthy disk on which somebody wrote");
        assert_eq!(filling.order(&near), Ordering::Less, "half-way to approach a prediction counts");
        assert_eq!(approach_proximity(Some(0.5), Some(0.15), Some(0.0)), Some(0.7));
        assert_eq!(approach_proximity(Some(0.5), None, Some(0.0)), None);
    }

    #[test]
    fn the_list_is_ordered_as_the_specification_says() {
        let calm = Urgency { proximity: Some(0.2), response_seconds: 900.0, ..Urgency::default() };
        let ordinal = Urgency { proximity: Some(0.68), ordinal: true, ..calm };
        let measured = Urgency { proximity: Some(0.62), ..calm };
        let filling = Urgency { time_to_failure_seconds: Some(3_600.0), proximity: Some(0.5), ..calm };
        let degraded = Urgency { no_redundancy: true, ..calm };
        let breached = Urgency { breached: true, ..calm };
        let unknown = Urgency { proximity: None, ..calm };
        let expected = [breached, degraded, filling, measured, ordinal, calm, unknown];
        for (index, pair) in expected.windows(2).enumerate() {
            assert_eq!(pair[0].order(&pair[1]), Ordering::Less, "pair {index}");
            assert_eq!(pair[1].order(&pair[0]), Ordering::Greater, "pair {index}");
        }
    }
}
