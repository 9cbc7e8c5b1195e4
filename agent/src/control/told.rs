//! The shapes that `check` and `status` print as JSON (contract.md): what the daemon tells and the commands read.

use std::collections::BTreeMap;

use nearmiss_agent_core::margin::Margin;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::{OpenCase, SpoolDepth};
use serde::{Deserialize, Serialize};

use crate::history::HistoryTold;
use crate::maintenance::WindowTold;
use crate::store::Enrolment;
use nearmiss_agent_probe::NotApplicable;

/// This host's margins, most urgent first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckTold {
    pub host: String,
    pub at: Timestamp,
    pub signals: Vec<Margin>,
    pub not_applicable: Vec<Excuse>,
    /// The cases that are open about this host, by the names `ack` takes.
    #[serde(default)]
    pub cases: Vec<OpenCase>,
    /// Probes that have not ended their first look since the agent was started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looking: Vec<String>,
}

/// A probe that has nothing to look at here, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Excuse {
    pub probe: String,
    pub why: String,
}

impl Excuse {
    /// Nobody asked for it: a probe that looks at what rules declare, where none declares anything.
    pub fn is_undeclared(&self) -> bool {
        let what = self.why.split(':').next().unwrap_or_default();
        what.starts_with("no ") && what.ends_with(" is declared")
    }
}

impl From<NotApplicable> for Excuse {
    fn from(excuse: NotApplicable) -> Self {
        Self { probe: excuse.probe.to_owned(), why: excuse.why }
    }
}

/// How the agent itself is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusTold {
    pub at: Timestamp,
    pub host: String,
    pub running: bool,
    pub version: String,
    pub pid: Option<u32>,
    pub started: Option<Timestamp>,
    /// The host's public key, 64 hexadecimal digits.
    pub key: String,
    pub enrolment: Option<Enrolment>,
    /// When the collector answered a status report last.
    pub last_contact: Option<Timestamp>,
    /// Why the last report was not answered.
    #[serde(default)]
    pub contact_fault: Option<String>,
    pub clock_offset_ms: Option<i64>,
    pub spool: SpoolDepth,
    pub quarantined: u64,
    pub signals: u64,
    pub open: u64,
    pub observing_until: Option<Timestamp>,
    /// Work that a person announced: until when, and why.
    pub maintenance: Option<(Timestamp, String)>,
    /// Configured windows: those that are open, and the next one.
    #[serde(default)]
    pub maintenance_windows: Vec<WindowTold>,
    /// The cases that are open about this host, as the collector named them last.
    #[serde(default)]
    pub cases: Vec<OpenCase>,
    /// Why the newest events in quarantine were not taken.
    #[serde(default)]
    pub refusals: Vec<String>,
    /// How far back the readings go that this host keeps of itself.
    #[serde(default)]
    pub history: Option<HistoryTold>,
    pub counters: BTreeMap<String, u64>,
}
