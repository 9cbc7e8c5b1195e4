//! The case from opening to close, on a manual clock.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use nearmiss_shared::identity::{CaseId, ClientId, EventId, EventParts, HostId, ProviderId, StoreId};
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use proptest::prelude::*;

use super::*;
use crate::context::{ClientSettings, Slot};
use crate::facts::Range;
use crate::hours::Hours;
use crate::key::CaseKey;
use crate::person::Person;
use crate::words::{Control, LuckClass, RetroForm, StoppedBy, Track, Workflow};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person_id(number: u8) -> PersonId {
    PersonId::from_parts(Timestamp::from_millis(1), [number; 10])
}

fn person(number: u8, name: &str, roles: &[Role], hours: &str) -> Person {
    Person {
        id: person_id(number),
        name: name.to_owned(),
        email: format!("{number}@example.org"),
        roles: roles.to_vec(),
        timezone: "Asia/Karachi".to_owned(),
        hours: hours.parse::<Hours>().unwrap(),
        on_call: number == 1,
        deputy: false,
    }
}

fn people() -> Vec<Person> {
    let hours = "mon-fri 09:00-17:00";
    vec![
        person(1, "Sana", &[Role::Sysadmin], hours),
        person(2, "Dawud", &[Role::Devops], "mon-fri 10:00-18:00"),
        person(3, "Sadia", &[Role::SecurityLead], hours),
        person(4, "Bilal", &[Role::BcLead, Role::AccountManager], hours),
        person(9, "Omar", &[Role::Owner], "always"),
    ]
}

/// A world with a case in it.
struct World {
    people: Vec<Person>,
    settings: ClientSettings,
    now: Timestamp,
    case: Option<Case>,
    sequence: u64,
    entries: Vec<Entry>,
    messages: Vec<Message>,
}

const TUESDAY: &str = "2026-11-24T06:00:00Z";
const FRIDAY_EVENING: &str = "2026-11-27T14:00:00Z";

impl World {
    fn new(now: &str) -> Self {
        Self {
            people: people(),
            settings: ClientSettings::default(),
            now: at(now),
            case: None,
            sequence: 0,
            entries: Vec::new(),
            messages: Vec::new(),
        }
    }

    fn facts(&mut self, kind: EventKind, state: Physical, value: f64) -> EventFacts {
        self.sequence += 1;
        let host = HostId::from_parts(Timestamp::from_millis(1), [7; 10]);
        let store = StoreId::from_parts(Timestamp::from_millis(1), [8; 10]);
        let parts = EventParts {
            host,
            store,
            rule: "filesystem",
            kind: &kind,
            signal: "filesystem.free",
            subject: "/srv",
            episode: Some(1),
            sequence: self.sequence,
        };
        EventFacts {
            id: EventId::of(parts),
            kind,
            episode: 1,
            sequence: self.sequence,
            observed_at: self.now,
            host,
            host_name: "lab-srv-07".to_owned(),
            category: Category::Capacity,
            signal: "filesystem.free".to_owned(),
            subject: "/srv".to_owned(),
            labels: BTreeMap::new(),
            rule: "filesystem".to_owned(),
            state,
            value: Some(value),
            unit: "ratio".to_owned(),
            normal: Some(0.5),
            approach: Some(0.15),
            limit: Some(0.0),
            ordinal: false,
            proximity: Some((0.5 - value) / 0.5),
            tick: 0.7,
            time_to_failure: Some(Range { estimate: 7200.0, low: Some(5400.0), high: Some(9000.0) }),
            reasons: vec!["14.0 % free".to_owned()],
            bundle: None,
            drill: None,
            observing: false,
            maintenance: false,
        }
    }

