//! Closeness of counts that never fall (domain.md 1.3): a monotone table, versioned, labelled *ordinal*.
//!
//! Such a count has no failure limit and no time to failure; the table says how close drives with such counts
//! were, from public drive statistics (disk-health.md): annual failure by raw value rises steeply from the first
//! pending or uncorrectable sector, and for reallocated ones above sixteen.

use serde::{Deserialize, Serialize};

use crate::outlook::Sensitivity;

/// Rises whenever a value of the table changes; stored with every event's rule hash.
pub const TABLE_VERSION: u32 = 3;
/// Closeness at approach and at critical, the same for every count.
pub const APPROACH: f64 = 0.5;
pub const CRITICAL: f64 = 0.8;
/// What growth within the window adds, in steps of the table.
const GROWTH_STEP: f64 = 0.06;
const MOST: f64 = 0.99;

/// Which row of the table a count reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Remapped sectors (ATA 5, 196; SAS grown defects): harmless to about 4, steep after 16.
    Reallocated,
    /// Sectors that could not be read (ATA 187, 197, 198; NVMe media errors; SAS uncorrected): the first matters.
    Unreadable,
    /// Spin retries, end-to-end errors (ATA 10, 184): the first matters.
    Mechanical,
    /// Cable and command noise (ATA 188, 199): what is new of it, at low weight. It is no decay: the cable, the
    /// backplane or the controller comes before the drive.
    Link,
    /// Self-tests that failed: a new one matters, one that is known is history.
    SelfTest,
    /// Entries of the drive's error log: what is new of them, since the old ones never go.
    ErrorLog,
    /// Points of [`crate::outlook`], which hold the growth already: critical from where the default warns.
    Outlook,
    /// The drive says so itself: attributes below their threshold, verdict FAILED.
    Verdict,
}

impl Family {
    /// Whether the table is read by what came within the window instead of by the whole count.
    pub const fn is_by_growth(self) -> bool {
        matches!(self, Self::Link | Self::SelfTest | Self::ErrorLog)
    }

    /// Whether growth counts beside the level.
    const fn adds_growth(self) -> bool {
        !self.is_by_growth() && !matches!(self, Self::Outlook)
    }
}

const STEPS: [(Family, &[(f64, f64)]); 8] = [
    (Family::Reallocated, &[(1.0, 0.30), (4.0, 0.52), (16.0, 0.72), (70.0, 0.84), (260.0, 0.92)]),
    (Family::Unreadable, &[(1.0, 0.60), (3.0, 0.72), (6.0, 0.82), (16.0, 0.90)]),
    (Family::Mechanical, &[(1.0, 0.55), (3.0, 0.70), (10.0, 0.82)]),
    (Family::Link, &[(1.0, 0.10), (10.0, 0.25), (100.0, 0.40), (1000.0, 0.52)]),
    (Family::SelfTest, &[(1.0, 0.60), (3.0, 0.72)]),
    (Family::ErrorLog, &[(1.0, 0.30), (5.0, 0.52), (50.0, 0.65)]),
    (Family::Outlook, &[(Sensitivity::High.points(), 0.60), (Sensitivity::Default.points(), 0.92)]),
    (Family::Verdict, &[(1.0, 0.95)]),
];

/// Closeness 0..0.99 of `count` events, of which `growth` came within the window, and the step reached.
/// Monotone in both.
pub fn closeness(family: Family, count: f64, growth: f64) -> (f64, usize) {
    let steps = STEPS.iter().find(|(row, _)| *row == family).map_or(&[][..], |(_, steps)| steps);
    let read = if family.is_by_growth() { growth } else { count };
    let reached = steps.iter().take_while(|(from, _)| read >= *from).count();
    let level = reached.checked_sub(1).and_then(|index| steps.get(index)).map_or(0.0, |(_, level)| *level);
    let adds = growth > 0.0 && level > 0.0 && family.adds_growth();
    let grown = if adds { GROWTH_STEP * growth_steps(growth) } else { 0.0 };
    ((level + grown).min(MOST), reached)
}

/// One step for any growth, one more for each tenfold.
fn growth_steps(growth: f64) -> f64 {
    (1.0 + growth.max(1.0).log10().floor()).min(3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_as_the_statistics_say() {
        for (family, count, near) in [
            (Family::Reallocated, 3.0, false),
            (Family::Reallocated, 4.0, true),
            (Family::Unreadable, 1.0, true),
            (Family::Link, 100.0, false),
            (Family::Outlook, 6.9, false),
            (Family::Outlook, 7.0, true),
            (Family::Verdict, 1.0, true),
        ] {
            assert_eq!(closeness(family, count, 0.0).0 >= APPROACH, near, "{family:?} {count}");
        }
    }

    #[test]
    fn an_old_count_of_cable_errors_self_tests_or_log_entries_is_quiet_and_a_new_one_speaks() {
        for (family, growth, near) in [
            (Family::Link, 999.0, false),
            (Family::Link, 1000.0, true),
            (Family::SelfTest, 1.0, true),
            (Family::ErrorLog, 4.0, false),
            (Family::ErrorLog, 5.0, true),
        ] {
            assert_eq!(closeness(family, 1e6, 0.0), (0.0, 0), "{family:?}");
            assert_eq!(closeness(family, 1e6, growth).0 >= APPROACH, near, "{family:?} {growth}");
        }
    }

    #[test]
    fn closeness_never_falls_when_count_or_growth_rise() {
        for (family, _) in STEPS {
            let mut before = 0.0;
            for count in 0..2000 {
                let (now, _) = closeness(family, f64::from(count), 0.0);
                assert!(now >= before && now < 1.0);
                assert!(closeness(family, f64::from(count), 5.0).0 >= now);
                before = now;
            }
        }
    }
}
