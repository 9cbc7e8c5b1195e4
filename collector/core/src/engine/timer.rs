//! Clocks that ring: escalation, an acknowledgement that expired, the invitation, the retrospective's end.

use super::Move;
use crate::entry::What;
use crate::person::{escalate_to, holder};
use crate::retrospective;
use crate::words::{MessageKind, RetroForm, TimerKind, Verdict, Workflow};
use nearmiss_shared::vocabulary::Role;

impl Move<'_> {
    /// A clock that was cleared or moved after it was read does nothing.
    pub(super) fn timer(&mut self, kind: TimerKind) {
        let due = self.case.timers.iter().any(|timer| timer.kind == kind && timer.due <= self.now);
        if !due {
            return;
        }
        self.case.clear_timer(kind);
        match kind {
            TimerKind::AcknowledgeDue => self.escalate(),
            TimerKind::AcknowledgeExpires => self.acknowledgement_expired(),
            TimerKind::AcceptanceEnds => self.acceptance_ends(),
            TimerKind::InvitationDue => self.invite(),
            TimerKind::RetrospectiveDue => self.retrospective_due(),
        }
    }

    /// Nobody answered: the next level is asked, and the last one again and again; woken only if the first one was.
    fn escalate(&mut self) {
        if self.case.is_acknowledged() || !self.waits_for_somebody() {
            return;
        }
        let Some((first, paged)) = self.case.responder.as_ref().map(|one| (one.person, one.paged)) else {
            return;
        };
        let Some(chosen) = escalate_to(self.context.people, self.case.escalation, first) else { return };
        self.case.escalation += 1;
        let (person, reason, level) =
            (chosen.person.name.clone(), chosen.reason.to_owned(), self.case.escalation);
        self.tell_system(What::Escalated { person, reason, level, quiet: !paged });
        let due = self.answer_due(Some(chosen.person), paged);
        self.await_answer(chosen.person.id, due, paged, MessageKind::Escalation);
    }

    /// Whoever answered has not said again that they are on it; what they did stays done.
    fn acknowledgement_expired(&mut self) {
        if !self.waits_for_somebody() {
            return;
        }
        let Some((id, paged)) = self.case.responder.as_ref().map(|one| (one.person, one.paged)) else {
            return;
        };
        let person = self.context.people.iter().find(|person| person.id == id);
        let due = self.answer_due(person, paged);
        if let Some(responder) = self.case.responder.as_mut() {
            responder.acknowledged_at = None;
            responder.acknowledged_by = None;
            responder.acknowledge_due = due;
        }
        if self.case.workflow == Workflow::Acknowledged {
            self.case.workflow = Workflow::Opened;
        }
        self.tell_system(What::AcknowledgementExpired);
        self.await_answer(id, due, paged, if paged { MessageKind::Page } else { MessageKind::Notice });
    }

    /// It runs, and nobody has called it a false alarm.
    fn waits_for_somebody(&self) -> bool {
        self.is_running() && self.case.confirmed != Some(Verdict::FalseAlarm)
    }

    /// The four roles are told how they will look back, once: the meeting's invitation, the written page, or both.
    pub(super) fn invite(&mut self) {
        self.case.clear_timer(TimerKind::InvitationDue);
        if self.case.retrospective.invited_at.is_some() {
            return;
        }
        self.case.retrospective.invited_at = Some(self.now);
        let people = retrospective::attendees(self.context.people);
        let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        if self.case.retrospective.form == RetroForm::Written {
            self.tell_system(What::AskedInWriting {
                due: self.case.retrospective.due,
                people: names.clone(),
            });
            for id in &ids {
                self.send(*id, MessageKind::WrittenRetrospective, false);
            }
        }
        let Some(slot) = self.case.retrospective.slot else { return };
        let sequence = self.case.retrospective.invitation_sequence;
        self.tell_system(What::Invited { start: slot.start, sequence, people: names });
        for id in ids {
            self.send(id, MessageKind::Invitation, false);
        }
    }

    /// A meeting about nothing is called off, with the next SEQUENCE (RFC 5546, 3.2.5).
    pub(super) fn call_off(&mut self) {
        self.case.clear_timer(TimerKind::InvitationDue);
        let invited = self.case.retrospective.invited_at.is_some();
        if self.case.retrospective.slot.take().is_none() || !invited {
            return;
        }
        self.case.retrospective.invitation_sequence += 1;
        let sequence = self.case.retrospective.invitation_sequence;
        self.tell_system(What::InvitationCancelled { sequence });
        let ids: Vec<_> =
            retrospective::attendees(self.context.people).iter().map(|person| person.id).collect();
        for id in ids {
            self.send(id, MessageKind::InvitationCancelled, false);
        }
    }

    /// 48 h have passed.
    fn retrospective_due(&mut self) {
        if self.case.retrospective.held_at.is_some() {
            return;
        }
        self.tell_system(What::RetrospectiveOverdue);
        let again = self.now.plus(nearmiss_shared::time::Span::from_hours(24));
        self.case.set_timer(TimerKind::RetrospectiveDue, again);
        let silent: Vec<_> = self
            .case
            .silent_roles()
            .into_iter()
            .chain([Role::Sysadmin])
            .filter_map(|role| holder(self.context.people, role).map(|person| person.id))
            .collect();
        let mut told = Vec::new();
        for id in silent {
            if !told.contains(&id) {
                told.push(id);
                self.send(id, MessageKind::RetrospectiveOverdue, false);
            }
        }
    }
}
