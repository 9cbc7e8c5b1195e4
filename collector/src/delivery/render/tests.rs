//! What people read.

use std::collections::BTreeMap;

use nearmiss_case::context::ClientSettings;
use nearmiss_case::engine::Opening;
use nearmiss_case::facts::Range;
use nearmiss_case::key::CaseKey;
use nearmiss_case::{Actor, Context, EventFacts, open};
use nearmiss_shared::identity::{
    CaseId, ClientId, EventId, EventParts, HostId, PersonId, ProviderId, StoreId, TaskId,
};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical, Role};

use super::*;

/// A case that has just opened, with its people.
pub(crate) struct World {
    pub(crate) case: Case,
    pub(crate) people: Vec<Person>,
    now: Timestamp,
}

fn person(number: u8, name: &str, role: Role) -> Person {
    Person {
        id: PersonId::from_parts(Timestamp::from_millis(1), [number; 10]),
        name: name.to_owned(),
        email: format!("{number}@example.org"),
        roles: vec![role],
        timezone: "Asia/Karachi".to_owned(),
        hours: "mon-fri 09:00-17:00".parse().unwrap(),
        on_call: number == 1,
        deputy: false,
    }
}

fn facts(now: Timestamp) -> EventFacts {
    let start = Timestamp::from_millis(1);
    let host = HostId::from_parts(start, [7; 10]);
    let kind = EventKind::Approached;
    let parts = EventParts {
        host,
        store: StoreId::from_parts(start, [8; 10]),
        rule: "filesystem",
        kind: &kind,
        signal: "filesystem.free",
        subject: "/srv",
        episode: Some(1),
        sequence: 1,
    };
    EventFacts {
        id: EventId::of(parts),
        kind,
        episode: 1,
        sequence: 1,
        observed_at: now,
        host,
        host_name: "cal-db-1".to_owned(),
        category: Category::Capacity,
        signal: "filesystem.free".to_owned(),
        subject: "/srv".to_owned(),
        labels: BTreeMap::new(),
        rule: "filesystem".to_owned(),
        state: Physical::Approached,
        value: Some(0.1),
        unit: "ratio".to_owned(),
        normal: Some(0.5),
        approach: Some(0.15),
        limit: Some(0.0),
        ordinal: false,
        proximity: Some(0.8),
        tick: 0.7,
        time_to_failure: Some(Range { estimate: 7200.0, low: Some(5400.0), high: None }),
        hold: Some(1800.0),
        slack: None,
        coverage: None,
        reasons: vec!["10 % free, approach at 15 %".to_owned()],
        bundle: None,
        drill: None,
        observing: false,
        maintenance: false,
        samples: Vec::new(),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2026-11-24T06:00:00Z".parse().unwrap();
        let people = vec![
            person(1, "Sana \"S\", Jr.", Role::Sysadmin),
            person(2, "Dawud", Role::Devops),
            person(3, "Sadia", Role::SecurityLead),
            person(4, "Bilal", Role::BcLead),
        ];
        let start = Timestamp::from_millis(1);
        let (provider, client) =
            (ProviderId::from_parts(start, [1; 10]), ClientId::from_parts(start, [2; 10]));
        let opening = Opening {
            id: CaseId::from_parts(start, [4; 10]),
            number: 42,
            provider,
            client,
            site: None,
            key: CaseKey::new(provider, client, "h", "filesystem.free", "/srv"),
            received_at: now,
            task_ids: &mut || TaskId::from_parts(start, [5; 10]),
        };
        let settings = ClientSettings::default();
        let actor = Actor::Host { name: "cal-db-1".to_owned() };
        let context = Context { people: &people, settings: &settings, busy: &[], meetings: &[], actor };
        let case = open(&facts(now), opening, &context).case;
        Self { case, people, now }
    }

    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            case: &self.case,
            client: "Falcon MRO",
            site: Some("Hangar 2"),
            receiver: self.people.first().unwrap(),
            people: &self.people,
            impact: "calibration records are down; RTO 4 h",
            case_url: "http://127.0.0.1:8321/cases/NM-0042".to_owned(),
            link: Some("http://127.0.0.1:8321/a/nm_secret".to_owned()),
            now: self.now,
        }
    }
}

#[test]
fn a_page_says_what_how_close_what_it_means_and_what_to_do() {
    let world = World::new();
    let (subject, text) = letter(MessageKind::Page, &world.told());
    assert_eq!(subject, "NM-0042 cal-db-1: /srv filling: acknowledge now");
    let mut from = 0;
    for part in [
        "NM-0042  cal-db-1: /srv filling\nFalcon MRO, Hangar 2",
        "█████████████████████┆██······│ 0.80",
        "10 % free, approach at 15 %",
        "At this rate it fails in 1h 30m at the soonest.",
        "If it fails: calibration records are down; RTO 4 h",
        "You are asked as on-call sysadmin. Acknowledge by Tue 24 Nov",
        "(Asia/Karachi)",
        "http://127.0.0.1:8321/a/nm_secret",
        "What to do first:",
    ] {
        let found = text[from..].find(part).unwrap_or_else(|| panic!("{part} is not in its place:\n{text}"));
        from += found;
    }
}

#[test]
fn every_kind_has_its_own_text_and_names_the_case() {
    let world = World::new();
    let mut texts = Vec::new();
    for kind in MessageKind::ALL {
        let (subject, text) = letter(*kind, &world.told());
        assert!(subject.starts_with("NM-0042 "), "{subject}");
        assert!(text.contains("http://127.0.0.1:8321/cases/NM-0042"), "{kind}: {text}");
        assert!(!texts.contains(&text) || *kind == MessageKind::Notice, "{kind} repeats another text");
        texts.push(text);
    }
}

#[test]
fn what_is_not_known_is_said() {
    let mut world = World::new();
    world.case.measures.proximity_now = None;
    world.case.measures.failure_now = None;
    let told = Told { impact: "", site: None, link: None, ..world.told() };
    let (_, text) = letter(MessageKind::Notice, &told);
    for part in
        ["╌│ closeness unknown", "not converging now", "not written down yet for cal-db-1", "on the page:"]
    {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_drill_is_called_one_in_subject_and_text() {
    let mut world = World::new();
    world.case.drill = Some("disk-failure".to_owned());
    for kind in MessageKind::ALL {
        let (subject, text) = letter(*kind, &world.told());
        assert!(subject.starts_with("Drill: ") && text.contains("This is a drill (disk-failure)"), "{kind}");
    }
}
