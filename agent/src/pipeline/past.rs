//! What the history gets of the readings: every value, a minute's worth at a time.
//!
//! A drill leaves no past. While nothing can be written, the newest readings of each signal wait in memory. When an event
//! finds no room on the filesystem, the history makes it.

use nearmiss_agent_core::history::{Readings, Sample};
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::rule::DRILL_PREFIX;
use tracing::{info, warn};

use super::Pipeline;
use super::watched::Watched;

/// Readings of a signal that wait: an hour's, at the pace of filesystems.
const MOST_WAITING: usize = 240;
/// Subjects of log rules come from outside, as many as somebody likes: of them, the nearest are kept at a time.
const MOST_LOG_SUBJECTS: usize = 64;

impl Pipeline {
    pub(super) fn record(&mut self, key: &(String, String), reading: &Reading) {
        let Some(value) = value(&reading.measure).filter(|_| self.parts.history.is_kept()) else { return };
        if reading.drill.is_some() || reading.subject.starts_with(DRILL_PREFIX) {
            return;
        }
        let Some(watched) = self.signals.get_mut(key) else { return };
        watched.unkept.push_back(Sample { at: reading.at.wall, value });
        if watched.unkept.len() > MOST_WAITING {
            watched.unkept.pop_front();
            self.parts.counters.add("history_lost", 1);
        }
    }

    /// Writes what was read since the last time.
    pub(super) async fn keep_history(&mut self) {
        let readings = self.unkept();
        if readings.is_empty() {
            return;
        }
        let now = self.now().wall;
        match self.parts.history.append(readings, now).await {
            Ok(()) if self.forgets => {
                info!("the history is written again");
                self.forgets = false;
            }
            Ok(()) => {}
            Err((readings, fault)) => {
                if !std::mem::replace(&mut self.forgets, true) {
                    warn!(%fault, "the history cannot be written; the newest readings wait in memory");
                }
                self.put_back(readings);
            }
        }
    }

    fn unkept(&mut self) -> Readings {
        let mut log_subjects: Vec<_> = self
            .signals
            .iter()
            .filter(|(key, watched)| key.0.starts_with("log.") && !watched.unkept.is_empty())
            .collect();
        if let Some(excess) = log_subjects.len().checked_sub(MOST_LOG_SUBJECTS).filter(|excess| *excess > 0) {
            let near = |watched: &Watched| watched.standing().and_then(|(_, near)| near).unwrap_or(0.0);
            log_subjects.sort_by(|one, other| near(one.1).total_cmp(&near(other.1)));
            let far: Vec<_> = log_subjects.into_iter().take(excess).map(|(key, _)| key.clone()).collect();
            self.parts.counters.add("history_left_out", far.len() as u64);
            for key in far {
                self.signals.entry(key).and_modify(|watched| watched.unkept.clear());
            }
        }
        let waiting = self.signals.iter_mut().filter(|(_, watched)| !watched.unkept.is_empty());
        waiting.map(|(key, watched)| (key.clone(), watched.unkept.drain(..).collect())).collect()
    }

    fn put_back(&mut self, readings: Readings) {
        for (key, samples) in readings {
            if let Some(watched) = self.signals.get_mut(&key) {
                samples.into_iter().rev().for_each(|sample| watched.unkept.push_front(sample));
            }
        }
    }

    /// Gives the older half of the history to a full filesystem; false when there was nothing to give.
    pub(super) async fn forget_half(&mut self) -> bool {
        let bytes = self.parts.history.give_up().await;
        if bytes > 0 {
            warn!(bytes, "the disk is full: the older half of the history is given up");
        }
        bytes > 0
    }
}

/// What was measured, in whatever way it was told.
fn value(measure: &Measure) -> Option<f64> {
    match measure {
        Measure::Value(value) => Some(*value),
        Measure::Trigger { value, .. } | Measure::Consequence { value, .. } => *value,
        Measure::Invalid { .. } | Measure::Resting { .. } | Measure::Retired { .. } => None,
    }
}
