//! From an array to a reading: failures still tolerable as the margin.

use std::collections::BTreeMap;

use super::{Array, Health, drive_of};
use crate::proximity::Limits;
use crate::reading::{Measure, Reading, SAID, Stamp};

/// A member that is near its own end counts half a failure more, once one is gone already.
const NEAR_MEMBER: f64 = 0.5;

/// Readings of the arrays that are redundant by design. `near` are drives that approach failure themselves: the
/// kernel's name to who they are.
pub fn readings(arrays: &[Array], near: &BTreeMap<String, String>, at: Stamp) -> Vec<Reading> {
    arrays.iter().filter(|array| array.is_redundant()).map(|array| reading(array, near, at)).collect()
}

fn reading(array: &Array, near: &BTreeMap<String, String>, at: Stamp) -> Reading {
    let weak: Vec<String> = array
        .members
        .iter()
        .filter_map(|member| near.get(drive_of(member)).map(|drive| format!("{member} ({drive})")))
        .collect();
    let measure = match &array.health {
        Health::Survives(left) => margin(array, *left, &weak),
        Health::Lost { why } => Measure::Consequence { value: Some(-1.0), reason: told(array, why) },
        Health::Unknown { why } => Measure::Invalid { why: why.clone() },
    };
    let mut reading = Reading::of("disk.redundancy", &array.subject, at, measure)
        .label("level", array.level.as_str())
        .label("members", array.members.join(" "));
    if !array.remarks.is_empty() {
        reading = reading.label(SAID, array.remarks.join("; "));
    }
    reading.limits = Some(limits(array.designed));
    reading
}

/// Approach is the first failure, critical the last tolerable one, the limit the failure after it.
fn limits(designed: u32) -> Limits {
    let whole = f64::from(designed);
    let critical = if designed > 1 { 0.5 } else { 0.25 };
    Limits::new(whole, whole - 0.5, critical, -1.0)
}

fn margin(array: &Array, left: u32, weak: &[String]) -> Measure {
    let degraded = left < array.designed;
    let counts = weak.len() > 1 || (degraded && !weak.is_empty());
    let value = f64::from(left) - if counts { NEAR_MEMBER } else { 0.0 };
    let also = match (degraded, counts) {
        (true, true) => {
            format!("degraded, and {} is itself near failure: the closest call there is", weak.join(", "))
        }
        (true, false) => "degraded".to_owned(),
        (false, true) => format!("{} are all near failure themselves", weak.join(", ")),
        (false, false) => return Measure::Value(value),
    };
    let survives = match left {
        0 => "no further failure is survived".to_owned(),
        left => format!("survives {left} more of {} by design", array.designed),
    };
    Measure::Trigger { value: Some(value), reason: told(array, &format!("{also}; {survives}")) }
}

fn told(array: &Array, what: &str) -> String {
    let remarks = array.remarks.iter().map(|remark| format!("; {remark}")).collect::<String>();
    format!("{} ({}): {what}{remarks}", array.subject, array.level)
}
