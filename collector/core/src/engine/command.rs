//! What people do with a case, and what the rules forbid them.

use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;

use super::{Command, Move, Refusal};
use crate::case::{Action, HandOff, Mitigation, Responder};
use crate::context::Actor;
use crate::entry::What;
use crate::person::Person;
use crate::words::{ActionState, MessageKind, MitigationKind, TimerKind, Workflow};

/// An acknowledgement ends after this unless it is renewed.
pub(super) const ACKNOWLEDGED_FOR: Span = Span::from_hours(4);

impl Move<'_> {
    pub(super) fn command(&mut self, command: Command) -> Result<(), Refusal> {
        if matches!(self.context.actor, Actor::System) {
            return Err(Refusal::new("a person acts", "a command needs somebody who gives it"));
        }
        if self.case.workflow == Workflow::Closed
            && !matches!(command, Command::Note { .. } | Command::VerifyAction { .. })
        {
            return Err(Refusal::new(
                "a closed case stays closed",
                "add a note, or wait for the signal to reopen it",
            ));
        }
        match command {
            Command::Acknowledge { comment, expires } => self.acknowledge(comment, expires),
            Command::Mitigate { what, text, on_host, done_at } => self.mitigate(what, text, on_host, done_at),
            Command::Note { text } => self.note(text),
            Command::HandOff { to, state, risks, next_step, until } => {
                self.hand_off(HandOff { to, to_name: String::new(), state, risks, next_step, until })
            }
            Command::AcceptHandOff => self.accept_hand_off(),
            Command::Accept { until, reason } => self.accept(until, reason),
            Command::Task { id, note, waived } => self.task(id, note, waived),
            Command::Part { role, note } => self.part(role, &note),
            Command::Answer { question, text } => self.answer(question, text),
            Command::Held => self.held(),
            Command::Rule { ruling, reason } => self.rule(ruling, reason),
            Command::Confirm { verdict, reason } => self.confirm(verdict, reason),
            Command::FalseAlarm { code, reason, evidence } => self.false_alarm(code, reason, evidence),
            Command::Luck { stopped_by, luck, reason, evidence } => {
                self.say_luck(stopped_by, luck, reason, evidence)
            }
            Command::Classify { outcome, barriers, reason } => self.classify(outcome, barriers, reason),
            Command::AddAction { kind, text, owner, due, proof } => {
                self.add_action(Action { kind, text, owner, due, proof, state: ActionState::Open })
            }
            Command::VerifyAction { index, proof } => self.verify_action(index, proof),
            Command::Close => self.close(),
        }
    }

    fn acknowledge(&mut self, comment: String, expires: Option<Timestamp>) -> Result<(), Refusal> {
        if !self.is_running() && self.case.workflow != Workflow::Opened {
            return Err(Refusal::new("only a running case is acknowledged", "the signal is already back"));
        }
        let expires = expires.unwrap_or_else(|| self.now.plus(ACKNOWLEDGED_FOR));
        if expires <= self.now {
            return Err(Refusal::new(
                "an acknowledgement ends later than now",
                format!("{expires} has passed"),
            ));
        }
        self.take_over();
        if matches!(self.case.workflow, Workflow::Opened | Workflow::Reopened) {
            self.case.workflow = Workflow::Acknowledged;
        }
        self.case.clear_timer(TimerKind::AcknowledgeDue);
        self.case.set_timer(TimerKind::AcknowledgeExpires, expires);
        self.tell(What::Acknowledged { comment, observed_at: None });
        Ok(())
    }

    /// Whoever acknowledges answers for the case from here, if they are a person of the client: a program that answers
    /// for somebody leaves the case with them.
    pub(super) fn take_over(&mut self) {
        let id = self.context.actor.person();
        let known = self.context.people.iter().find(|person| Some(person.id) == id);
        let before = self.case.responder.take();
        let stays = known.is_none_or(|person| before.as_ref().is_some_and(|one| one.person == person.id));
        let responder = match known {
            Some(person) if !stays => Some(self.responder(person, before.as_ref())),
            _ => before,
        };
        self.case.responder =
            responder.map(|one| Responder { acknowledged_at: Some(self.now), acknowledged_by: None, ..one });
    }

    /// The one who acknowledged in place of who was asked.
    fn responder(&self, person: &Person, before: Option<&Responder>) -> Responder {
        let asked = before.map_or(Role::Sysadmin, |one| one.role);
        Responder {
            person: person.id,
            name: person.name.clone(),
            role: person.roles.first().copied().unwrap_or(asked),
            reason: "acknowledged it".to_owned(),
            paged: before.is_some_and(|one| one.paged),
            acknowledge_due: before.map_or(self.now, |one| one.acknowledge_due),
            acknowledged_at: None,
            acknowledged_by: None,
        }
    }

    fn mitigate(
        &mut self,
        what: MitigationKind,
        text: String,
        on_host: bool,
        done_at: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        need(&text, "a mitigation says what was done")?;
        if let Some(at) = done_at.filter(|at| *at > self.now) {
            return Err(Refusal::new(
                "a mitigation was done before it is told",
                format!("{at} is yet to come"),
            ));
        }
        let by = self.context.actor.name().to_owned();
        self.tell(What::Mitigated { what, text: text.clone(), on_host, observed_at: done_at });
        let at = done_at.unwrap_or(self.now);
        self.mitigating(Mitigation { at, by, kind: what, text, on_host, run: None });
        Ok(())
    }

    /// Something is being done to stop it; what is over already is judged again with it.
    pub(super) fn mitigating(&mut self, mitigation: Mitigation) {
        self.case.mitigations.push(mitigation);
        if matches!(self.case.workflow, Workflow::Opened | Workflow::Acknowledged | Workflow::Reopened) {
            self.case.workflow = Workflow::Mitigating;
        }
        if !self.is_running() {
            self.propose();
        }
    }

    fn note(&mut self, text: String) -> Result<(), Refusal> {
        need(&text, "a note says something")?;
        self.tell(What::note(text));
        Ok(())
    }

    fn hand_off(&mut self, mut offer: HandOff) -> Result<(), Refusal> {
        let known = self.context.people.iter().find(|person| person.id == offer.to);
        let Some(receiver) = known else {
            return Err(Refusal::new(
                "a hand-off goes to a person of the client",
                "nobody of that id is known here",
            ));
        };
        need(&offer.state, "a hand-off says how things stand")?;
        need(&offer.next_step, "a hand-off says what is next")?;
        offer.to_name.clone_from(&receiver.name);
        self.tell(What::HandOffOffered {
            to: offer.to_name.clone(),
            state: offer.state.clone(),
            risks: offer.risks.clone(),
            next_step: offer.next_step.clone(),
            until: offer.until,
        });
        let to = offer.to;
        self.case.hand_off = Some(offer);
        self.send(to, MessageKind::HandOff, true);
        Ok(())
    }

    fn accept_hand_off(&mut self) -> Result<(), Refusal> {
        let offered: Option<PersonId> = self.case.hand_off.as_ref().map(|offer| offer.to);
        if offered.is_none() || offered != self.context.actor.person() {
            return Err(Refusal::new(
                "a hand-off is accepted by its receiver",
                "no hand-off is offered to you",
            ));
        }
        self.case.hand_off = None;
        self.take_over();
        self.tell(What::HandOffAccepted);
        Ok(())
    }
}

pub(super) fn need(text: &str, rule: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::new(rule, "the text is empty")) } else { Ok(()) }
}
