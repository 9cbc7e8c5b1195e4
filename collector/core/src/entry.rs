//! The timeline: everything that happened, structured; its text is rendered from it.

use nearmiss_shared::bar;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;
use serde::{Deserialize, Serialize};

use crate::context::Actor;
use crate::erc::{Barriers, Outcome};
use crate::words::{FalseAlarmCode, LuckClass, MitigationKind, RetroForm, StoppedBy, Verdict};

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
        /// By the host's clock: the entry itself has the time at which the collector heard of it.
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
    /// A move of the signal, in the words of its event.
    Signal {
        event: String,
        episode: u64,
        reasons: Vec<String>,
        proximity: Option<f64>,
        #[serde(default)]
        observed_at: Option<Timestamp>,
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
        /// On the host, by its clock.
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
    AcknowledgementExpired,
    Mitigated {
        what: MitigationKind,
        text: String,
        on_host: bool,
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
    /// A command of a mitigation on the host has ended.
    MitigationEnded {
        text: String,
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
    /// A privileged account was seen signed in on the host: a fact, not an action taken.
    LoginObserved {
        user: String,
        tty: String,
        from: String,
        since: Timestamp,
        #[serde(default)]
        observed_at: Option<Timestamp>,
    },
    Note {
        text: String,
        #[serde(default)]
        observed_at: Option<Timestamp>,
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
    AcceptanceEnded,
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
    CalledFalse {
        code: FalseAlarmCode,
        reason: String,
        evidence: String,
    },
    Ruled {
        ruling: String,
        reason: String,
    },
    /// A person's word on what stopped it, and what was proposed or said before.
    LuckSaid {
        stopped_by: StoppedBy,
        luck: LuckClass,
        was_stopped_by: StoppedBy,
        was_luck: LuckClass,
        reason: String,
        evidence: Option<String>,
    },
    Classified {
        outcome: Outcome,
        barriers: Barriers,
        value: u32,
        proposed: u32,
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

/// What is told later than this after it happened is said to be late.
const LATE: Span = Span::from_minutes(1);

impl What {
    /// A line of the collector or of a person here: it happened when it was written.
    pub const fn note(text: String) -> Self {
        Self::Note { text, observed_at: None }
    }

    /// When it happened, by the host's clock.
    pub const fn observed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Opened { observed_at, .. }
            | Self::Signal { observed_at, .. }
            | Self::Note { observed_at, .. }
            | Self::Acknowledged { observed_at, .. }
            | Self::MitigationEnded { observed_at, .. }
            | Self::LoginObserved { observed_at, .. }
            | Self::Mitigated { observed_at, .. } => *observed_at,
            _ => None,
        }
    }

    /// When it happened, and how much later the collector heard of it, where that is more than a minute.
    pub fn late(&self, arrived: Timestamp) -> Option<(Timestamp, Span)> {
        let observed = self.observed_at()?;
        let later = arrived.since(observed);
        (later > LATE).then_some((observed, later))
    }

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
            Self::Opened { title, track, track_reason, reasons, drill, .. } => {
                let drill = drill.as_ref().map(|name| format!(" (drill {name})")).unwrap_or_default();
                format!("{title}{drill}. {}. Track {track}: {track_reason}", reasons.join("; "))
            }
            Self::Signal { event, episode, reasons, proximity, .. } => {
                let closeness =
                    proximity.map(|value| format!(", closeness {}", bar::number(value))).unwrap_or_default();
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
            Self::Acknowledged { comment, .. } if comment.is_empty() => "acknowledged".to_owned(),
            Self::Acknowledged { comment, .. } => format!("acknowledged: {comment}"),
            Self::AcknowledgementExpired => "the acknowledgement expired".to_owned(),
            Self::Mitigated { what, text, on_host, .. } => {
                format!("{text} ({what}{})", if *on_host { ", on the host" } else { "" })
            }
            Self::Note { text, .. } | Self::MitigationEnded { text, .. } => text.clone(),
            Self::LoginObserved { user, tty, from, since, .. } => {
                let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
                format!("observed: {user} is signed in on {tty}{from} since {since}")
            }
            Self::HandOffOffered { to, state, risks, next_step, until } => {
                format!("hand-off to {to} by {until}. State: {state}. Risks: {risks}. Next: {next_step}")
            }
            Self::HandOffAccepted => "accepted the hand-off".to_owned(),
            Self::Accepted { until, reason } => format!("accepted until {until}, because {reason}"),
            Self::AcceptanceEnded => "the acceptance has ended, and it is still near".to_owned(),
            Self::TaskDone { role, title, note } => format!("{}: {note} ({title})", role.title()),
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
            Self::Proposed { verdict: Verdict::Drill, reason, .. } => format!("proposed drill: {reason}"),
            Self::Proposed { verdict, reason, stopped_by, luck, rules } => {
                let rules = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join("; ")) };
                format!("proposed {verdict}: {reason}. Stopped by {stopped_by}, luck {luck}{rules}")
            }
            Self::Confirmed { verdict, reason } => format!("confirmed {verdict}. {reason}"),
            Self::Ruled { ruling, reason } => format!("ruled {ruling}: {reason}"),
            Self::CalledFalse { code, reason, evidence } => {
                let code = code.as_str().replace('_', " ");
                format!("called it a false alarm ({code}): {reason}. Shown by {evidence}")
            }
            Self::LuckSaid { stopped_by, luck, was_stopped_by, was_luck, reason, evidence } => {
                let rests =
                    evidence.as_ref().map_or_else(String::new, |bundle| format!(" Evidence: {bundle}."));
                format!(
                    "said it was stopped by {stopped_by}, luck {luck} (before: {was_stopped_by}, luck {was_luck}): {reason}.{rests}"
                )
            }
            Self::Classified { outcome, barriers, value, proposed, reason } => {
                let barriers = barriers.as_str().replace('_', " ");
                let other = if value == proposed {
                    "as proposed".to_owned()
                } else {
                    format!("not {proposed}, which was proposed")
                };
                let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                format!("risk class {value} ({outcome} outcome, {barriers} barriers), {other}{because}")
            }
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

/// A line's text, with when it happened where the collector heard of it later.
pub fn told(what: &What, arrived: Timestamp) -> String {
    let text = what.text();
    match what.late(arrived) {
        Some((observed, later)) => format!("{text} [observed {observed}, arrived {later} later]"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn signal(observed_at: Option<Timestamp>) -> What {
        let reasons = vec!["100.0 % free".to_owned()];
        What::Signal { event: "receding".into(), episode: 2, reasons, proximity: Some(-1.0), observed_at }
    }

    #[test]
    fn what_arrived_later_says_when_it_happened() {
        let arrived = at("2026-11-24T08:00:00Z");
        let text = "receding, closeness 0.00: 100.0 % free (episode 2)";
        assert_eq!(told(&signal(None), arrived), text);
        assert_eq!(told(&signal(Some(at("2026-11-24T07:59:10Z"))), arrived), text);
        assert_eq!(told(&signal(Some(at("2026-11-24T08:05:00Z"))), arrived), text, "a clock that runs ahead");
        let late = told(&signal(Some(at("2026-11-24T06:00:00Z"))), arrived);
        assert_eq!(late, format!("{text} [observed 2026-11-24T06:00:00.000Z, arrived 2h later]"));
    }

    #[test]
    fn entries_written_before_there_was_an_observed_time_are_read() {
        let old = r#"{"kind":"note","text":"seen"}"#;
        assert_eq!(serde_json::from_str::<What>(old).unwrap(), What::note("seen".into()));
    }

    #[test]
    fn what_was_done_is_said_before_its_kind() {
        let done = What::Mitigated {
            what: MitigationKind::Other,
            text: "Removed old images".into(),
            on_host: true,
            observed_at: None,
        };
        assert_eq!(done.text(), "Removed old images (other, on the host)");
    }
}
