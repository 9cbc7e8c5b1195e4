//! The case from opening to close, on a manual clock.

mod anything;
mod clocks;
mod on_host;
mod opening;
mod people;
mod register;
mod retrospective;
mod said;
mod signal;
mod verdict;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use nearmiss_shared::identity::{CaseId, ClientId, EventId, EventParts, HostId, ProviderId, StoreId};
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};

use super::*;
use crate::context::{ClientSettings, Slot};
use crate::facts::Range;
use crate::hours::Hours;
use crate::key::CaseKey;
use crate::person::Person;
use crate::words::{Control, FalseAlarmCode, LuckClass, RetroForm, StoppedBy, Track, Workflow};

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

fn called_false(reason: &str) -> Command {
    let code = FalseAlarmCode::Threshold;
    Command::FalseAlarm { code, reason: reason.to_owned(), evidence: "the history of last night".to_owned() }
}

/// A world with a case in it.
struct World {
    people: Vec<Person>,
    settings: ClientSettings,
    now: Timestamp,
    case: Option<Case>,
    sequence: u64,
    observing: bool,
    entries: Vec<Entry>,
    messages: Vec<Message>,
}

/// How a case opens.
type Opener = fn(&EventFacts, Opening<'_>, &Context<'_>) -> Outcome;

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
            observing: false,
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
            hold: Some(1800.0),
            slack: None,
            coverage: None,
            reasons: vec!["14.0 % free".to_owned()],
            bundle: None,
            drill: None,
            observing: self.observing,
            maintenance: false,
            samples: Vec::new(),
        }
    }

    fn context(&self, actor: Actor) -> Context<'_> {
        Context { people: &self.people, settings: &self.settings, busy: &[], meetings: &[], actor }
    }

    fn open(&mut self, change: impl Fn(&mut EventFacts)) -> &Case {
        self.open_by(open, change)
    }

    fn open_by(&mut self, how: Opener, change: impl Fn(&mut EventFacts)) -> &Case {
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
        let outcome = how(&facts, opening, &self.context(Actor::Host { name: "lab-srv-07".to_owned() }));
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

    /// An event of an episode that was over before anybody could hear of it.
    fn past(&mut self, kind: EventKind, state: Physical, value: f64) -> &Case {
        let facts = self.facts(kind, state, value);
        self.apply(Input::Past(Box::new(facts)), Actor::Host { name: "lab-srv-07".to_owned() }).unwrap();
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
