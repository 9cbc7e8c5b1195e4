//! Stories of the store, each in a database of its own.

use std::collections::BTreeMap;

use nearmiss_case::chain;
use nearmiss_case::context::{ClientSettings, Context, Slot};
use nearmiss_case::engine::Opening;
use nearmiss_case::key::CaseKey;
use nearmiss_case::words::{TimerKind, Workflow};
use nearmiss_case::{Actor, Case, EventFacts, Outcome};
use nearmiss_shared::identity::{CaseId, EventId, EventParts, HostId, MessageId, StoreId, TaskId, TokenId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical, Role};
use tempfile::TempDir;

use crate::accounts::{Accounts, ClientAccount, PersonAccount};
use crate::authentication::{NewToken, TokenKind};
use crate::cases::{CaseFilter, CaseState};
use crate::hosts::{EnrolOutcome, NewHost};
use crate::outbox::{Channel, MessageState, NewMessage};
use crate::{ClientScope, Operator, Store, Unit};

const MORNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Bytes that are never the same twice.
fn bytes<const N: usize>() -> impl FnMut() -> [u8; N] + Send {
    bytes_from(0)
}

fn bytes_from<const N: usize>(mut count: u64) -> impl FnMut() -> [u8; N] + Send {
    move || {
        count += 1;
        let mut bytes = [0; N];
        bytes[N - 8..].copy_from_slice(&count.to_be_bytes());
        bytes
    }
}

fn person(name: &str, roles: &[(&str, Role)], owner: bool) -> PersonAccount {
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
        on_call: held.keys().cloned().collect(),
        deputy: Vec::new(),
        roles: held,
    }
}

fn accounts() -> Accounts {
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

struct World {
    store: Store,
    operator: Operator,
    apex: ClientScope,
    falcon: ClientScope,
    folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("collector.db")).await.unwrap();
    let mut unit = store.begin().await.unwrap();
    unit.apply_accounts(&accounts(), "collector", MORNING, &mut bytes()).await.unwrap();
    unit.commit().await.unwrap();
    let operator = store.operator().await.unwrap().unwrap();
    let clients = store.clients(operator.scope()).await.unwrap();
    World { apex: clients[0].scope(), falcon: clients[1].scope(), store, operator, folder }
}

/// A case of `subject` opened at [`MORNING`], with its entries.
async fn opened(unit: &mut Unit, scope: ClientScope, subject: &str, number: u8) -> Outcome {
    let host = HostId::from_parts(MORNING, [1; 10]);
    let facts = facts(host, subject);
    let people = unit.people(scope).await.unwrap();
    let settings = unit.settings(scope).await.unwrap();
    let context = Context { people: &people, settings: &settings, busy: &[], actor: Actor::System };
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

fn facts(host: HostId, subject: &str) -> EventFacts {
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
        reasons: vec!["4 % free".to_owned()],
        bundle: None,
        drill: None,
        observing: false,
        maintenance: false,
    }
}

async fn stored(world: &World, scope: ClientScope, subject: &str, number: u8) -> Case {
    let mut unit = world.store.begin().await.unwrap();
    let outcome = opened(&mut unit, scope, subject, number).await;
    unit.insert_case(scope, &outcome.case, MORNING).await.unwrap();
    unit.append_entries(scope, outcome.case.id, &outcome.entries, &mut bytes()).await.unwrap();
    unit.commit().await.unwrap();
    outcome.case
}

#[tokio::test]
async fn accounts_applied_twice_are_the_same_accounts() {
    let world = world().await;
    let before = world.store.people(world.falcon).await.unwrap();
    let mut unit = world.store.begin().await.unwrap();
    unit.apply_accounts(&accounts(), "another", MORNING, &mut bytes_from(100)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(world.store.people(world.falcon).await.unwrap(), before);
    assert_eq!(
        world.store.operator().await.unwrap().unwrap().audience,
        "collector",
        "agents were told the first"
    );
    let names: Vec<&str> = before.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["omar", "sana"], "the client's own and the provider's");
    assert!(
        world.store.people(world.apex).await.unwrap().iter().all(|person| person.name != "vera"),
        "viewers act not"
    );
}

