//! One provider with two clients, Apex and Falcon, in a database of its own.

use std::collections::BTreeMap;

use nearmiss_case::context::{ClientSettings, Context};
use nearmiss_case::engine::Opening;
use nearmiss_case::key::CaseKey;
use nearmiss_case::{Actor, Case, EventFacts, Outcome};
use nearmiss_shared::identity::{CaseId, EventId, EventParts, HostId, StoreId, TaskId, TokenId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical, Role};
use tempfile::TempDir;

use crate::accounts::{Accounts, ClientAccount, PersonAccount};
use crate::authentication::{NewToken, TokenKind};
use crate::hosts::{EnrolOutcome, NewHost};
use crate::{ClientScope, HostScope, Operator, Place, Store, Unit};

pub(super) const MORNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Bytes that are never the same twice.
pub(super) fn bytes<const N: usize>() -> impl FnMut() -> [u8; N] + Send {
    bytes_from(0)
}

pub(super) fn bytes_from<const N: usize>(mut count: u64) -> impl FnMut() -> [u8; N] + Send {
    move || {
        count += 1;
        let mut bytes = [0; N];
        bytes[N - 8..].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

pub(super) fn person(name: &str, roles: &[(&str, Role)], owner: bool) -> PersonAccount {
    let mut held: BTreeMap<String, Vec<Role>> = BTreeMap::new();
    for (client, role) in roles {
        held.entry((*client).to_owned()).or_default().push(*role);
    }
    PersonAccount {
        name: name.to_owned(),
        email: format!("{name}@Example.org"),
        timezone: "UTC".to_owned(),
        hours: "always".parse().unwrap(),
        owner,
        dispatcher: false,
        on_call: held
            .iter()
            .filter(|(_, roles)| !roles.contains(&Role::Viewer))
            .map(|(name, _)| name.clone())
            .collect(),
        deputy: Vec::new(),
        roles: held,
    }
}

pub(super) fn accounts() -> Accounts {
    let client = |name: &str| ClientAccount {
        name: name.to_owned(),
        sites: vec!["Main".to_owned()],
        settings: ClientSettings::default(),
    };
    Accounts {
        provider: "Provider".to_owned(),
        clients: vec![client("Apex"), client("Falcon")],
        people: vec![
            person("sana", &[("Falcon", Role::Sysadmin)], false),
            person("vera", &[("Apex", Role::Viewer)], false),
            person("omar", &[], true),
        ],
    }
}

pub(super) struct World {
    pub(super) store: Store,
    pub(super) operator: Operator,
    pub(super) apex: ClientScope,
    pub(super) falcon: ClientScope,
    pub(super) place: Place,
    _folder: TempDir,
}

pub(super) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let place = crate::trial::place(folder.path()).await;
    let store = Store::open(&place).await.unwrap();
    let mut unit = store.begin().await.unwrap();
    unit.apply_accounts(&accounts(), "collector", MORNING, &mut bytes()).await.unwrap();
    unit.commit().await.unwrap();
    let operator = store.operator().await.unwrap().unwrap();
    let clients = store.clients(operator.scope()).await.unwrap();
    World { apex: clients[0].scope(), falcon: clients[1].scope(), store, operator, place, _folder: folder }
}

/// A case of `subject` opened at [`MORNING`], with its entries.
pub(super) async fn opened(unit: &mut Unit, scope: ClientScope, subject: &str, number: u8) -> Outcome {
    let host = HostId::from_parts(MORNING, [1; 10]);
    let facts = facts(host, subject);
    let people = unit.people(scope).await.unwrap();
    let settings = unit.settings(scope).await.unwrap();
    let context =
        Context { people: &people, settings: &settings, busy: &[], meetings: &[], actor: Actor::System };
    let mut task = 0;
    let opening = Opening {
        id: CaseId::from_parts(MORNING, [number; 10]),
        number: unit.next_number(scope).await.unwrap(),
        provider: scope.provider(),
        client: scope.client(),
        site: None,
        key: CaseKey::new(scope.provider(), scope.client(), &host.to_string(), &facts.signal, subject),
        received_at: MORNING,
        task_ids: &mut || {
            task += 1;
            TaskId::from_parts(MORNING, [number, task, 0, 0, 0, 0, 0, 0, 0, 0])
        },
    };
    nearmiss_case::open(&facts, opening, &context)
}

pub(super) fn facts(host: HostId, subject: &str) -> EventFacts {
    let store = StoreId::from_parts(MORNING, [2; 10]);
    let kind = EventKind::Approached;
    let signal = "filesystem.free";
    let id = EventId::of(EventParts {
        host,
        store,
        rule: "r",
        kind: &kind,
        signal,
        subject,
        episode: Some(1),
        sequence: 1,
    });
    EventFacts {
        id,
        kind,
        episode: 1,
        sequence: 1,
        observed_at: MORNING,
        host,
        host_name: "lab-1".to_owned(),
        category: Category::Capacity,
        signal: signal.to_owned(),
        subject: subject.to_owned(),
        labels: BTreeMap::new(),
        rule: "r".to_owned(),
        state: Physical::Approached,
        value: Some(0.04),
        unit: "ratio".to_owned(),
        normal: Some(0.5),
        approach: Some(0.15),
        limit: Some(0.0),
        ordinal: false,
        proximity: Some(0.92),
        tick: 0.7,
        time_to_failure: None,
        hold: Some(1800.0),
        slack: None,
        coverage: None,
        reasons: vec!["4 % free".to_owned()],
        bundle: None,
        drill: None,
        observing: false,
        maintenance: false,
        samples: Vec::new(),
    }
}

pub(super) async fn stored(world: &World, scope: ClientScope, subject: &str, number: u8) -> Case {
    let mut unit = world.store.begin().await.unwrap();
    let outcome = opened(&mut unit, scope, subject, number).await;
    unit.insert_case(scope, &outcome.case, MORNING).await.unwrap();
    unit.append_entries(scope, outcome.case.id, &outcome.entries, &mut bytes()).await.unwrap();
    unit.commit().await.unwrap();
    outcome.case
}

pub(super) fn token(secret: &str, kind: TokenKind, uses: Option<u32>) -> NewToken {
    NewToken {
        secret: secret.to_owned(),
        id: TokenId::from_parts(MORNING, [secret.len() as u8; 10]),
        kind,
        name: "a token".to_owned(),
        site: None,
        roles: vec![Role::Sysadmin],
        uses,
        expires_at: MORNING.plus(Span::from_hours(1)),
    }
}

pub(super) fn new_host(name: &str, key: &str) -> NewHost {
    let mut random = [0; 10];
    for (slot, byte) in random.iter_mut().zip(key.bytes()) {
        *slot = byte;
    }
    NewHost {
        id: HostId::from_parts(MORNING, random),
        name: name.to_owned(),
        machine: String::new(),
        public_key: key.to_owned(),
        agent_version: "1".to_owned(),
        replace: None,
        at: MORNING,
    }
}

/// An enrolled host of this name; its name is its key.
pub(super) async fn enrolled(world: &World, scope: ClientScope, name: &str) -> HostScope {
    let mut unit = world.store.begin().await.unwrap();
    let secret = format!("enrols {name}");
    unit.create_token(scope, token(&secret, TokenKind::Enrol, Some(1))).await.unwrap();
    let enrolment = unit.enrolment(&secret, MORNING).await.unwrap().unwrap();
    let outcome = unit.enrol_host(&enrolment, new_host(name, name)).await.unwrap();
    assert!(matches!(outcome, EnrolOutcome::Enrolled(_)), "{outcome:?}");
    unit.commit().await.unwrap();
    world.store.host_of_key(name).await.unwrap().unwrap()
}
