//! Daily drive statistics as Backblaze publishes them: a row a drive and day, `date, serial_number, model, failure` and
//! any subset of `smart_N_raw`. Judged in the order of their days.

mod reader;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::outlook::{Counts, Drive, Kinds, Sensitivity};

pub use reader::{Line, Reader, date};

/// Days since 1970.
pub type Day = i32;

/// One row as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub day: Day,
    pub serial: String,
    pub model: String,
    /// The drive was taken out as failed on this day.
    pub failed: bool,
    pub counts: Counts,
}

/// What is known of one drive after the last row.
#[derive(Clone, Debug)]
pub struct Told {
    pub model: String,
    pub first_day: Day,
    /// The first day it was warned of, and why.
    pub first_approach: Option<(Day, Vec<String>)>,
    pub failed: Option<Day>,
    outlook: Drive,
}

/// Drives and days judged one row after the other.
#[derive(Clone, Debug)]
pub struct Replay {
    sensitivity: Sensitivity,
    kinds: Kinds,
    drives: BTreeMap<String, Told>,
    today: Day,
    /// Models of the drives that failed today: known tomorrow.
    failed_today: Vec<String>,
}

/// A row of a day before the last one: a day's judgement would use later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the days are not in order")]
pub struct OutOfOrder;

/// The summary of all (contract.md).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub drives: usize,
    pub failed: usize,
    /// Of these, drives that were there on an earlier day: only they could be warned of.
    pub failed_with_history: usize,
    /// Warned of on a day before they failed.
    pub warned_before_failure: usize,
    pub healthy: usize,
    pub healthy_warned: usize,
    /// Days between the first warning and the failure.
    pub lead_days: Lead,
}

/// `None` where no drive was warned of before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lead {
    pub median: Option<i32>,
    /// Nine in ten of those warned of were warned at least so many days ahead.
    pub p10: Option<i32>,
}

impl Replay {
    pub fn new(sensitivity: Sensitivity) -> Self {
        Self {
            sensitivity,
            kinds: Kinds::default(),
            drives: BTreeMap::new(),
            today: Day::MIN,
            failed_today: Vec::new(),
        }
    }

    /// Judges one row.
    ///
    /// # Errors
    /// It is of an earlier day than the row before.
    pub fn row(&mut self, row: Row) -> Result<(), OutOfOrder> {
        if row.day < self.today {
            return Err(OutOfOrder);
        }
        if row.day > self.today {
            self.today = row.day;
            self.failed_today.drain(..).for_each(|model| self.kinds.failed(&model));
        }
        let is_new = !self.drives.contains_key(&row.serial);
        if is_new {
            self.kinds.seen(&row.model);
        }
        let told = self.drives.entry(row.serial).or_insert_with(|| Told {
            model: row.model.clone(),
            first_day: row.day,
            first_approach: None,
            failed: None,
            outlook: Drive::default(),
        });
        let warned =
            told.outlook.judge(row.day, row.counts, self.kinds.warning(&row.model), self.sensitivity);
        if told.first_approach.is_none() && told.failed.is_none() {
            told.first_approach = warned.map(|reasons| (row.day, reasons));
        }
        if row.failed && told.failed.is_none() {
            told.failed = Some(row.day);
            self.failed_today.push(row.model);
        }
        Ok(())
    }

    /// Every drive by its serial.
    pub fn drives(&self) -> impl Iterator<Item = (&str, &Told)> {
        self.drives.iter().map(|(serial, told)| (serial.as_str(), told))
    }

    pub fn summary(&self) -> Summary {
        let all = || self.drives.values();
        let failed = |told: &&Told| told.failed.is_some();
        let mut leads: Vec<i32> = all().filter_map(Told::lead).collect();
        leads.sort_unstable();
        let warned = |told: &&Told| told.first_approach.is_some();
        let with_history = |told: &&Told| told.failed.is_some_and(|day| day > told.first_day);
        Summary {
            drives: self.drives.len(),
            failed: all().filter(failed).count(),
            failed_with_history: all().filter(with_history).count(),
            warned_before_failure: leads.len(),
            healthy: all().filter(|told| told.failed.is_none()).count(),
            healthy_warned: all().filter(|told| told.failed.is_none()).filter(warned).count(),
            lead_days: Lead { median: at(&leads, 0.5), p10: at(&leads, 0.1) },
        }
    }
}

impl Told {
    /// Days from the first warning to the failure, where the warning came first.
    pub fn lead(&self) -> Option<i32> {
        let (warned, _) = self.first_approach.as_ref()?;
        self.failed.map(|failed| failed - warned).filter(|lead| *lead > 0)
    }
}

/// The value below which `part` of the sorted ones lie.
fn at(sorted: &[i32], part: f64) -> Option<i32> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part).floor() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(day: Day, serial: &str, pending: u64, failed: bool) -> Row {
        let counts = Counts::of(|id| (id == 197).then_some(pending));
        Row { day, serial: serial.to_owned(), model: "ACME".to_owned(), failed, counts }
    }

    #[test]
    fn the_summary_counts_who_was_warned_of_in_time() {
        let mut replay = Replay::new(Sensitivity::Default);
        for (day, serial, pending, failed) in [
            (1, "found", 0, false),
            (1, "sudden", 0, false),
            (1, "well", 0, false),
            (2, "found", 100, false),
            (3, "new and gone", 500, true),
            (5, "found", 200, true),
            (5, "sudden", 500, true),
        ] {
            replay.row(row(day, serial, pending, failed)).unwrap();
        }
        let expected = Summary {
            drives: 4,
            failed: 3,
            failed_with_history: 2,
            warned_before_failure: 1,
            healthy: 1,
            healthy_warned: 0,
            lead_days: Lead { median: Some(3), p10: Some(3) },
        };
        assert_eq!(replay.summary(), expected);
        let found = replay.drives().find(|(serial, _)| *serial == "found").unwrap().1;
        let (day, reasons) = found.first_approach.clone().unwrap();
        assert_eq!((day, reasons[0].as_str()), (2, "100 unreadable sectors, 100 more since the day before"));
        assert_eq!(replay.row(row(4, "well", 0, false)), Err(OutOfOrder));
    }

    #[test]
    fn a_failure_is_known_of_its_model_the_day_after() {
        let mut replay = Replay::new(Sensitivity::Default);
        for (day, serial, failed) in [(1, "a", true), (1, "b", true), (1, "c", false), (2, "c", false)] {
            replay.row(row(day, serial, 0, failed)).unwrap();
        }
        let (_, told) = replay.drives().find(|(serial, _)| *serial == "c").unwrap();
        let (day, reasons) = told.first_approach.clone().unwrap();
        assert_eq!((day, reasons), (2, vec!["2 of 3 drives of this model have failed".to_owned()]));
    }
}