#[tokio::test]
async fn an_account_that_names_no_client_is_refused_whole() {
    let world = world().await;
    let mut wrong = accounts();
    wrong.people.push(person("tariq", &[("Falkon", Role::Devops)], false));
    let mut unit = world.store.begin().await.unwrap();
    let fault = unit.apply_accounts(&wrong, "collector", MORNING, &mut bytes_from(100)).await.unwrap_err();
    assert!(fault.to_string().contains("`Falkon`"), "{fault}");
    drop(unit);
    assert!(world.store.credentials("tariq@example.org").await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_sees_its_own_clients_until_it_ends() {
    let world = world().await;
    let vera = world.store.credentials(" Vera@example.ORG ").await.unwrap().unwrap();
    let omar = world.store.credentials("omar@example.org").await.unwrap().unwrap();
    let mut unit = world.store.begin().await.unwrap();
    let end = MORNING.plus(Span::from_hours(12));
    unit.start_session(&vera, "secret of vera", "form", MORNING, end).await.unwrap();
    unit.start_session(&omar, "secret of omar", "form", MORNING, end).await.unwrap();
    unit.commit().await.unwrap();

    let viewer = world.store.session("secret of vera", MORNING).await.unwrap().unwrap();
    assert_eq!((viewer.scopes(), viewer.form_token.as_str()), (vec![world.apex], "form"));
    assert!(viewer.actor(world.apex.client()).is_none(), "a viewer only looks");
    let owner = world.store.session("secret of omar", MORNING).await.unwrap().unwrap();
    assert_eq!(owner.scopes(), vec![world.apex, world.falcon]);
    assert!(world.store.session("secret of nobody", MORNING).await.unwrap().is_none());
    assert!(world.store.session("secret of vera", end).await.unwrap().is_none(), "it has ended");
    let mut unit = world.store.begin().await.unwrap();
    unit.end_session("secret of omar").await.unwrap();
    unit.commit().await.unwrap();
    assert!(world.store.session("secret of omar", MORNING).await.unwrap().is_none(), "signed out");
}

fn token(secret: &str, kind: TokenKind, uses: Option<u32>) -> NewToken {
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

#[tokio::test]
async fn a_token_is_of_one_client_and_one_kind_and_enrols_only_so_often() {
    let world = world().await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("call", TokenKind::Api, None)).await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, Some(1))).await.unwrap();
    assert!(unit.enrolment("call", MORNING).await.unwrap().is_none(), "an API token enrols nobody");
    assert!(unit.enrolment("enrol", MORNING.plus(Span::from_hours(2))).await.unwrap().is_none(), "expired");
    assert_eq!(unit.enrolment("enrol", MORNING).await.unwrap().unwrap().scope(), world.falcon);
    assert!(unit.enrolment("enrol", MORNING).await.unwrap().is_none(), "used up");
    unit.commit().await.unwrap();
    let caller = world.store.bearer("call", MORNING).await.unwrap().unwrap();
    assert_eq!(caller.scopes(), vec![world.falcon]);
    assert!(
        world.store.bearer("enrol", MORNING).await.unwrap().is_none(),
        "an enrolment token calls nothing"
    );
}