    fn context(&self, actor: Actor) -> Context<'_> {
        Context { people: &self.people, settings: &self.settings, busy: &[], actor }
    }

    fn open(&mut self, change: impl Fn(&mut EventFacts)) -> &Case {
        let mut facts = self.facts(EventKind::Approached, Physical::Approached, 0.10);
        change(&mut facts);
        let mut number = 0;
        let mut task_ids = || {
            number += 1;
            TaskId::from_parts(Timestamp::from_millis(1), [number; 10])
        };
        let provider = ProviderId::from_parts(Timestamp::from_millis(1), [5; 10]);
        let client = ClientId::from_parts(Timestamp::from_millis(1), [6; 10]);
        let opening = Opening {
            id: CaseId::from_parts(Timestamp::from_millis(1), [4; 10]),
            number: 42,
            provider,
            client,
            site: None,
            key: CaseKey::new(provider, client, "h", &facts.signal, &facts.subject),
            received_at: self.now,
            task_ids: &mut task_ids,
        };
        let outcome = open(&facts, opening, &self.context(Actor::Host { name: "lab-srv-07".to_owned() }));
        self.take(outcome);
        self.case()
    }

    fn take(&mut self, outcome: Outcome) {
        self.case = Some(outcome.case);
        self.entries.extend(outcome.entries);
        self.messages.extend(outcome.messages);
    }

    fn case(&self) -> &Case {
        self.case.as_ref().unwrap()
    }

    fn event(&mut self, kind: EventKind, state: Physical, value: f64) -> &Case {
        let facts = self.facts(kind, state, value);
        self.apply(Input::Event(Box::new(facts)), Actor::Host { name: "lab-srv-07".to_owned() }).unwrap();
        self.case()
    }

    fn apply(&mut self, input: Input, actor: Actor) -> Result<(), Refusal> {
        let case = self.case.clone().unwrap();
        let outcome = apply(case, input, &self.context(actor), self.now)?;
        self.take(outcome);
        Ok(())
    }

    fn acts(&mut self, number: u8, command: Command) -> Result<(), Refusal> {
        let who = self.people.iter().find(|person| person.id == person_id(number)).unwrap();
        let actor = Actor::Person { id: who.id, name: who.name.clone(), roles: who.roles.clone() };
        self.apply(Input::Command(command), actor)
    }

    fn later(&mut self, span: Span) -> &mut Self {
        self.now = self.now.plus(span);
        self
    }

    /// Lets every clock ring that is due by now, in order.
    fn ring(&mut self) {
        for _ in 0..50 {
            let due = self.case().timers.iter().find(|timer| timer.due <= self.now).map(|timer| timer.kind);
            let Some(kind) = due else { return };
            self.apply(Input::Timer(kind), Actor::System).unwrap();
        }
        panic!("clocks ring without end");
    }

    fn told(&self, kind: MessageKind) -> Vec<PersonId> {
        self.messages.iter().filter(|message| message.kind == kind).map(|message| message.to).collect()
    }
}

#[test]
fn opening_assigns_clocks_tasks_and_a_slot_in_everyones_hours() {
    let mut world = World::new(TUESDAY);
    let case = world.open(|_| {}).clone();
    assert_eq!((case.track, case.workflow), (Track::Standard, Workflow::Opened));
    assert_eq!(case.title, "lab-srv-07: /srv filling");
    let responder = case.responder.as_ref().unwrap();
    assert_eq!(
        (responder.name.as_str(), responder.reason.as_str(), responder.paged),
        ("Sana", "on-call sysadmin", false)
    );
    for role in Role::FOUR {
        assert!(case.tasks.iter().any(|task| task.role == role), "{role}");
    }
    let slot = case.retrospective.slot.unwrap();
    assert_eq!(case.retrospective.form, RetroForm::Meeting);
    assert!(
        slot.end <= case.retrospective.due
            && case.retrospective.due.since(case.received_at) == Span::from_hours(48)
    );
    let karachi = TimeZone::get("Asia/Karachi").unwrap();
    for person in world.people.iter().take(4) {
        assert!(person.hours.contains_slot(slot.start, slot.end, &karachi), "{}", person.name);
    }
    assert_eq!(world.told(MessageKind::Notice), [person_id(1)]);
}

#[test]
fn on_a_friday_evening_the_written_form_is_due_and_the_meeting_is_the_first_common_slot_after() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|_| {}).clone();
    assert_eq!(case.retrospective.form, RetroForm::Written);
    assert_eq!(case.retrospective.due, at("2026-11-29T14:00:00Z"));
    assert_eq!(case.retrospective.slot.unwrap().start, at("2026-11-30T05:00:00Z"), "Monday 10:00 in Karachi");
}

