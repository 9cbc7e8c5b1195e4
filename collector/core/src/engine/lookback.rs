//! Looking back: the four roles' parts, the four questions, the verdict, the actions, and when the case may rest.

use nearmiss_shared::identity::TaskId;
use nearmiss_shared::vocabulary::{Physical, Role};

use super::command::need;
use super::{Move, Refusal};
use crate::case::{Action, Answer};
use crate::entry::What;
use crate::verdict;
use crate::words::{ActionState, Ruling, TaskState, TimerKind, Verdict, Workflow};

impl Move<'_> {
    pub(super) fn task(&mut self, id: TaskId, note: String, waived: bool) -> Result<(), Refusal> {
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
    pub(super) fn part(&mut self, role: Role, note: &str) -> Result<(), Refusal> {
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

    pub(super) fn answer(&mut self, question: usize, text: String) -> Result<(), Refusal> {
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
    pub(super) fn not_over(&self) -> String {
        match self.case.physical {
            Physical::Receding => format!("the signal is {}", verdict::not_over(&self.case)),
            _ => "the signal is still near".to_owned(),
        }
    }

    pub(super) fn held(&mut self) -> Result<(), Refusal> {
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

    pub(super) fn rule(&mut self, ruling: Ruling, reason: String) -> Result<(), Refusal> {
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

    pub(super) fn confirm(&mut self, verdict: Verdict, reason: String) -> Result<(), Refusal> {
        if self.is_running() {
            return Err(Refusal::new("a verdict needs an end", self.not_over()));
        }
        if let Some((rule, why)) = verdict::forbids(&self.case, verdict, &reason) {
            return Err(Refusal { rule, why });
        }
        self.case.confirmed = Some(verdict);
        if verdict == Verdict::BecameIncident {
            self.confirm_crash();
        }
        self.tell(What::Confirmed { verdict, reason });
        Ok(())
    }

    /// What the host only inferred has been confirmed: it failed then.
    fn confirm_crash(&mut self) {
        for episode in &mut self.case.episodes {
            episode.breached_at = episode.breached_at.or(episode.crashed_at);
        }
    }

    /// What will make luck unnecessary; a case that was looked back on stays until it is done.
    pub(super) fn add_action(&mut self, action: Action) -> Result<(), Refusal> {
        need(&action.text, "an action says what will be done")?;
        need(&action.proof, "an action names the proof that will be asked")?;
        self.tell(What::ActionAdded { action: action.kind.to_string(), text: action.text.clone() });
        self.case.actions.push(action);
        if matches!(self.case.workflow, Workflow::RetroHeld | Workflow::Verified) {
            self.case.workflow = Workflow::ActionsOpen;
        }
        Ok(())
    }

    pub(super) fn verify_action(&mut self, index: usize, proof: String) -> Result<(), Refusal> {
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
    pub(super) fn close(&mut self) -> Result<(), Refusal> {
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

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