#[tokio::test]
async fn a_host_is_enrolled_once_and_replaced_in_place() {
    let world = world().await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, None)).await.unwrap();
    let enrolment = unit.enrolment("enrol", MORNING).await.unwrap().unwrap();
    let host = |name: &str, key: &str, replace: Option<&str>| NewHost {
        id: HostId::from_parts(MORNING, [key.len() as u8; 10]),
        name: name.to_owned(),
        machine: String::new(),
        public_key: key.to_owned(),
        agent_version: "1".to_owned(),
        replace: replace.map(str::to_owned),
        at: MORNING,
    };
    let first = unit.enrol_host(&enrolment, host("lab-1", "k", None)).await.unwrap();
    let EnrolOutcome::Enrolled(id) = first else { panic!("{first:?}") };
    let again = unit.enrol_host(&enrolment, host("lab-1", "kk", None)).await.unwrap();
    assert_eq!(again, EnrolOutcome::Duplicate { host: id, name: "lab-1".to_owned() });
    let replaced = unit.enrol_host(&enrolment, host("lab-1", "kk", Some("lab-1"))).await.unwrap();
    assert_eq!(replaced, EnrolOutcome::Enrolled(id), "its history goes on");
    let nothing = unit.enrol_host(&enrolment, host("lab-2", "kkk", Some("lab-9"))).await.unwrap();
    assert_eq!(nothing, EnrolOutcome::NothingToReplace);
    unit.commit().await.unwrap();

    assert!(world.store.host_of_key("k").await.unwrap().is_none(), "the old key is void");
    let scope = world.store.host_of_key("kk").await.unwrap().unwrap();
    let mut unit = world.store.begin().await.unwrap();
    assert!(unit.remember_nonce(&scope, "n", MORNING).await.unwrap());
    assert!(
        !unit.remember_nonce(&scope, "n", MORNING.plus(Span::from_minutes(1))).await.unwrap(),
        "a replay"
    );
    assert!(
        unit.remember_nonce(&scope, "n", MORNING.plus(Span::from_minutes(16))).await.unwrap(),
        "long forgotten"
    );
}

#[tokio::test]
async fn the_database_itself_refuses_a_second_open_case_of_one_key() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    let second = opened(&mut unit, world.falcon, "/srv", 2).await.case;
    unit.savepoint().await.unwrap();
    let fault = unit.insert_case(world.falcon, &second, MORNING).await.unwrap_err();
    assert!(fault.is_conflict(), "{fault}");
    unit.undo().await.unwrap();
    case.workflow = Workflow::Closed;
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    unit.insert_case(world.falcon, &second, MORNING).await.unwrap();
    let found = unit.case_of_key(world.falcon, &case.key).await.unwrap().unwrap();
    assert_eq!(found.id, second.id, "the open one");
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn a_case_its_timeline_and_its_changes_are_their_clients_alone() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let store = &world.store;
    assert_eq!(store.case(&[world.apex, world.falcon], case.id).await.unwrap().unwrap().case, case);
    assert!(store.case(&[world.apex], case.id).await.unwrap().is_none());
    assert!(store.case_by_number(&[world.apex], case.number).await.unwrap().is_none());
    assert!(store.timeline(world.apex, case.id).await.unwrap().is_empty());
    assert!(store.changes_since(&[world.apex], 0, 10).await.unwrap().is_empty());
    assert_eq!(store.changes_since(&[world.falcon], 0, 10).await.unwrap()[0].reference, case.id.to_string());
    let all = CaseFilter { state: CaseState::All, ..CaseFilter::default() };
    assert!(store.cases(&[world.apex], &all).await.unwrap().is_empty());
    assert!(store.cases(&[], &all).await.unwrap().is_empty());
    let named = CaseFilter { client: Some("Falcon".to_owned()), ..CaseFilter::default() };
    assert_eq!(store.cases(&[world.falcon], &named).await.unwrap().len(), 1);
    let closed = CaseFilter { state: CaseState::Closed, ..CaseFilter::default() };
    assert!(store.cases(&[world.falcon], &closed).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_chain_verifies_until_somebody_touches_it() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let entries = world.store.chain(world.falcon, case.id).await.unwrap();
    assert!(entries.len() >= 3, "opened, assigned, planned");
    assert_eq!(chain::verify(&entries), Vec::<String>::new());
    let lines = world.store.timeline(world.falcon, case.id).await.unwrap();
    assert_eq!((lines[0].kind.as_str(), lines[0].actor.as_str()), ("opened", "nearmiss"));

    let mut unit = world.store.begin().await.unwrap();
    let sql =
        "UPDATE entry_payload SET payload = replace(payload, '4 % free', '40 % free') WHERE sequence = 1";
    sqlx::query(sql).execute(&mut *unit.transaction).await.unwrap();
    unit.commit().await.unwrap();
    let entries = world.store.chain(world.falcon, case.id).await.unwrap();
    assert_eq!(chain::verify(&entries), ["entry 1: its text was changed"]);
}

