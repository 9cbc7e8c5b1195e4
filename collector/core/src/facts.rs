//! An event as the case engine knows it: checked and converted from the wire at the edge.

use std::collections::BTreeMap;

use nearmiss_shared::action::{HostAction, label};
use nearmiss_shared::identity::{BundleId, EventId, HostId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::urgency::is_last_barrier;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use serde::{Deserialize, Serialize};

/// A value with the range it was seen in; an open end is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    pub estimate: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// One transition of one signal on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventFacts {
    pub id: EventId,
    pub kind: EventKind,
    pub episode: u64,
    pub sequence: u64,
    pub observed_at: Timestamp,
    pub host: HostId,
    pub host_name: String,
    pub category: Category,
    pub signal: String,
    pub subject: String,
    pub labels: BTreeMap<String, String>,
    pub rule: String,
    pub state: Physical,
    pub value: Option<f64>,
    pub unit: String,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub limit: Option<f64>,
    pub ordinal: bool,
    pub proximity: Option<f64>,
    /// Proximity of the approach level.
    pub tick: f64,
    pub time_to_failure: Option<Range>,
    /// Seconds that the rule asks a signal to stay back; older agents do not say.
    #[serde(default)]
    pub hold: Option<f64>,
    /// Of this episode so far: predicted time to failure over the time to turn.
    #[serde(default)]
    pub slack: Option<f64>,
    /// Of this episode so far: samples read and samples due.
    #[serde(default)]
    pub coverage: Option<(u64, u64)>,
    /// Samples before the event in the signal's unit, oldest first: the closest point lies between two events.
    #[serde(default)]
    pub samples: Vec<(Timestamp, f64)>,
    pub reasons: Vec<String>,
    pub bundle: Option<BundleId>,
    pub drill: Option<String>,
    pub observing: bool,
    /// The host is in a maintenance window: watched, recorded, nobody paged.
    pub maintenance: bool,
}

impl EventFacts {
    /// The soonest time to failure, in seconds.
    pub fn soonest_failure(&self) -> Option<f64> {
        self.time_to_failure.and_then(|range| range.low.or(Some(range.estimate)))
    }

    /// A label's text; empty where there is none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// What was done on the host; one that is not known is shown as a note.
    pub fn action(&self) -> HostAction {
        self.label(label::ACTION).parse().unwrap_or(HostAction::Note)
    }

    /// The account that did it there: `root on lab-srv-07`.
    pub fn account(&self) -> String {
        let person = self.labels.get(label::PERSON).unwrap_or(&self.host_name);
        format!("{person} on {}", self.host_name)
    }

    /// A failure that the host only infers, from having gone down without an orderly shutdown.
    pub fn is_crash(&self) -> bool {
        self.kind == EventKind::Breached && self.labels.contains_key("crash")
    }

    /// No independent barrier is left behind this signal.
    pub fn no_redundancy(&self) -> bool {
        is_last_barrier(&self.signal, self.value)
    }
}
