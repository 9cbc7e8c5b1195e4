//! Metrics of a Prometheus exporter: the text exposition format 0.0.4, tolerant of OpenMetrics, and selectors.
//!
//! What an exporter serves is hostile: lines that cannot be read are skipped, series and their labels are bounded.

mod exposition;
mod selector;

use std::collections::BTreeMap;

pub use exposition::read;
pub use selector::{NoSelector, Selector};

/// Letters of a subject that are kept.
const MAX_SUBJECT: usize = 250;

/// One series with its newest value; NaN and infinities are as the exporter told them.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// Each series over the one of `per` that has the same labels; where `per` is a single series, over that.
/// `None` where there is nothing to divide by.
pub fn divided(series: Vec<Series>, per: &[Series]) -> Vec<(Series, Option<f64>)> {
    let partner = |labels: &BTreeMap<String, String>| match per {
        [only] => Some(only.value),
        _ => per.iter().find(|other| other.labels == *labels).map(|other| other.value),
    };
    let divided = |series: Series| {
        let by = partner(&series.labels).filter(|by| *by != 0.0);
        let quotient = by.map(|by| series.value / by);
        (series, quotient)
    };
    series.into_iter().map(divided).collect()
}

/// The subject of a series: the rule's name alone where `labels` is empty, else with those that the series has.
pub fn subject<'l>(rule: &str, series: &Series, labels: impl IntoIterator<Item = &'l str>) -> String {
    let told: Vec<String> = labels
        .into_iter()
        .filter_map(|label| Some(format!("{label}={:?}", series.labels.get(label)?)))
        .collect();
    let subject = if told.is_empty() { rule.to_owned() } else { format!("{rule}{{{}}}", told.join(",")) };
    subject.chars().take(MAX_SUBJECT).collect()
}

#[cfg(test)]
mod tests;