#[test]
fn a_written_retrospective_is_asked_for_before_it_is_due() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    assert_eq!(world.told(MessageKind::WrittenRetrospective), []);
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    let roles = [1, 2, 3, 4].map(person_id);
    assert_eq!(world.told(MessageKind::WrittenRetrospective), roles);
    assert_eq!(world.told(MessageKind::Invitation), roles, "and the meeting comes after");
    world.later(Span::from_hours(48)).ring();
    assert_eq!(world.told(MessageKind::WrittenRetrospective).len(), 4, "asked once");
    assert_eq!(world.told(MessageKind::RetrospectiveOverdue), roles);

    let mut brief = World::new(TUESDAY);
    brief.open(|facts| facts.time_to_failure = None);
    brief.later(Span::from_hours(4)).ring();
    assert_eq!(brief.told(MessageKind::WrittenRetrospective), roles);
    assert_eq!(brief.told(MessageKind::Invitation), []);
}

#[test]
fn a_false_alarm_calls_the_meeting_off() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    let reason = "the probe was wrong".to_owned();
    world.acts(1, Command::Confirm { verdict: Verdict::FalseAlarm, reason }).unwrap();
    assert_eq!(world.told(MessageKind::InvitationCancelled), [1, 2, 3, 4].map(person_id));
    let retrospective = &world.case().retrospective;
    assert_eq!((retrospective.slot, retrospective.invitation_sequence), (None, 1));
}

#[test]
fn what_was_done_on_the_host_brings_its_bundle() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let mut facts = world.facts(EventKind::Action, Physical::Approached, 0.1);
    let bundle = BundleId::from_parts(Timestamp::from_millis(1), [3; 10]);
    facts.bundle = Some(bundle);
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
    let valid = Input::Evidence { bundle, sha256: "00".to_owned(), bytes: 1, valid: true };
    world.apply(valid, Actor::System).unwrap();
    assert_eq!(world.case().evidence[0].signature_valid, Some(true));
}

#[test]
fn a_failure_before_anybody_works_again_pages_at_once() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|_| {});
    let responder = case.responder.as_ref().unwrap();
    assert!(responder.paged);
    assert_eq!(responder.acknowledge_due, at("2026-11-27T14:15:00Z"));
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
    assert_eq!(world.told(MessageKind::Informed), [person_id(4)]);
}

#[test]
fn a_slow_approach_is_brief_and_pages_nobody() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|facts| facts.time_to_failure = None);
    assert_eq!((case.track, case.responder.as_ref().unwrap().paged), (Track::Brief, false));
    assert_eq!(case.tasks.len(), 4, "a line for each role");
}

#[test]
fn nobody_answers_until_somebody_does() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    for _ in 0..3 {
        world.later(Span::from_minutes(15)).ring();
    }
    assert_eq!(world.told(MessageKind::Escalation), [person_id(9); 3], "the last level repeats");
    world.acts(1, Command::Acknowledge { comment: "on it".to_owned(), expires: None }).unwrap();
    let before = world.messages.len();
    world.later(Span::from_hours(1)).ring();
    assert_eq!(world.told(MessageKind::Escalation).len(), 3, "acknowledged: {:?}", &world.messages[before..]);
    assert_eq!(world.case().workflow, Workflow::Acknowledged);
}

#[test]
fn an_acknowledgement_that_is_not_renewed_expires() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.later(Span::from_hours(5)).ring();
    assert!(!world.case().is_acknowledged());
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
}

#[test]
fn cleaned_up_in_time_is_averted_under_control_and_invites() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(5));
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    let text = "removed old images".to_owned();
    world.acts(1, Command::Mitigate { what: MitigationKind::Other, text, on_host: false }).unwrap();
    world.later(Span::from_minutes(1)).event(EventKind::Receding, Physical::Receding, 0.4);
    let case =
        world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4).clone();
    assert_eq!((case.workflow, case.proposed), (Workflow::Stabilised, Some(Verdict::Averted)));
    assert_eq!(
        (case.stopped_by, case.control),
        (Some(StoppedBy::MonitoredResponse), Some(Control::Controlled))
    );
    assert_eq!(case.luck, LuckClass::None);
    assert_eq!(world.told(MessageKind::Invitation), [1, 2, 3, 4].map(person_id));
}

