//! A case to test pages with: `/srv` of cal-db-1 fills, Sana is paged, nobody has answered yet.

use std::collections::BTreeMap;

use nearmiss_case::Case;
use nearmiss_case::context::{Actor, ClientSettings, Context};
use nearmiss_case::engine::{Opening, open};
use nearmiss_case::facts::{EventFacts, Range};
use nearmiss_case::hours::Hours;
use nearmiss_case::key::CaseKey;
use nearmiss_case::person::Person;
use nearmiss_shared::identity::{BundleId, CaseId, ClientId, EventId, HostId, PersonId, ProviderId, TaskId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical, Role};

/// Tue 24 Nov 2026, 06:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_500_000_000);

pub(crate) fn person(number: u8, name: &str, roles: &[Role]) -> Person {
    Person {
        id: PersonId::from_parts(NOW, [number; 10]),
        name: name.to_owned(),
        email: format!("{number}@falcon.example"),
        roles: roles.to_vec(),
        timezone: "UTC".to_owned(),
        hours: Hours::Always,
        on_call: number == 1,
        deputy: false,
    }
}

pub(crate) fn people() -> Vec<Person> {
    vec![
        person(1, "Sana Sysadmin", &[Role::Sysadmin]),
        person(2, "Dawud DevOps", &[Role::Devops]),
        person(3, "Sadia Security", &[Role::SecurityLead]),
        person(4, "Bilal Continuity", &[Role::BcLead]),
    ]
}

pub(crate) fn facts() -> EventFacts {
    EventFacts {
        id: "00".repeat(32).parse::<EventId>().unwrap(),
        kind: EventKind::Approached,
        episode: 1,
        sequence: 1,
        observed_at: NOW,
        host: HostId::from_parts(NOW, [9; 10]),
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
        time_to_failure: Some(Range { estimate: 1_800.0, low: Some(1_500.0), high: Some(2_400.0) }),
        hold: Some(1800.0),
        slack: None,
        coverage: None,
        reasons: vec!["10.0 % free, 14.9 % an hour ago".to_owned()],
        bundle: Some(BundleId::from_parts(NOW, [5; 10])),
        drill: None,
        observing: false,
        maintenance: false,
        samples: Vec::new(),
    }
}

/// Case number `number`, opened [`NOW`].
pub(crate) fn case(number: u8) -> Case {
    case_of(number, &facts())
}

pub(crate) fn case_of(number: u8, facts: &EventFacts) -> Case {
    let provider = ProviderId::from_parts(NOW, [1; 10]);
    let client = ClientId::from_parts(NOW, [2; 10]);
    let mut next = 0;
    let mut task_ids = || {
        next += 1;
        TaskId::from_parts(NOW, [next; 10])
    };
    let opening = Opening {
        id: CaseId::from_parts(NOW, [number; 10]),
        number: u64::from(number),
        provider,
        client,
        site: None,
        key: CaseKey::new(provider, client, "host", &facts.signal, &facts.subject),
        received_at: NOW,
        task_ids: &mut task_ids,
    };
    let people = people();
    let settings = ClientSettings::default();
    let actor = Actor::Host { name: facts.host_name.clone() };
    let context = Context { people: &people, settings: &settings, busy: &[], meetings: &[], actor };
    open(facts, opening, &context).case
}
