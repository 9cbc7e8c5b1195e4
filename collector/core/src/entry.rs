//! The timeline: everything that happened, structured; its text is rendered from it.

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;
use serde::{Deserialize, Serialize};

use crate::context::Actor;
use crate::words::{LuckClass, MitigationKind, RetroForm, StoppedBy, Verdict};

/// What happened. Stored as JSON with its kind; fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    Opened {
        title: String,
        track: String,
        track_reason: String,
        reasons: Vec<String>,
        drill: Option<String>,
    },
    /// A move of the signal, in the words of its event.
    Signal {
        event: String,
        episode: u64,
        reasons: Vec<String>,
        proximity: Option<f64>,
    },
    /// An event that arrived after a newer one; recorded, not applied.
    Late {
        event: String,
        sequence: u64,
    },
    Assigned {
        person: String,
        role: Role,
        reason: String,
        paged: bool,
        due: Timestamp,
        /// Neither told nor waited for.
        #[serde(default)]
        quiet: bool,
    },
    Escalated {
        person: String,
        reason: String,
        level: usize,
        /// Told, not woken.
        #[serde(default)]
        quiet: bool,
    },
    Acknowledged {
        comment: String,
    },
    AcknowledgementExpired,
    Mitigated {
        what: MitigationKind,
        text: String,
        on_host: bool,
    },
    Note {
        text: String,
    },
    HandOffOffered {
        to: String,
        state: String,
        risks: String,
        next_step: String,
        until: Timestamp,
    },
    HandOffAccepted,
    Accepted {
        until: Timestamp,
        reason: String,
    },
    TaskDone {
        role: Role,
        title: String,
        note: String,
    },
    Evidence {
        bundle: String,
        sha256: String,
        valid: bool,
    },
    RetrospectivePlanned {
        due: Timestamp,
        form: RetroForm,
        start: Option<Timestamp>,
        reason: String,
    },
    Invited {
        start: Timestamp,
        sequence: u32,
        people: Vec<String>,
    },
    /// The four roles are asked to answer in writing.
    AskedInWriting {
        due: Timestamp,
        people: Vec<String>,
    },
    /// The meeting is not needed any more.
    InvitationCancelled {
        sequence: u32,
    },
    Answered {
        question: usize,
    },
    RetrospectiveHeld {
        on_time: bool,
    },
    RetrospectiveOverdue,
    Proposed {
        verdict: Verdict,
        reason: String,
        stopped_by: StoppedBy,
        luck: LuckClass,
        rules: Vec<String>,
    },
    Confirmed {
        verdict: Verdict,
        reason: String,
    },
    Ruled {
        ruling: String,
        reason: String,
    },
    ActionAdded {
        action: String,
        text: String,
    },
    ActionVerified {
        text: String,
        proof: String,
    },
    Closed,
}

/// One line of the timeline, before it is sealed into the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    pub what: What,
}

impl What {
    /// The written kind: the tag of the stored form; a signal's own event kind.
    pub fn kind(&self) -> String {
        if let Self::Signal { event, .. } = self {
            return event.clone();
        }
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("kind").and_then(serde_json::Value::as_str).unwrap_or("entry").to_owned()
    }

    /// What a person reads.
    pub fn text(&self) -> String {
        match self {
            Self::Opened { title, track, track_reason, reasons, drill } => {
                let drill = drill.as_ref().map(|name| format!(" (drill {name})")).unwrap_or_default();
                format!("{title}{drill}. {}. Track {track}: {track_reason}", reasons.join("; "))
            }
            Self::Signal { event, episode, reasons, proximity } => {
                let closeness = proximity.map(|value| format!(", closeness {value:.2}")).unwrap_or_default();
                format!("{event}{closeness}: {} (episode {episode})", reasons.join("; "))
            }
            Self::Late { event, sequence } => {
                format!("{event} (number {sequence}) arrived after a newer event")
            }
            Self::Assigned { person, role, reason, quiet: true, .. } => {
                format!("{person} answers as {} ({reason}); no answer is waited for", role.title())
            }
            Self::Assigned { person, role, reason, paged, due, .. } => {
                let how = if *paged { "paged" } else { "told" };
                format!("{person} answers as {} ({reason}), {how}; acknowledge by {due}", role.title())
            }
            Self::Escalated { person, reason, level, quiet } => {
                let how = if *quiet { "told" } else { "paged" };
                format!("not acknowledged: {person} {how} ({reason}), level {level}")
            }
            Self::Acknowledged { comment } if comment.is_empty() => "acknowledged".to_owned(),
            Self::Acknowledged { comment } => format!("acknowledged: {comment}"),
            Self::AcknowledgementExpired => "the acknowledgement expired".to_owned(),
            Self::Mitigated { what, text, on_host } => {
                format!("{what}{}: {text}", if *on_host { " on the host" } else { "" })
            }
            Self::Note { text } => text.clone(),
            Self::HandOffOffered { to, state, risks, next_step, until } => {
                format!("hand-off to {to} by {until}. State: {state}. Risks: {risks}. Next: {next_step}")
            }
            Self::HandOffAccepted => "accepted the hand-off".to_owned(),
            Self::Accepted { until, reason } => format!("accepted until {until}, because {reason}"),
            Self::TaskDone { role, title, note } => format!("{}: {title}. {note}", role.title()),
            Self::Closed => "closed".to_owned(),
            _ => self.outcome_text(),
        }
    }

    fn outcome_text(&self) -> String {
        match self {
            Self::Evidence { bundle, sha256, valid } => {
                let word = if *valid { "signature valid" } else { "SIGNATURE NOT VALID" };
                format!("evidence {bundle} is here, {word}, SHA-256 {sha256}")
            }
            Self::RetrospectivePlanned { due, form, start, reason } => {
                let slot = start.map(|start| format!(", meeting at {start}")).unwrap_or_default();
                format!("retrospective due {due}, {form}{slot}: {reason}")
            }
            Self::Invited { start, people, .. } => format!("invited {} to {start}", people.join(", ")),
            Self::AskedInWriting { due, people } => {
                format!("asked {} to answer the four questions in writing by {due}", people.join(", "))
            }
            Self::InvitationCancelled { .. } => "called the meeting off".to_owned(),
            Self::Answered { question } => format!("answered question {question}"),
            Self::RetrospectiveHeld { on_time } => {
                format!("retrospective held{}", if *on_time { ", on time" } else { ", late" })
            }
            Self::RetrospectiveOverdue => "the retrospective is overdue".to_owned(),
            Self::Proposed { verdict, reason, stopped_by, luck, rules } => {
                let rules = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join("; ")) };
                format!("proposed {verdict}: {reason}. Stopped by {stopped_by}, luck {luck}{rules}")
            }
            Self::Confirmed { verdict, reason } => format!("confirmed {verdict}. {reason}"),
            Self::Ruled { ruling, reason } => format!("ruled {ruling}: {reason}"),
            Self::ActionAdded { action, text } => format!("action to {action}: {text}"),
            Self::ActionVerified { text, proof } => format!("action done: {text}. Proof: {proof}"),
            other => other.kind(),
        }
    }
}

impl Entry {
    pub fn new(at: Timestamp, actor: &Actor, what: What) -> Self {
        Self { at, actor: actor.clone(), what }
    }
}
