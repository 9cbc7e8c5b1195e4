//! What comes first: the order of every list of signals and cases.
//!
//! Closeness is not comparable across kinds (a certificate at 0.9 has days, a filesystem minutes), so the order
//! is: breached, then no redundancy left, then time to failure divided by the time needed to respond, then
//! proximity; ordinal signals last within their band (domain.md 1.4).

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
    pub ordinal: bool,
}

/// Proximity bands of 0.1: within one, an ordinal closeness yields to a measured one.
fn band(proximity: f64) -> i64 {
    (proximity * 10.0).floor() as i64
}

impl Urgency {
    fn pressure(&self) -> Option<f64> {
        self.time_to_failure_seconds.map(|seconds| seconds / self.response_seconds.max(1.0))
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
