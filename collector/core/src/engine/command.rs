//! What people do with a case, and what the rules forbid them.

use nearmiss_shared::identity::{PersonId, TaskId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;

use super::{Command, Move, Refusal};
use crate::case::{Action, Answer, HandOff, Mitigation};
use crate::context::Actor;
use crate::entry::What;
use crate::verdict;
use crate::words::{
    ActionState, LuckClass, MessageKind, MitigationKind, Ruling, TaskState, TimerKind, Verdict, Workflow,
};

/// An acknowledgement ends after this unless it is renewed.
const ACKNOWLEDGED_FOR: Span = Span::from_hours(4);

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
            Command::Mitigate { what, text, on_host } => self.mitigate(what, text, on_host),
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
            Command::AddAction { kind, text, owner, due, proof } => {
                self.tell(What::ActionAdded { action: kind.to_string(), text: text.clone() });
                self.case.actions.push(Action { kind, text, owner, due, proof, state: ActionState::Open });
                Ok(())
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
        self.tell(What::Acknowledged { comment });
        Ok(())
    }

    /// Whoever acknowledges answers for the case from here.
    pub(super) fn take_over(&mut self) {
        let now = self.now;
        let actor = self.context.actor.clone();
        let Some(responder) = self.case.responder.as_mut() else { return };
        if let Actor::Person { id, name, roles } = actor
            && responder.person != id
        {
            responder.person = id;
            responder.name = name;
            responder.role = roles.first().copied().unwrap_or(responder.role);
            "acknowledged it".clone_into(&mut responder.reason);
        }
        responder.acknowledged_at = Some(now);
    }

    fn mitigate(&mut self, what: MitigationKind, text: String, on_host: bool) -> Result<(), Refusal> {
        need(&text, "a mitigation says what was done")?;
        let by = self.context.actor.name().to_owned();
        self.case.mitigations.push(Mitigation { at: self.now, by, kind: what, text: text.clone(), on_host });
        if matches!(self.case.workflow, Workflow::Opened | Workflow::Acknowledged | Workflow::Reopened) {
            self.case.workflow = Workflow::Mitigating;
        }
        self.tell(What::Mitigated { what, text, on_host, observed_at: None });
        if !self.is_running() {
            self.propose();
        }
        Ok(())
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

    fn task(&mut self, id: TaskId, note: String, waived: bool) -> Result<(), Refusal> {
        need(&note, "a task ends with a line")?;
        let Some(task) = self.case.tasks.iter_mut().find(|task| task.id == id) else {
            return Err(Refusal::new("a task of this case", "no such task"));
        };
        task.state = if waived { TaskState::Waived } else { TaskState::Done };
        task.note.clone_from(&note);
        let (role, title) = (task.role, task.title.clone());
        self.tell(What::TaskDone { role, title, note });
        Ok(())
    }

    /// A role's line of the written page.
    fn part(&mut self, role: Role, note: &str) -> Result<(), Refusal> {
        need(note, "a role's part is a line, or \"nothing from me, because ...\"")?;
        let open: Vec<TaskId> = self
            .case
            .tasks
            .iter()
            .filter(|task| task.role == role && task.state == TaskState::Open)
            .map(|task| task.id)
            .collect();
        for id in open {
            self.task(id, note.to_owned(), false)?;
        }
        Ok(())
    }

    fn answer(&mut self, question: usize, text: String) -> Result<(), Refusal> {
        need(&text, "an answer says something")?;
        let (by, at) = (self.context.actor.name().to_owned(), self.now);
        let slot = question.checked_sub(1).and_then(|index| self.case.retrospective.answers.get_mut(index));
        let Some(slot) = slot else {
            return Err(Refusal::new(
                "there are four questions",
                format!("question {question} is none of them"),
            ));
        };
        *slot = Some(Answer { text, by, at });
        self.tell(What::Answered { question });
        Ok(())
    }

    /// Why it is too early to judge.
    fn not_over(&self) -> String {
        format!("the signal is {}", verdict::propose(&self.case).1)
    }

    fn held(&mut self) -> Result<(), Refusal> {
        let missing = self.case.unanswered();
        if !missing.is_empty() {
            return Err(Refusal::new(
                "a retrospective answers four questions",
                format!("unanswered: {}", list(&missing)),
            ));
        }
        if self.is_running() {
            return Err(Refusal::new("a retrospective looks back", self.not_over()));
        }
        let on_time = self.now <= self.case.retrospective.due;
        self.case.retrospective.held_at = Some(self.now);
        self.case.clear_timer(TimerKind::RetrospectiveDue);
        self.case.clear_timer(TimerKind::InvitationDue);
        let open = self.case.actions.iter().any(|action| action.state == ActionState::Open);
        self.case.workflow = if open { Workflow::ActionsOpen } else { Workflow::RetroHeld };
        self.tell(What::RetrospectiveHeld { on_time });
        Ok(())
    }

    fn rule(&mut self, ruling: Ruling, reason: String) -> Result<(), Refusal> {
        if !self.context.actor.has(Role::SecurityLead) {
            return Err(Refusal::new("the Security Lead rules", "you do not hold that role at this client"));
        }
        need(&reason, "a ruling has a reason")?;
        self.case.ruling = Some(ruling);
        self.tell(What::Ruled { ruling: ruling.to_string(), reason });
        if !self.is_running() {
            self.propose();
        }
        Ok(())
    }

    fn confirm(&mut self, verdict: Verdict, reason: String) -> Result<(), Refusal> {
        if self.is_running() && verdict != Verdict::FalseAlarm {
            return Err(Refusal::new("a verdict needs an end", self.not_over()));
        }
        if let Some((rule, why)) = verdict::forbids(&self.case, verdict, &reason) {
            return Err(Refusal { rule, why });
        }
        self.case.confirmed = Some(verdict);
        if verdict == Verdict::BecameIncident {
            self.confirm_crash();
        }
        if verdict == Verdict::FalseAlarm {
            self.case.luck = LuckClass::None;
            self.settle();
        }
        self.tell(What::Confirmed { verdict, reason });
        if verdict == Verdict::FalseAlarm {
            self.call_off();
        }
        Ok(())
    }

    /// What the host only inferred has been confirmed: it failed then.
    fn confirm_crash(&mut self) {
        for episode in &mut self.case.episodes {
            episode.breached_at = episode.breached_at.or(episode.crashed_at);
        }
    }

    fn verify_action(&mut self, index: usize, proof: String) -> Result<(), Refusal> {
        need(&proof, "an action is done when its proof is named")?;
        let Some(action) = self.case.actions.get_mut(index) else {
            return Err(Refusal::new("an action of this case", format!("there is no action {index}")));
        };
        action.state = ActionState::Verified;
        let text = action.text.clone();
        self.tell(What::ActionVerified { text, proof });
        let open = self.case.actions.iter().any(|action| action.state == ActionState::Open);
        if !open && self.case.workflow == Workflow::ActionsOpen {
            self.case.workflow = Workflow::Verified;
        }
        Ok(())
    }

    /// Four answers, four roles, every action done or accepted, a verdict: then the case may rest.
    fn close(&mut self) -> Result<(), Refusal> {
        let missing = self.case.unanswered();
        if !missing.is_empty() {
            return Err(Refusal::new("close needs four answers", format!("unanswered: {}", list(&missing))));
        }
        let silent = self.case.silent_roles();
        if !silent.is_empty() {
            let names: Vec<&str> = silent.iter().map(|role| role.title()).collect();
            return Err(Refusal::new(
                "close needs all four roles",
                format!("no part from {}", names.join(", ")),
            ));
        }
        if self.case.retrospective.held_at.is_none() {
            return Err(Refusal::new("close needs the retrospective", "it was not held"));
        }
        if self.case.actions.iter().any(|action| action.state == ActionState::Open) {
            return Err(Refusal::new("close needs every action done or accepted", "an action is open"));
        }
        if self.case.confirmed.is_none() {
            return Err(Refusal::new("close needs a confirmed verdict", "only a proposal exists"));
        }
        self.case.workflow = Workflow::Closed;
        self.case.timers.clear();
        self.tell(What::Closed);
        Ok(())
    }
}

pub(super) fn need(text: &str, rule: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::new(rule, "the text is empty")) } else { Ok(()) }
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
