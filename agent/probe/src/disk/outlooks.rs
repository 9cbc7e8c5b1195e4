//! How likely each drive is to fail soon, by its counts of the last two weeks, in the agent's memory and before a restart.

use std::collections::BTreeMap;

use nearmiss_agent_core::outlook::{Counts, History, SIGNAL, day};
use nearmiss_agent_core::reading::{Reading, SAID, Stamp};
use nearmiss_agent_core::smart::{Report, attribute_of};

use crate::Known;

/// By who the drive is.
#[derive(Debug, Default)]
pub(super) struct Outlooks(BTreeMap<String, History>);

impl Outlooks {
    /// What was counted before a restart.
    pub(super) fn take_up(&mut self, known: &Known) {
        let Some(attribute) = attribute_of(&known.signal) else { return };
        let history = self.0.entry(known.subject.clone()).or_default();
        for (at, count) in &known.past {
            history.recall(day(*at), attribute, *count as u64);
        }
    }

    /// Of the drive that this report and these readings are of; only ATA drives count what the rule was found on.
    pub(super) fn reading(&mut self, report: &Report, readings: &[Reading], at: Stamp) -> Option<Reading> {
        let first = readings.first().filter(|_| !report.attributes.is_empty())?;
        let history = self.0.entry(first.subject.clone()).or_default();
        history.push(day(at.wall), Counts::of(|id| report.count(id)));
        let mut reading = Reading::value(SIGNAL, &first.subject, at, history.points());
        reading.labels.clone_from(&first.labels);
        let said = history.reasons().join("; ");
        if said.is_empty() {
            reading.labels.remove(SAID);
        } else {
            reading.labels.insert(SAID.to_owned(), said);
        }
        Some(reading)
    }

    /// Drives that are gone are forgotten.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.0.retain(|subject, _| is_there(subject));
    }
}
