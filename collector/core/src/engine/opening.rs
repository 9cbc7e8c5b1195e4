//! A case opens: track, responder and clock, the four roles' parts, the retrospective's slot, the first messages.

use nearmiss_shared::identity::{CaseId, ClientId, PersonId, ProviderId, SiteId, TaskId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{EventKind, Role};

use super::{Move, Outcome};
use crate::case::{CASE_VERSION, Case, Episode, EvidenceRef, Measures, Responder};
use crate::context::Context;
use crate::entry::What;
use crate::erc::{self, ErcProposal};
use crate::facts::EventFacts;
use crate::key::CaseKey;
use crate::person::{Chosen, Person, first_responder};
use crate::retrospective;
use crate::tasks;
use crate::title::title;
use crate::track;
use crate::words::{LuckClass, MessageKind, RetroForm, TimerKind, Track, Verdict, Workflow};

/// The invitation goes out this long after opening, if the case is not stabilised before.
const INVITE_AFTER: Span = Span::from_hours(4);

/// Where a new case belongs, and its fresh ids.
pub struct Opening<'a> {
    pub id: CaseId,
    pub number: u64,
    pub provider: ProviderId,
    pub client: ClientId,
    pub site: Option<SiteId>,
    pub key: CaseKey,
    pub received_at: Timestamp,
    pub task_ids: &'a mut dyn FnMut() -> TaskId,
}

/// Opens a case from its first event.
pub fn open(facts: &EventFacts, opening: Opening<'_>, context: &Context<'_>) -> Outcome {
    open_at(facts, opening, context, false)
}

/// Opens a case whose episode was over before anybody could hear of it: quietly, and looked back on in writing.
pub fn open_past(facts: &EventFacts, opening: Opening<'_>, context: &Context<'_>) -> Outcome {
    open_at(facts, opening, context, true)
}

fn open_at(facts: &EventFacts, opening: Opening<'_>, context: &Context<'_>, past: bool) -> Outcome {
    let now = opening.received_at;
    let responder = first_responder(context.people, now);
    let (mut track, mut reason) = track::propose(facts, responder.as_ref().map(|chosen| chosen.person), now);
    if past && track != Track::Serious {
        track = Track::Brief;
        "it was over before it was heard of".clone_into(&mut reason);
    }
    let case = blank(facts, opening, track, context);
    let case = Case { learned_late: past, ..case };
    let mut mover = Move { case, entries: Vec::new(), messages: Vec::new(), context, now, past };
    mover.opened(facts, track.as_str(), &reason);
    mover.done()
}

/// The case before anything of it is told: who and what it is about, the four roles' parts and their meeting.
fn blank(facts: &EventFacts, opening: Opening<'_>, track: Track, context: &Context<'_>) -> Case {
    let received_at = opening.received_at;
    Case {
        v: CASE_VERSION,
        id: opening.id,
        number: opening.number,
        provider: opening.provider,
        client: opening.client,
        site: opening.site,
        host: facts.host,
        host_name: facts.host_name.clone(),
        key: opening.key,
        category: facts.category,
        signal: facts.signal.clone(),
        subject: facts.subject.clone(),
        title: title(facts),
        opened_at: facts.observed_at,
        received_at,
        learned_late: false,
        draft: facts.observing,
        drill: facts.drill.clone(),
        track,
        workflow: Workflow::Opened,
        physical: facts.state,
        proposed: None,
        confirmed: None,
        control: None,
        stopped_by: None,
        measures: Measures::default(),
        episodes: Vec::new(),
        sequence: facts.sequence,
        responder: None,
        escalation: 0,
        hand_off: None,
        tasks: tasks::tasks(track, facts.category, context.people, received_at, opening.task_ids),
        retrospective: retrospective::plan(track, context, received_at),
        mitigations: Vec::new(),
        logins: Vec::new(),
        actions: Vec::new(),
        ruling: None,
        erc: ErcProposal::default(),
        luck: LuckClass::None,
        luck_hits: Vec::new(),
        luck_said: None,
        evidence: Vec::new(),
        accepted_until: None,
        timers: Vec::new(),
    }
}