#[test]
fn back_by_itself_is_luck_and_acting_too_late_is_luck() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(6)).event(EventKind::Receding, Physical::Receding, 0.4);
    let case = world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!((case.luck, case.luck_hits[0].rule.as_str()), (LuckClass::Main, "L1"));

    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(6)).event(EventKind::Receding, Physical::Receding, 0.4);
    world.later(Span::from_minutes(1));
    let text = "removed logs".to_owned();
    world.acts(1, Command::Mitigate { what: MitigationKind::Other, text, on_host: false }).unwrap();
    let case = world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!((case.luck, case.luck_hits[0].rule.as_str()), (LuckClass::Main, "L2"));
}

#[test]
fn the_next_approach_joins_and_a_late_event_undoes_nothing() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let late = world.facts(EventKind::Receding, Physical::Receding, 0.4);
    world.later(Span::from_minutes(40)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    world.apply(Input::Event(Box::new(late)), Actor::System).unwrap();
    assert_eq!(world.case().physical, Physical::Recovered);
    assert_eq!(world.entries.last().unwrap().what.kind(), "late");
    let case = world.event(EventKind::Approached, Physical::Approached, 0.1);
    assert_eq!((case.episodes.len(), case.workflow, case.proposed), (2, Workflow::Reopened, None));
}

#[test]
fn failure_is_an_incident_for_good() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    let case = world.event(EventKind::Restored, Physical::Restored, 0.4);
    assert_eq!((case.proposed, case.track), (Some(Verdict::BecameIncident), Track::Serious));
    let refused =
        world.acts(1, Command::Confirm { verdict: Verdict::Averted, reason: "no".to_owned() }).unwrap_err();
    assert_eq!(refused.rule, "BECAME_INCIDENT is sticky");
}

#[test]
fn a_login_case_is_averted_only_when_security_ruled() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| {
        facts.category = Category::Login;
        facts.signal = "log.failed-logins".to_owned();
    });
    let case = world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(case.proposed, Some(Verdict::Undetermined));
    let ruling = Command::Rule { ruling: Ruling::NoCompromise, reason: "key-only host".to_owned() };
    assert_eq!(world.acts(1, ruling.clone()).unwrap_err().rule, "the Security Lead rules");
    world.acts(3, ruling).unwrap();
    assert_eq!(world.case().proposed, Some(Verdict::Averted));
}

#[test]
fn close_names_what_is_missing_one_by_one() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs four answers");
    for question in 1..=4 {
        world.acts(1, Command::Answer { question, text: "so".to_owned() }).unwrap();
    }
    assert_eq!(
        world.acts(1, Command::Close).unwrap_err().why,
        "no part from Sysadmin, DevOps Engineer, Security Lead, BC Lead"
    );
    for role in Role::FOUR {
        world
            .acts(1, Command::Part { role, note: "nothing from me, because it was small".to_owned() })
            .unwrap();
    }
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs the retrospective");
    world.acts(1, Command::Held).unwrap();
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs a confirmed verdict");
    world.acts(1, Command::Confirm { verdict: Verdict::Averted, reason: String::new() }).unwrap();
    world.acts(1, Command::Close).unwrap();
    assert_eq!((world.case().workflow, world.case().timers.len()), (Workflow::Closed, 0));
}

#[test]
fn accepting_until_a_date_makes_a_standing_hazard_that_leaves_the_open_set() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let until = world.now.plus(Span::from_days(30));
    world.acts(1, Command::Accept { until, reason: "new disk is ordered".to_owned() }).unwrap();
    assert_eq!(world.case().proposed, Some(Verdict::StandingHazard));
    assert!(!world.case().is_open());
}

