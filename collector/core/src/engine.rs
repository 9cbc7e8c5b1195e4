//! The moves of a case. Each takes the case, what happened and `now`, and gives the new case, its timeline entries and
//! the messages it causes; or a refusal that names the rule.

mod command;
mod event;
mod false_alarm;
mod lookback;
mod on_host;
mod opening;
mod register;
mod said;
mod timer;

use nearmiss_shared::identity::{BundleId, PersonId, TaskId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::context::{Actor, Context};
use crate::entry::{Entry, What};
use crate::erc;
use crate::facts::EventFacts;
use crate::words::{
    ActionKind, FalseAlarmCode, LuckClass, MessageKind, MitigationKind, Ruling, StoppedBy, TimerKind, Verdict,
};

pub use opening::{Opening, open, open_past};

/// What can happen to a case.
#[derive(Clone, Debug)]
pub enum Input {
    Event(Box<EventFacts>),
    /// An event of an episode that was over before anybody could hear of it.
    Past(Box<EventFacts>),
    Command(Command),
    /// A new case of the same signal follows this one of the register.
    Followed {
        by: String,
    },
    /// A clock of the case rang.
    Timer(TimerKind),
    /// A bundle of the case has arrived and was verified.
    Evidence {
        bundle: BundleId,
        sha256: String,
        bytes: u64,
        valid: bool,
    },
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    Acknowledge {
        comment: String,
        expires: Option<Timestamp>,
    },
    Mitigate {
        what: MitigationKind,
        text: String,
        on_host: bool,
        /// When it was done, where that is not now.
        done_at: Option<Timestamp>,
    },
    Note {
        text: String,
    },
    HandOff {
        to: PersonId,
        state: String,
        risks: String,
        next_step: String,
        until: Timestamp,
    },
    AcceptHandOff,
    /// A standing hazard with an owner, until a date.
    Accept {
        until: Timestamp,
        reason: String,
    },
    Task {
        id: TaskId,
        note: String,
        waived: bool,
    },
    /// A role's line of the retrospective: closes every open task of the role.
    Part {
        role: Role,
        note: String,
    },
    Answer {
        question: usize,
        text: String,
    },
    Held,
    Rule {
        ruling: Ruling,
        reason: String,
    },
    Confirm {
        verdict: Verdict,
        reason: String,
    },
    /// Nothing was approaching.
    FalseAlarm {
        code: FalseAlarmCode,
        reason: String,
        /// What shows it: a bundle, a page, a ticket.
        evidence: String,
    },
    /// What stopped it and whether that was luck, in place of what the rules propose.
    Luck {
        stopped_by: StoppedBy,
        luck: LuckClass,
        reason: String,
        evidence: Option<BundleId>,
    },
    /// The risk class, as proposed or another one.
    Classify {
        outcome: erc::Outcome,
        barriers: erc::Barriers,
        reason: String,
    },
    AddAction {
        kind: ActionKind,
        text: String,
        owner: Role,
        due: Timestamp,
        proof: String,
    },
    VerifyAction {
        index: usize,
        proof: String,
    },
    Close,
}

/// A message to one person; an outbox row is made of it in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub to: PersonId,
    pub kind: MessageKind,
    /// Wakes somebody.
    pub urgent: bool,
    /// Distinguishes messages of one kind about one case.
    pub number: u64,
}

/// What a move leads to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub case: Case,
    pub entries: Vec<Entry>,
    pub messages: Vec<Message>,
}

/// A move that a rule forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (rule: {rule})")]
pub struct Refusal {
    pub rule: &'static str,
    pub why: String,
}

impl Refusal {
    pub(crate) fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}

/// Applies one input to an open or closed case.
pub fn apply(case: Case, input: Input, context: &Context<'_>, now: Timestamp) -> Result<Outcome, Refusal> {
    let past = matches!(input, Input::Past(_));
    let mut mover = Move { case, entries: Vec::new(), messages: Vec::new(), context, now, past };
    match input {
        Input::Event(facts) | Input::Past(facts) => mover.event(&facts),
        Input::Command(command) => mover.command(command)?,
        Input::Followed { by } => mover.followed(&by),
        Input::Timer(kind) => mover.timer(kind),
        Input::Evidence { bundle, sha256, bytes, valid } => mover.evidence(bundle, &sha256, bytes, valid),
    }
    Ok(mover.done())
}

/// A move being made.
struct Move<'a> {
    case: Case,
    entries: Vec<Entry>,
    messages: Vec<Message>,
    context: &'a Context<'a>,
    now: Timestamp,
    /// The episode was over before anybody could hear of it: there is nothing to wake anybody for.
    past: bool,
}

impl Move<'_> {
    fn done(self) -> Outcome {
        Outcome { case: self.case, entries: self.entries, messages: self.messages }
    }

    fn tell(&mut self, what: What) {
        self.entries.push(Entry::new(self.now, &self.context.actor, what));
    }

    /// An entry that nobody wrote: a rule or a clock of the collector.
    fn tell_system(&mut self, what: What) {
        self.entries.push(Entry::new(self.now, &Actor::System, what));
    }

    /// Messages of a draft stay unwritten unless they are urgent.
    fn send(&mut self, to: PersonId, kind: MessageKind, urgent: bool) {
        if self.case.draft && !urgent {
            return;
        }
        let number = self.entries.len() as u64 + self.messages.len() as u64;
        self.messages.push(Message { to, kind, urgent, number });
    }

    fn evidence(&mut self, bundle: BundleId, sha256: &str, bytes: u64, valid: bool) {
        let known = self.case.evidence.iter_mut().find(|known| known.bundle == bundle);
        let Some(reference) = known else { return };
        if reference.sha256.is_some() {
            return;
        }
        reference.sha256 = Some(sha256.to_owned());
        reference.bytes = Some(bytes);
        reference.signature_valid = Some(valid);
        self.tell(What::Evidence { bundle: bundle.to_string(), sha256: sha256.to_owned(), valid });
    }
}

#[cfg(test)]
mod tests;
