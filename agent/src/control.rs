//! The local control socket: one question and one answer a connection, each a line of JSON.
//!
//! Only root and the daemon's own user are answered; the kernel says who the peer is. A line is bounded, so are the
//! connections served at once and the time a question may take to arrive. Nothing that is asked here names a program,
//! a path or a limit.

mod client;
mod desk;
mod server;
mod told;

use nearmiss_shared::action::CaseNumber;
use serde::{Deserialize, Serialize};

use crate::baseline::Wanted;
use crate::mitigation::{End, Intent};

pub use client::{AskFault, ask};
pub use desk::Desk;
pub(crate) use desk::SHOWN_REFUSALS;
pub use server::{Peer, Server};
pub use told::{CheckTold, Excuse, StatusTold};

/// A line longer than this is no question.
const MAX_QUESTION_BYTES: u64 = 64 * 1024;
/// A line longer than this is no answer.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// What a local command may ask of the daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    Status,
    Check,
    /// A remark of a person for the timeline, of one case or of every running one.
    Note {
        text: String,
        #[serde(default)]
        case: Option<CaseNumber>,
    },
    Acknowledge {
        case: CaseNumber,
        comment: String,
    },
    /// A person is about to run a command against a case; the answer is a [`crate::mitigation::Begun`].
    MitigationBegins(Intent),
    MitigationEnds(Box<End>),
    EndMaintenance,
    Maintenance {
        seconds: i64,
        reason: String,
    },
    /// Counts that a person calls known: quiet until they grow.
    Baseline(Wanted),
    Drill {
        name: String,
        abort: bool,
    },
    /// Write out what was read since the last minute, so that the history on the disk is whole.
    KeepHistory,
    /// Read configuration, rules and enrolment again.
    Reload,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done(serde_json::Value),
    Refused(String),
}

#[cfg(test)]
mod tests;