#[tokio::test]
async fn clocks_ring_in_order_and_a_saved_case_settles_them() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let next = world.store.next_timer(&world.operator).await.unwrap().unwrap();
    assert_eq!(next, case.timers[0].due);
    let mut unit = world.store.begin().await.unwrap();
    assert!(
        unit.due_timers(&world.operator, MORNING.minus(Span::from_millis(1)), 10).await.unwrap().is_empty()
    );
    let late = MORNING.plus(Span::from_days(3));
    let due = unit.due_timers(&world.operator, late, 10).await.unwrap();
    assert!(due.len() >= 2 && due.is_sorted_by_key(|timer| timer.due), "{due:?}");
    case.timers.retain(|timer| timer.kind == TimerKind::RetrospectiveDue);
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert_eq!(unit.due_timers(&world.operator, late, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reserved_meeting_takes_everyones_time_until_it_is_held() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let slot = Slot { start: MORNING.plus(Span::from_hours(3)), end: MORNING.plus(Span::from_hours(4)) };
    case.retrospective.slot = Some(slot);
    let mut unit = world.store.begin().await.unwrap();
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    let busy = unit.busy(world.apex, MORNING).await.unwrap();
    assert!(!busy.is_empty() && busy.iter().all(|(_, taken)| *taken == slot), "{busy:?}");
    assert!(unit.busy(world.falcon, slot.end).await.unwrap().is_empty(), "it is over");
    case.retrospective.held_at = Some(MORNING);
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert!(unit.busy(world.falcon, MORNING).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_is_queued_once_and_comes_again_until_it_is_sent() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    let message = |number: u8| NewMessage {
        id: MessageId::from_parts(MORNING, [number; 10]),
        case: case.id,
        person: None,
        channel: Channel::Email,
        kind: "page".to_owned(),
        urgent: true,
        dedup: "the same".to_owned(),
        body: "{}".to_owned(),
        created_at: MORNING,
        due_at: MORNING,
    };
    unit.queue(world.falcon, message(1)).await.unwrap();
    unit.queue(world.falcon, message(2)).await.unwrap();
    let claimed = unit.claim_messages(&world.operator, MORNING, 10).await.unwrap();
    assert_eq!((claimed.len(), claimed[0].attempts), (1, 1), "one key is one message");
    let soon = MORNING.plus(Span::from_seconds(30));
    assert!(
        unit.claim_messages(&world.operator, soon, 10).await.unwrap().is_empty(),
        "somebody is sending it"
    );
    let later = MORNING.plus(Span::from_minutes(3));
    let again = unit.claim_messages(&world.operator, later, 10).await.unwrap();
    assert_eq!(again[0].attempts, 2, "the sender crashed");
    unit.message_sent(world.falcon, again[0].id, later).await.unwrap();
    unit.commit().await.unwrap();
    let seen = world.store.outbox_of_case(world.falcon, case.id).await.unwrap();
    assert_eq!((seen.len(), seen[0].state), (1, MessageState::Sent));
    assert!(world.store.undelivered(&[world.falcon]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_database_is_opened_again() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    let lost = opened(&mut unit, world.falcon, "/var", 2).await.case;
    unit.insert_case(world.falcon, &lost, MORNING).await.unwrap();
    drop(unit);
    world.store.close().await;
    let store = Store::open(&world.folder.path().join("collector.db")).await.unwrap();
    assert!(store.case(&[world.falcon], case.id).await.unwrap().is_some());
    assert!(store.case(&[world.falcon], lost.id).await.unwrap().is_none(), "never committed");
    assert_eq!(store.integrity().await.unwrap(), "ok");
}
