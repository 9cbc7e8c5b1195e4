//! Version 1 of the wire: events, status, enrolment, evidence, and the requests a host is asked.
//!
//! Times are RFC 3339 UTC with milliseconds, durations seconds, sizes bytes, ratios 0..1. Unknown fields are
//! ignored; unknown event and request kinds are carried as text.

mod measures;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::CaseNumber;
use crate::identity::{BundleId, EventId, HostId, RequestId, StoreId};
use crate::time::Timestamp;
use crate::vocabulary::{Category, EventKind, Physical};

pub use measures::Measures;

/// The version every body of this module states.
pub const VERSION: u32 = 1;

/// A value with the range it was seen in. The samples are not independent, so `low`..`high` is a range seen,
/// not a confidence interval of a test. An open end (`null`) means "no bound": a slope whose lower bound does
/// not point to failure has no latest time of failure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub estimate: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// `POST /agent/v1/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventBatch {
    pub v: u32,
    pub host_id: HostId,
    pub boot_id: String,
    pub sent_at: Timestamp,
    /// Host clock minus collector clock, in milliseconds, as last measured.
    pub clock_offset_ms: Option<i64>,
    pub events: Vec<Event>,
}

/// The rule that judged, with the hash of its thresholds so that later edits cannot rewrite history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    pub name: String,
    pub hash: String,
}

/// One transition of one signal, or something done on the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    /// `None` for events about the store.
    pub episode: Option<u64>,
    /// Rises per (signal, subject); for `action`, `gap`, `loss` per store.
    pub sequence: u64,
    pub kind: EventKind,
    pub observed_at: Timestamp,
    /// Milliseconds since boot (CLOCK_BOOTTIME).
    pub boot_ms: u64,
    pub category: Category,
    /// Dotted name; the empty string for events about the store.
    pub signal: String,
    pub subject: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    pub rule: RuleRef,
    /// The physical state after the transition.
    pub state: Physical,
    pub value: Option<f64>,
    #[serde(default)]
    pub unit: String,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub critical: Option<f64>,
    /// `None` for ordinal signals, which have no failure limit.
    pub limit: Option<f64>,
    #[serde(default)]
    pub ordinal: bool,
    pub proximity: Option<f64>,
    pub rate_per_hour: Option<Estimate>,
    /// `None` is "not converging" where a rate was measured, "n/a" where none exists.
    pub time_to_failure_seconds: Option<Estimate>,
    /// How long the rule asks a signal to stay back before it counts as recovered; older agents do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<f64>,
    /// The episode in numbers; older agents do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// At most 200 thinned samples before the event: milliseconds relative to `observed_at` (<= 0), value.
    #[serde(default)]
    pub samples: Vec<(i64, f64)>,
    /// Plain sentences: what moved, by how much, over what time.
    #[serde(default)]
    pub reasons: Vec<String>,
    pub bundle: Option<BundleId>,
    pub drill: Option<String>,
    #[serde(default)]
    pub observing: bool,
    /// The spool could not be written; this event exists only in this request.
    #[serde(default)]
    pub not_spooled: bool,
}

/// Answer to a batch: what is durable (its case move included) and what was not taken, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub stored: Vec<EventId>,
    pub refused: Vec<Refused>,
}

/// An event that will never be taken as it stands; the agent quarantines it and goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub id: EventId,
    pub problem: String,
}

/// `POST /agent/v1/status`, each 30 s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub v: u32,
    pub host_id: HostId,
    pub store_id: StoreId,
    pub boot_id: String,
    pub sent_at: Timestamp,
    pub boot_ms: u64,
    pub agent_version: String,
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
    pub spool: SpoolDepth,
    /// Every signal at or above 0.25 or changed, the 20 most urgent at most.
    #[serde(default)]
    pub signals: Vec<SignalStatus>,
    /// How many more signals are watched beyond `signals`.
    #[serde(default)]
    pub signals_not_listed: u64,
    /// The last minute of each open episode: that, and nothing more, is the case's curve.
    #[serde(default)]
    pub minutes: Vec<EpisodeMinute>,
    /// What became of requests fetched earlier.
    #[serde(default)]
    pub answers: Vec<RequestAnswer>,
    #[serde(default)]
    pub observing: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolDepth {
    pub events: u64,
    pub bundles: u64,
    /// Bytes set aside so that a full disk cannot silence the agent.
    pub reserved_bytes: u64,
}

