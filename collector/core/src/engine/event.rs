//! Events of the signal after the first: episodes, turns, recovery, failure.

use nearmiss_shared::vocabulary::{EventKind, Physical};

use super::Move;
use crate::case::Mitigation;
use crate::entry::What;
use crate::facts::EventFacts;
use crate::words::{
    Control, LuckClass, MessageKind, MitigationKind, StoppedBy, TimerKind, Track, Verdict, Workflow,
};
use crate::{erc, luck, track, verdict};

impl Move<'_> {
    pub(super) fn event(&mut self, facts: &EventFacts) {
        if facts.kind == EventKind::Action {
            return self.action_on_host(facts);
        }
        if facts.sequence <= self.case.sequence {
            return self.tell(What::Late { event: facts.kind.to_string(), sequence: facts.sequence });
        }
        self.case.sequence = facts.sequence;
        self.tell(What::Signal {
            event: facts.kind.to_string(),
            episode: facts.episode,
            reasons: facts.reasons.clone(),
            proximity: facts.proximity,
            observed_at: Some(facts.observed_at),
        });
        self.measure(facts);
        let was_draft = self.end_draft(facts);
        let told = self.messages.len();
        if !self.stays_registered(&facts.kind) {
            self.follow(facts);
        }
        let untold = was_draft && self.messages.len() == told && !self.case.is_acknowledged();
        if untold && self.is_running() {
            self.assign(facts);
        }
        self.case.erc = erc::propose(&self.case);
    }

    /// Moves the case as the event says.
    fn follow(&mut self, facts: &EventFacts) {
        let registered = self.case.physical == Physical::Standing;
        if registered {
            self.end_acceptance();
        }
        self.case.physical = facts.state;
        if facts.kind != EventKind::Dark {
            self.seen_again(facts);
        }
        match facts.kind {
            EventKind::Approached => self.approached_again(facts, registered),
            EventKind::Worsened => self.worsened(facts),
            EventKind::Receding => self.receding(facts),
            EventKind::Recovered => self.recovered(facts),
            EventKind::Retired => self.retired(facts),
            EventKind::Breached => self.breached(facts, registered),
            EventKind::Restored => self.restored(facts),
            EventKind::Standing => self.standing(),
            EventKind::Dark => self.dark(facts),
            EventKind::Gap | EventKind::Action | EventKind::Loss | EventKind::Other(_) => {}
        }
    }

    /// A draft is a case from the first word of a host that has learned; true where that is now.
    fn end_draft(&mut self, facts: &EventFacts) -> bool {
        let ends = self.case.draft && !facts.observing;
        self.case.draft &= !ends;
        ends
    }

    /// The same case, the next episode: somebody answers for it anew.
    fn approached_again(&mut self, facts: &EventFacts, registered: bool) {
        self.begin_episode(facts);
        if registered || self.case.is_settled() {
            self.reopen();
            self.assign(facts);
        }
        self.undo_verdict();
    }

    /// Nobody's answer is waited for any more.
    pub(super) fn settle(&mut self) {
        if !self.case.is_settled() {
            self.case.workflow = Workflow::Stabilised;
        }
        self.stop_waiting();
    }

    pub(super) fn stop_waiting(&mut self) {
        self.case.clear_timer(TimerKind::AcknowledgeDue);
        self.case.clear_timer(TimerKind::AcknowledgeExpires);
    }

    /// Work begins again; what was looked back on, or called off, has its retrospective before it again.
    pub(super) fn reopen(&mut self) {
        self.case.workflow = Workflow::Reopened;
        let called_off = self.case.confirmed == Some(Verdict::FalseAlarm);
        if called_off || self.case.retrospective.held_at.is_some() {
            self.look_back_again();
        }
    }

    pub(super) fn undo_verdict(&mut self) {
        self.case.proposed = None;
        self.case.confirmed = None;
        self.case.control = None;
        self.case.stopped_by = None;
        self.case.luck_said = None;
    }

    /// Closer than before: what was not worth waking somebody may be now.
    fn worsened(&mut self, facts: &EventFacts) {
        let waiting =
            self.case.responder.as_ref().is_some_and(|one| !one.paged && one.acknowledged_at.is_none());
        let responder = self.case.responder.as_ref().map(|one| one.person);
        let person = self.context.people.iter().find(|person| Some(person.id) == responder);
        if waiting && track::page_now(self.case.track, facts, self.context, person, self.now) {
            self.assign(facts);
        }
    }

    fn receding(&mut self, facts: &EventFacts) {
        if let Some(episode) = self.case.episode() {
            episode.turned_at.get_or_insert(facts.observed_at);
        }
    }

    fn recovered(&mut self, facts: &EventFacts) {
        if let Some(episode) = self.case.episode() {
            episode.turned_at.get_or_insert(facts.observed_at);
            episode.recovered_at = Some(facts.observed_at);
        }
        self.stabilise();
    }

    /// The subject was removed or replaced: the swap is an action, and what stopped it.
    fn retired(&mut self, facts: &EventFacts) {
        let by = if self.case.is_acknowledged() { self.responder_name() } else { facts.host_name.clone() };
        self.case.mitigations.push(Mitigation {
            at: facts.observed_at,
            by,
            kind: MitigationKind::Other,
            text: facts.reasons.join("; "),
            on_host: true,
            run: None,
        });
        if let Some(episode) = self.case.episode() {
            episode.retired_at = Some(facts.observed_at);
        }
        self.recovered(facts);
    }

    /// The failure has ended; where it was only inferred, that is the recovery too.
    fn restored(&mut self, facts: &EventFacts) {
        let failed = self.case.episodes.last().is_none_or(|last| last.breached_at.is_some());
        if failed { self.stabilise() } else { self.recovered(facts) }
    }

    fn breached(&mut self, facts: &EventFacts, registered: bool) {
        if self.case.episodes.last().is_none_or(|last| facts.episode > last.number) {
            self.begin_episode(facts);
        }
        if let Some(episode) = self.case.episode() {
            let failed = if facts.is_crash() { &mut episode.crashed_at } else { &mut episode.breached_at };
            failed.get_or_insert(facts.observed_at);
        }
        self.case.track = Track::Serious;
        let anew = registered || self.case.is_settled();
        if anew {
            self.reopen();
        }
        self.undo_verdict();
        self.case.proposed = Some(Verdict::BecameIncident);
        if anew || !self.case.is_acknowledged() || self.case.responder.as_ref().is_none_or(|one| !one.paged) {
            self.assign(facts);
        }
    }

    /// The signal is back: the verdict, what stopped it and luck are proposed; the invitation need not wait.
    fn stabilise(&mut self) {
        self.settle();
        self.case.hand_off = None;
        self.propose();
        if self.case.timers.iter().any(|timer| timer.kind == TimerKind::InvitationDue) {
            self.invite();
        }
        if let Some(responder) = self.case.responder.as_ref().map(|one| one.person) {
            self.send(responder, MessageKind::Stabilised, false);
        }
    }

    /// Verdict, what stopped it and luck, as the evidence stands now.
    pub(super) fn propose(&mut self) {
        let (proposed, reason) = verdict::propose(&self.case);
        let Some(proposed) = proposed else { return };
        if proposed == Verdict::Drill {
            return self.propose_drill(reason);
        }
        let found = luck::propose(&self.case);
        self.case.proposed = Some(proposed);
        self.case.luck_hits.clone_from(&found.hits);
        let said = self.case.luck_said.as_ref().map(|said| (said.stopped_by, said.luck));
        let (stopped_by, luck) = said.unwrap_or((found.stopped_by, found.luck));
        self.case.luck = luck;
        self.case.stopped_by = Some(stopped_by);
        self.case.control = Some(stopped_by.control());
        let rules = found.hits.iter().map(|hit| format!("{}: {}", hit.rule, hit.evidence)).collect();
        self.tell_system(What::Proposed {
            verdict: proposed,
            reason,
            stopped_by: found.stopped_by,
            luck: found.luck,
            rules,
        });
    }

    /// Made-up readings end when they are told to: nothing stopped them, and luck had no part.
    fn propose_drill(&mut self, reason: String) {
        self.case.proposed = Some(Verdict::Drill);
        self.case.control = Some(Control::Controlled);
        self.case.stopped_by = None;
        self.case.luck = LuckClass::None;
        self.case.luck_hits.clear();
        self.tell_system(What::Proposed {
            verdict: Verdict::Drill,
            reason,
            stopped_by: StoppedBy::Unknown,
            luck: LuckClass::None,
            rules: Vec::new(),
        });
    }

    fn dark(&mut self, facts: &EventFacts) {
        if let Some(episode) = self.case.episode() {
            episode.dark_since.get_or_insert(facts.observed_at);
        }
    }

    /// Whatever is told from samples ends the darkness.
    fn seen_again(&mut self, facts: &EventFacts) {
        if let Some(episode) = self.case.episode()
            && let Some(since) = episode.dark_since.take()
        {
            episode.dark_seconds += facts.observed_at.since(since).as_seconds();
            episode.seen_again_at = Some(facts.observed_at);
        }
    }

    fn responder_name(&self) -> String {
        self.case.responder.as_ref().map_or_else(String::new, |one| one.name.clone())
    }

    /// Whether anything is still running that somebody must answer for.
    pub(super) fn is_running(&self) -> bool {
        matches!(
            self.case.physical,
            Physical::Approached | Physical::Receding | Physical::Breached | Physical::Dark | Physical::Watch
        )
    }
}
