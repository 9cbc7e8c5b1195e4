//! Counts of what the server did since it started, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted, with its help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Requests,
    EventsStored,
    EventsRepeated,
    EventsRefused,
    CasesOpened,
    StatusReports,
    BundlesStored,
    TimersFired,
    MessagesSent,
    MessagesFailed,
    MessagesDropped,
}

const NAMES: [(Count, &str, &str); 11] = [
    (Count::Requests, "http_requests_total", "HTTP requests answered"),
    (Count::EventsStored, "events_stored_total", "Events of agents stored"),
    (Count::EventsRepeated, "events_repeated_total", "Events that were stored before"),
    (Count::EventsRefused, "events_refused_total", "Events refused for good"),
    (Count::CasesOpened, "cases_opened_total", "Near-miss cases opened"),
    (Count::StatusReports, "status_reports_total", "Status reports of hosts"),
    (Count::BundlesStored, "bundles_stored_total", "Evidence bundles stored"),
    (Count::TimersFired, "timers_fired_total", "Clocks of cases that rang"),
    (Count::MessagesSent, "messages_sent_total", "Messages handed to a channel"),
    (Count::MessagesFailed, "messages_failed_total", "Deliveries that failed"),
    (Count::MessagesDropped, "messages_dropped_total", "Messages that no longer mattered"),
];

#[derive(Debug, Default)]
pub struct Counters([AtomicU64; NAMES.len()]);

impl Counters {
    pub fn add(&self, count: Count, by: usize) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.fetch_add(by as u64, Ordering::Relaxed);
        }
    }

    /// Prometheus text exposition.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for ((_, name, help), counter) in NAMES.iter().zip(&self.0) {
            let value = counter.load(Ordering::Relaxed);
            text.push_str(&format!(
                "# HELP nearmiss_{name} {help}\n# TYPE nearmiss_{name} counter\nnearmiss_{name} {value}\n"
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_its_own_line() {
        for (index, (count, ..)) in NAMES.iter().enumerate() {
            assert_eq!(*count as usize, index);
        }
        let counters = Counters::default();
        counters.add(Count::EventsStored, 3);
        assert!(counters.text().contains("\nnearmiss_events_stored_total 3\n"));
        assert!(counters.text().contains("\nnearmiss_cases_opened_total 0\n"));
    }
}