impl Move<'_> {
    fn opened(&mut self, facts: &EventFacts, track: &str, track_reason: &str) {
        self.tell(What::Opened {
            title: self.case.title.clone(),
            track: track.to_owned(),
            track_reason: track_reason.to_owned(),
            reasons: facts.reasons.clone(),
            drill: facts.drill.clone(),
            observed_at: Some(facts.observed_at),
        });
        self.begin_episode(facts);
        self.measure(facts);
        self.case.measures.proximity_open = facts.proximity;
        self.case.measures.failure_at_open = facts.time_to_failure.map(|range| range.estimate);
        self.case.erc = erc::propose(&self.case);
        if facts.kind == EventKind::Breached {
            self.case.proposed = Some(Verdict::BecameIncident);
        }
        self.assign(facts);
        self.plan_retrospective();
    }

    /// The first responder, paged or told as the event asks.
    pub(super) fn assign(&mut self, facts: &EventFacts) {
        let Some(chosen) = first_responder(self.context.people, self.now) else { return };
        let paged = !self.past
            && track::page_now(self.case.track, facts, self.context, Some(chosen.person), self.now);
        self.put_on(&chosen, paged);
    }

    /// Somebody answers for the case, and the clock runs until they say so; no clock for what nobody is told of.
    pub(super) fn put_on(&mut self, chosen: &Chosen<'_>, paged: bool) {
        let (person, reason) = (chosen.person, chosen.reason);
        let role = [Role::Sysadmin, Role::Dispatcher, Role::Owner].into_iter().find(|role| person.has(*role));
        let role = role.unwrap_or(Role::Sysadmin);
        let due = self.answer_due(Some(person), paged);
        self.case.escalation = 0;
        self.case.responder = Some(Responder {
            person: person.id,
            name: person.name.clone(),
            role,
            reason: reason.to_owned(),
            paged,
            acknowledge_due: due,
            acknowledged_at: None,
            acknowledged_by: None,
        });
        let quiet = self.is_quiet(paged);
        let (name, reason) = (person.name.clone(), reason.to_owned());
        self.tell_system(What::Assigned { person: name, role, reason, paged, due, quiet });
        self.await_answer(person.id, due, paged, if paged { MessageKind::Page } else { MessageKind::Notice });
        if paged {
            self.inform_business(person.id);
        }
    }

    /// Tells `person`, and lets the clock run until `due`.
    pub(super) fn await_answer(&mut self, person: PersonId, due: Timestamp, paged: bool, kind: MessageKind) {
        self.case.clear_timer(TimerKind::AcknowledgeDue);
        if self.is_quiet(paged) {
            return;
        }
        self.case.set_timer(TimerKind::AcknowledgeDue, due);
        self.send(person, kind, paged);
    }

    /// Nobody is told of what was over when it was heard of, nor of a draft that is not worth a page: so nobody's answer
    /// is waited for.
    const fn is_quiet(&self, paged: bool) -> bool {
        self.past || (self.case.draft && !paged)
    }

    /// When an answer is due: soon from who was paged, else after some hours of their own working time.
    pub(super) fn answer_due(&self, person: Option<&Person>, paged: bool) -> Timestamp {
        let settings = self.context.settings;
        match person {
            _ if paged => self.now.plus(settings.acknowledge_paged),
            Some(person) => person.hours.after(self.now, settings.acknowledge_working, &person.zone()),
            None => self.now.plus(settings.acknowledge_working),
        }
    }

    /// BC Lead and Account Manager are informed of what pages somebody, not paged themselves.
    fn inform_business(&mut self, responder: PersonId) {
        let informed: Vec<_> = self
            .context
            .people
            .iter()
            .filter(|person| person.has(Role::BcLead) || person.has(Role::AccountManager))
            .map(|person| person.id)
            .filter(|id| *id != responder)
            .collect();
        for id in informed {
            self.send(id, MessageKind::Informed, false);
        }
    }

    /// What came near after it was looked back on is looked back on again; the answers are there to be amended.
    pub(super) fn look_back_again(&mut self) {
        let fresh = retrospective::plan(self.case.track, self.context, self.now);
        let old = std::mem::replace(&mut self.case.retrospective, fresh);
        self.case.retrospective.answers = old.answers;
        self.case.retrospective.invitation_sequence = old.invitation_sequence + 1;
        self.plan_retrospective();
    }

    fn plan_retrospective(&mut self) {
        let plan = self.case.retrospective.clone();
        self.case.set_timer(TimerKind::RetrospectiveDue, plan.due);
        if plan.slot.is_some() || plan.form == RetroForm::Written {
            let early = plan.slot.map_or(plan.due, |slot| slot.start.minus(Span::from_hours(12)));
            let invite = self.now.plus(INVITE_AFTER).min(early).max(self.now);
            self.case.set_timer(TimerKind::InvitationDue, invite);
        }
        self.tell_system(What::RetrospectivePlanned {
            due: plan.due,
            form: plan.form,
            start: plan.slot.map(|slot| slot.start),
            reason: plan.reason,
        });
    }

    /// A new episode of the signal.
    pub(super) fn begin_episode(&mut self, facts: &EventFacts) {
        let breached = facts.kind == EventKind::Breached && !facts.is_crash();
        self.case.episodes.push(Episode {
            number: facts.episode,
            opened_at: facts.observed_at,
            turned_at: None,
            recovered_at: None,
            breached_at: breached.then_some(facts.observed_at),
            crashed_at: facts.is_crash().then_some(facts.observed_at),
            retired_at: None,
            dark_seconds: 0.0,
            dark_since: None,
            seen_again_at: None,
            exposed_seconds: 0.0,
            exposed_since: None,
        });
    }

    /// Takes the numbers of an event into the case's measures.
    pub(super) fn measure(&mut self, facts: &EventFacts) {
        let measures = &mut self.case.measures;
        measures.tick = facts.tick;
        measures.ordinal = facts.ordinal;
        measures.unit.clone_from(&facts.unit);
        measures.approach = facts.approach.or(measures.approach);
        measures.limit = facts.limit.or(measures.limit);
        measures.reasons.clone_from(&facts.reasons);
        measures.proximity_now = facts.proximity.or(measures.proximity_now);
        measures.nearer(facts.proximity, facts.value, facts.limit);
        measures.value = facts.value.or(measures.value);
        measures.failure_now = facts.soonest_failure();
        measures.hold = facts.hold.or(measures.hold);
        measures.slack = facts.slack;
        measures.coverage = facts.coverage.or(measures.coverage);
        if let Some(range) = facts.time_to_failure {
            let least = measures.failure_minimum.map_or(range.estimate, |least| least.min(range.estimate));
            measures.failure_minimum = Some(least);
        }
        self.measure_between(facts);
        self.expose(facts);
        self.expect_bundle(facts);
    }

    /// The closest point lies between two events more often than at one: the samples since the episode began tell it.
    fn measure_between(&mut self, facts: &EventFacts) {
        let (Some(normal), Some(limit)) = (facts.normal, facts.limit) else { return };
        if normal != limit && !facts.ordinal {
            let closeness = |(at, value): &(Timestamp, f64)| (*at, (value - normal) / (limit - normal));
            self.case.measures.went(facts.samples.iter().map(closeness));
        }
        let Some(since) = self.case.episodes.last().map(|episode| episode.opened_at) else { return };
        if facts.kind == EventKind::Approached || normal == limit {
            return;
        }
        for (_, value) in facts.samples.iter().filter(|(at, _)| *at >= since) {
            let proximity = (value - normal) / (limit - normal);
            self.case.measures.nearer(Some(proximity), Some(*value), Some(limit));
        }
    }

    /// For how long no independent barrier was left.
    fn expose(&mut self, facts: &EventFacts) {
        let is_bare = facts.no_redundancy() && facts.kind != EventKind::Recovered;
        let Some(episode) = self.case.episodes.last_mut() else { return };
        if is_bare {
            episode.exposed_since.get_or_insert(facts.observed_at);
        } else if let Some(since) = episode.exposed_since.filter(|_| facts.value.is_some()) {
            episode.exposed_seconds += facts.observed_at.since(since).as_seconds();
            episode.exposed_since = None;
        }
    }

    /// The bundle an event names belongs to the case, here already or not.
    pub(super) fn expect_bundle(&mut self, facts: &EventFacts) {
        let known =
            facts.bundle.filter(|bundle| self.case.evidence.iter().all(|known| known.bundle != *bundle));
        self.case.evidence.extend(known.map(|bundle| EvidenceRef {
            bundle,
            sha256: None,
            bytes: None,
            signature_valid: None,
        }));
    }
}
