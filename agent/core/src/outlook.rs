//! The outlook of a drive: whether it is likely to fail soon, by its counts, by their growth, and by how its kind fares.
//!
//! Two rules that a person can check by hand. **Points**: for each kind of count, weight x (log2(1 + count) +
//! log2(1 + growth in 14 days)), added up; a drive is warned of from so many points on. **Kind**: when two drives of a
//! model, and one in twenty of it, have failed, every drive of that model is warned of. A day is judged by that day
//! and earlier ones alone. How the weights were found, and what they reach on drives not seen: README.md of this crate.

mod kind;
mod points;

use nearmiss_shared::time::Timestamp;

use crate::drive_stats::Day;

pub use kind::Kinds;
pub use points::{Counts, History};

nearmiss_shared::words! {
    /// How early to speak: more drives that fail are found, and more healthy ones are named.
    Sensitivity {
        Default = "default",
        High = "high",
    }
}

/// The signal of a drive's points.
pub const SIGNAL: &str = "disk.outlook";

/// The day of an instant (UTC).
pub fn day(at: Timestamp) -> Day {
    Day::try_from(at.as_millis().div_euclid(86_400_000)).unwrap_or(Day::MAX)
}

impl Sensitivity {
    /// Points from which on a drive is warned of: about 0.9 % and 3.4 % of healthy drives in 40 days.
    pub const fn points(self) -> f64 {
        match self {
            Self::Default => 18.4,
            Self::High => 7.0,
        }
    }
}

/// What is known of one drive so far.
#[derive(Clone, Debug, Default)]
pub struct Drive {
    history: History,
}

impl Drive {
    /// Judges one day of the drive: which numbers stand where and moved how, when it is warned of.
    pub fn judge(
        &mut self,
        day: Day,
        counts: Counts,
        kind: Option<String>,
        sensitivity: Sensitivity,
    ) -> Option<Vec<String>> {
        self.history.push(day, counts);
        let near = self.history.points() >= sensitivity.points();
        let mut reasons = if near { self.history.reasons() } else { Vec::new() };
        reasons.extend(kind);
        Some(reasons).filter(|reasons| !reasons.is_empty())
    }
}

#[cfg(test)]
mod tests;