#[test]
fn a_hand_off_is_the_givers_until_the_receiver_accepts() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let until = world.now.plus(Span::from_hours(1));
    let offer = Command::HandOff {
        to: person_id(2),
        state: "half cleaned".to_owned(),
        risks: String::new(),
        next_step: "move the archive".to_owned(),
        until,
    };
    world.acts(1, offer).unwrap();
    assert_eq!(world.case().responder.as_ref().unwrap().person, person_id(1));
    assert!(world.acts(3, Command::AcceptHandOff).is_err());
    world.acts(2, Command::AcceptHandOff).unwrap();
    assert_eq!(world.case().responder.as_ref().unwrap().person, person_id(2));
}

#[test]
fn a_draft_pages_nobody_unless_it_failed() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.observing = true);
    assert!(world.messages.is_empty());
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    assert!(world.messages.iter().all(|message| message.urgent));
}

#[test]
fn busy_people_and_holidays_move_the_slot() {
    let mut world = World::new(TUESDAY);
    world.settings.holidays = vec!["2026-11-24".to_owned()];
    let slot = world.open(|_| {}).retrospective.slot.unwrap();
    assert_eq!(slot.start, at("2026-11-25T05:00:00Z"));
    let busy = [(person_id(2), Slot { start: slot.start, end: slot.start.plus(Span::from_hours(2)) })];
    let context =
        Context { people: &world.people, settings: &world.settings, busy: &busy, actor: Actor::System };
    let moved = crate::retrospective::plan(Track::Standard, &context, world.now).slot.unwrap();
    assert_eq!(moved.start, at("2026-11-25T07:00:00Z"));
}

/// Any mixture of events, commands and waiting.
fn happenings() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0u8..18, 1u8..5, 0i64..3000), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_an_open_case_has_a_responder_and_a_next_clock(happenings in happenings()) {
        let mut world = World::new(TUESDAY);
        world.open(|_| {});
        for (what, who, minutes) in happenings {
            world.later(Span::from_minutes(minutes)).ring();
            let text = "words".to_owned();
            match what {
                0 => drop(world.event(EventKind::Approached, Physical::Approached, 0.1).number),
                1 => drop(world.event(EventKind::Worsened, Physical::Approached, 0.04).number),
                2 => drop(world.event(EventKind::Receding, Physical::Receding, 0.4).number),
                3 => drop(world.event(EventKind::Recovered, Physical::Recovered, 0.4).number),
                4 => drop(world.event(EventKind::Breached, Physical::Breached, 0.0).number),
                5 => drop(world.event(EventKind::Restored, Physical::Restored, 0.4).number),
                6 => drop(world.event(EventKind::Dark, Physical::Dark, 0.1).number),
                7 => drop(world.event(EventKind::Gap, Physical::Approached, 0.1).number),
                8 => drop(world.acts(who, Command::Acknowledge { comment: text, expires: None })),
                9 => drop(world.acts(who, Command::Mitigate { what: MitigationKind::Restart, text, on_host: true })),
                10 => drop(world.acts(who, Command::Answer { question: who.into(), text })),
                11 => drop(world.acts(who, Command::Part { role: Role::FOUR[usize::from(who) - 1], note: text })),
                12 => drop(world.acts(who, Command::Held)),
                13 => drop(world.acts(who, Command::Confirm { verdict: Verdict::Averted, reason: text })),
                14 => drop(world.acts(who, Command::Close)),
                15 => drop(world.acts(who, Command::AcceptHandOff)),
                16 => drop(world.acts(who, Command::Note { text })),
                _ => drop(world.acts(who, Command::Confirm { verdict: Verdict::FalseAlarm, reason: text })),
            }
            let case = world.case();
            prop_assert!(case.responder.is_some());
            let resting = case.workflow == Workflow::Closed || case.retrospective.held_at.is_some();
            prop_assert!(resting || !case.timers.is_empty(), "no clock runs: {:?}", case.workflow);
            let mut stored: Case = serde_json::from_str(&serde_json::to_string(case).unwrap()).unwrap();
            stored.measures.clone_from(&case.measures);
            prop_assert_eq!(&stored, case);
        }
    }
}
