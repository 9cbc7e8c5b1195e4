//! Clocks that ring: escalation, an acknowledgement that expired, the invitation, the retrospective's end.

use super::Move;
use crate::entry::What;
use crate::person::{escalate_to, holder};
use crate::retrospective;
use crate::words::{MessageKind, RetroForm, TimerKind, Workflow};
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
            TimerKind::InvitationDue => self.invite(),
            TimerKind::RetrospectiveDue => self.retrospective_due(),
        }
    }

    /// Nobody answered: the next level is paged, and the last one again and again.
    fn escalate(&mut self) {
        if self.case.is_acknowledged() || !self.is_running() {
            return;
        }
        let Some(first) = self.case.responder.as_ref().map(|one| one.person) else { return };
        let Some(chosen) = escalate_to(self.context.people, self.case.escalation, first) else { return };
        let (person, name, reason) = (chosen.person.id, chosen.person.name.clone(), chosen.reason);
        self.case.escalation += 1;
        let next = self.now.plus(self.context.settings.acknowledge_paged);
        self.case.set_timer(TimerKind::AcknowledgeDue, next);
        self.tell_system(What::Escalated {
            person: name,
            reason: reason.to_owned(),
            level: self.case.escalation,
        });
        self.send(person, MessageKind::Escalation, true);
    }

    fn acknowledgement_expired(&mut self) {
        if !self.is_running() {
            return;
        }
        let due = self.now.plus(self.context.settings.acknowledge_paged);
        let Some(responder) = self.case.responder.as_mut() else { return };
        responder.acknowledged_at = None;
        responder.acknowledge_due = due;
        let person = responder.person;
        self.case.workflow = Workflow::Opened;
        self.case.set_timer(TimerKind::AcknowledgeDue, due);
        self.tell_system(What::AcknowledgementExpired);
        self.send(person, MessageKind::Page, true);
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
