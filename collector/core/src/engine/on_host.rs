//! What was done or seen on the host itself, as its agent tells it: notes, acknowledgements, mitigations, logins.
//!
//! Whoever does it there is an account of the host (`root on lab-srv-07`), nobody who signed in here: it holds no role
//! and takes no case over. It happened when the host says; what is told late stands at that time and says so.

use nearmiss_shared::action::{HostAction, label};
use nearmiss_shared::time::Timestamp;

use super::Move;
use super::command::ACKNOWLEDGED_FOR;
use crate::case::{Login, Mitigation, Responder, Run};
use crate::context::Actor;
use crate::entry::{Entry, What};
use crate::facts::EventFacts;
use crate::words::{MitigationKind, TimerKind, Workflow};

/// A case keeps this many logins; the timeline has them all.
const MOST_LOGINS: usize = 20;

impl Move<'_> {
    pub(super) fn action_on_host(&mut self, facts: &EventFacts) {
        self.expect_bundle(facts);
        let closed = self.case.workflow == Workflow::Closed;
        match facts.action() {
            HostAction::Acknowledge => self.acknowledged_on_host(facts),
            HostAction::MitigationBegun if !closed => self.mitigation_begun(facts),
            HostAction::MitigationEnded if !closed => self.mitigation_ended(facts),
            HostAction::Login => self.login_observed(facts),
            _ => self.noted_on_host(facts, &facts.reasons.join("; ")),
        }
    }

    fn tell_on_host(&mut self, facts: &EventFacts, what: What) {
        self.entries.push(Entry::new(self.now, &Actor::Host { name: facts.account() }, what));
    }

    fn noted_on_host(&mut self, facts: &EventFacts, text: &str) {
        let what = What::Note { text: text.to_owned(), observed_at: Some(facts.observed_at) };
        self.tell_on_host(facts, what);
    }

    /// Stops the clock as an acknowledgement here does, unless it answered for something older than what is asked now.
    fn acknowledged_on_host(&mut self, facts: &EventFacts) {
        let comment = facts.reasons.join("; ");
        if let Some(why) = self.acknowledges_nothing(facts.observed_at) {
            let comment = if comment.is_empty() { comment } else { format!(": {comment}") };
            return self
                .noted_on_host(facts, &format!("acknowledged{comment} ({why}: no clock was stopped)"));
        }
        let by = facts.account();
        if let Some(responder) = self.case.responder.take() {
            let at = responder.acknowledged_at.unwrap_or(self.now);
            let by = responder.acknowledged_at.map_or(Some(by), |_| responder.acknowledged_by.clone());
            self.case.responder =
                Some(Responder { acknowledged_at: Some(at), acknowledged_by: by, ..responder });
        }
        if matches!(self.case.workflow, Workflow::Opened | Workflow::Reopened) {
            self.case.workflow = Workflow::Acknowledged;
        }
        self.case.clear_timer(TimerKind::AcknowledgeDue);
        self.hold_acknowledgement(facts.observed_at);
        self.tell_on_host(facts, What::Acknowledged { comment, observed_at: Some(facts.observed_at) });
    }

    /// It lasts from when it was given; one that was given hours ago may have ended, and then the clock says so.
    fn hold_acknowledgement(&mut self, given: Timestamp) {
        let ends = given.min(self.now).plus(ACKNOWLEDGED_FOR);
        let held = self.case.timers.iter().find(|timer| timer.kind == TimerKind::AcknowledgeExpires);
        let ends = held.map_or(ends, |held| held.due.max(ends));
        self.case.set_timer(TimerKind::AcknowledgeExpires, ends);
    }

    fn acknowledges_nothing(&self, given: Timestamp) -> Option<&'static str> {
        let before = self.case.episodes.last().is_some_and(|newest| given < newest.opened_at);
        match self.case.workflow {
            Workflow::Closed => Some("the case is closed"),
            _ if !self.is_running() && self.case.workflow != Workflow::Opened => {
                Some("the signal is already back")
            }
            _ if before && !self.case.is_acknowledged() => Some("it came near again after that"),
            _ => None,
        }
    }

    fn mitigation_begun(&mut self, facts: &EventFacts) {
        let (what, text) = (kind(facts), facts.reasons.join("; "));
        let observed_at = Some(facts.observed_at);
        self.tell_on_host(facts, What::Mitigated { what, text, on_host: true, observed_at });
        self.mitigating(mitigation(facts, facts.observed_at));
    }

    /// A command that could not even be started stopped nothing. One whose beginning was lost still counts.
    fn mitigation_ended(&mut self, facts: &EventFacts) {
        let begun: Timestamp = facts.label(label::BEGUN).parse().unwrap_or(facts.observed_at);
        let (text, observed_at) = (facts.reasons.join("; "), Some(facts.observed_at));
        self.tell_on_host(facts, What::MitigationEnded { text, observed_at });
        let by = facts.account();
        let mut known = self.case.mitigations.iter();
        let place = known.position(|one| one.on_host && one.at == begun && one.by == by && one.run.is_none());
        let started = facts.label(label::EXIT) != label::NOT_STARTED;
        let run = Some(self.run(facts));
        match place {
            Some(place) if started => self.case.mitigations[place].run = run,
            Some(place) => {
                self.case.mitigations.remove(place);
                if !self.is_running() {
                    self.propose();
                }
            }
            None if started => self.mitigating(Mitigation { run, ..mitigation(facts, begun) }),
            None => {}
        }
    }

    /// The values are the case's own only where the host measured the case's own signal.
    fn run(&self, facts: &EventFacts) -> Run {
        let own = facts.label(label::SIGNAL) == self.case.signal
            && facts.label(label::SUBJECT) == self.case.subject;
        let value = |name| facts.label(name).parse().ok().filter(|value: &f64| own && value.is_finite());
        Run {
            ended_at: facts.observed_at,
            exit: facts.label(label::EXIT).to_owned(),
            before: value(label::BEFORE),
            after: value(label::AFTER),
        }
    }

    /// The same session is told once a case, however often its host sees it.
    fn login_observed(&mut self, facts: &EventFacts) {
        let login = Login {
            user: facts.label(label::USER).to_owned(),
            tty: facts.label(label::TTY).to_owned(),
            from: facts.label(label::FROM).to_owned(),
            since: facts.label(label::SINCE).parse().unwrap_or(facts.observed_at),
        };
        if self.case.logins.contains(&login) || self.case.logins.len() >= MOST_LOGINS {
            return;
        }
        let Login { user, tty, from, since } = login.clone();
        let what = What::LoginObserved { user, tty, from, since, observed_at: Some(facts.observed_at) };
        self.tell(what);
        self.case.logins.push(login);
    }
}

fn mitigation(facts: &EventFacts, at: Timestamp) -> Mitigation {
    let text = format!("ran {}", facts.label(label::PROGRAM));
    Mitigation { at, by: facts.account(), kind: kind(facts), text, on_host: true, run: None }
}

/// `custom` and whatever a later agent may name is another kind.
fn kind(facts: &EventFacts) -> MitigationKind {
    facts.label(label::WHAT).parse().unwrap_or(MitigationKind::Other)
}