/// Where one signal stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalStatus {
    pub signal: String,
    pub subject: String,
    pub category: Category,
    pub value: Option<f64>,
    #[serde(default)]
    pub unit: String,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub critical: Option<f64>,
    pub limit: Option<f64>,
    #[serde(default)]
    pub ordinal: bool,
    pub proximity: Option<f64>,
    /// The lower bound where one is known, else the estimate.
    pub time_to_failure_seconds: Option<f64>,
    pub state: Physical,
    /// Of the value: it may be older than the report.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting: Option<Resting>,
}

/// A subject that is not read for a reason that is no fault, like a drive in standby: its last value stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    pub since: Timestamp,
    /// `asleep`
    pub why: String,
}

/// Min, max and last value of one minute of an open episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeMinute {
    pub signal: String,
    pub subject: String,
    pub episode: u64,
    pub minute: Timestamp,
    pub min: f64,
    pub max: f64,
    pub last: f64,
    /// The proximity nearest to failure in this minute.
    pub closest: Option<f64>,
    /// Samples taken and samples that were due, for coverage.
    pub samples: u32,
    pub expected: u32,
}

/// Answer to a status report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusAnswer {
    pub requests: Vec<Request>,
    pub server_time: Timestamp,
    /// This host's open cases, so that a person on it knows by which name to call them.
    #[serde(default)]
    pub cases: Vec<OpenCase>,
}

/// An open case of the host that is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCase {
    pub case: CaseNumber,
    pub signal: String,
    pub subject: String,
    pub acknowledged: bool,
}

/// Something the host is asked. It carries data, never a command line or a path, and is obeyed only where the
/// host's root-owned `[accept]` table allows its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    /// One of `baseline, maintenance, rules, snapshot, drill, samples, rotate_key, retire`.
    pub kind: String,
    pub data: serde_json::Value,
    pub expires: Timestamp,
}

/// `data` of a `baseline` request: the old count becomes quiet until it grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub signal: String,
    pub subject: String,
    pub value: f64,
    pub until: Timestamp,
    pub reason: String,
    pub person: String,
}

/// `data` of a `maintenance` request: watching goes on, nobody is paged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    pub until: Timestamp,
    pub reason: String,
    pub person: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnswer {
    pub id: RequestId,
    pub outcome: RequestOutcome,
    #[serde(default)]
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    Done,
    Refused,
    Expired,
}

/// `POST /agent/v1/enrol`, authorised by the enrolment token and signed by the new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    pub v: u32,
    pub token: String,
    pub hostname: String,
    /// A stable identity of the machine (a hash of `/etc/machine-id`), so that duplicates are noticed.
    pub machine: String,
    /// The host's Ed25519 public key, 64 hexadecimal digits.
    pub public_key: String,
    /// Name or id of the host whose history this one continues.
    pub replace: Option<String>,
    pub agent_version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    pub host_id: HostId,
    pub client: String,
    pub site: String,
    /// What requests to this collector are addressed to (`nearmiss-audience`).
    pub audience: String,
    pub server_time: Timestamp,
    /// Seconds a new host learns before it pages; 0 switches observe mode off.
    pub observe_seconds: u64,
}

/// `GET /agent/v1/hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub versions: Vec<u32>,
    pub max_body_bytes: usize,
    pub max_events: usize,
    pub max_part_bytes: usize,
    pub audience: String,
    pub server_time: Timestamp,
}

/// `POST /agent/v1/evidence/{bundle}`: closes an upload of numbered parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceClose {
    pub v: u32,
    /// SHA-256 of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    pub bytes: u64,
    pub parts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch as the first released agent wrote it. It must decode for as long as version 1 is understood.
    const STORED_SAMPLE: &str = include_str!("v1/batch.sample.json");

    #[test]
    fn the_stored_sample_of_version_1_still_decodes() {
        let batch: EventBatch = serde_json::from_str(STORED_SAMPLE).unwrap();
        let event = &batch.events[0];
        assert_eq!(batch.v, VERSION);
        assert_eq!(event.kind, EventKind::Approached);
        assert_eq!(event.subject, "/srv");
        assert_eq!(event.samples, vec![(-30_000, 0.16), (-15_000, 0.15), (0, 0.149)]);
        assert_eq!(event.time_to_failure_seconds.unwrap().low, Some(10_200.0));
        let again: EventBatch = serde_json::from_str(&serde_json::to_string(&batch).unwrap()).unwrap();
        assert_eq!(again, batch);
    }
}
