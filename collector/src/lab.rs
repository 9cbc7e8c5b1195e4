//! A collector for tests: real store and router in a temporary folder, the stories' people, a clock to set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use nearmiss_case::Case;
use nearmiss_runtime::clock::Clock;
use nearmiss_runtime::random::random;
use nearmiss_runtime::tasks::Tasks;
use nearmiss_shared::identity::{BundleId, CaseId, EventId, EventParts, HostId, StoreId};
use nearmiss_shared::signature::{HostKey, RequestParts, sign};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{EventKind, Physical};
use nearmiss_shared::wire::v1::{Enrol, Enrolled, Estimate, Event, EventBatch, SpoolDepth, Status, VERSION};
use nearmiss_store::authentication::{NewToken, TokenKind};
use nearmiss_store::cases::{CaseFilter, CaseState};
use nearmiss_store::outbox::OutboxView;
use nearmiss_store::{ClientScope, Principal, Store};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::App;
use crate::cli::accounts_file;
use crate::config::Config;
use crate::{http, ids};

const PEOPLE: &str = include_str!("../../tests/src/lab/people.toml");
pub(crate) const CLIENT: &str = "Falcon MRO";
/// Another client of the same provider.
pub(crate) const OTHER: &str = "Apex Lab";
/// 11:00 in Karachi: everybody works.
pub(crate) const TUESDAY: &str = "2026-11-24T06:00:00Z";

/// See the module.
pub(crate) struct Lab {
    pub(crate) app: App,
    clock: PathBuf,
    /// Its end would ask everything to stop.
    _tasks: Tasks,
    _folder: TempDir,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    /// A collector with these channels, on a Tuesday morning.
    pub(crate) async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (folder.path().join("clock"), folder.path().join("data"));
        std::fs::create_dir(&data).unwrap();
        let config = Config { data, ..config };
        let clock = Clock::moved_by(&file);
        set_clock(&file, TUESDAY);
        let store = Store::open(&nearmiss_store::trial::place(folder.path()).await).await.unwrap();
        let accounts = accounts_file::parse("people.toml", PEOPLE).unwrap();
        let mut unit = store.begin().await.unwrap();
        unit.apply_accounts(&accounts, "lab", clock.now(), &mut random).await.unwrap();
        unit.commit().await.unwrap();
        let operator = store.operator().await.unwrap().unwrap();
        let tasks = Tasks::default();
        let url = "http://near.example".to_owned();
        let app = App::new(store, clock, config, operator, url, tasks.stop_signal());
        Self { app, clock: file, _tasks: tasks, _folder: folder }
    }

    pub(crate) fn set_clock(&self, instant: &str) {
        set_clock(&self.clock, instant);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub(crate) async fn scope(&self, client: &str) -> ClientScope {
        let clients = self.app.store.clients(self.app.operator.scope()).await.unwrap();
        clients.iter().find(|row| row.name == client).unwrap().scope()
    }

    /// The secret of a new token of the first client.
    pub(crate) async fn token(&self, kind: TokenKind, uses: Option<u32>) -> String {
        self.token_of(CLIENT, kind, uses).await
    }

    pub(crate) async fn token_of(&self, client: &str, kind: TokenKind, uses: Option<u32>) -> String {
        let (secret, now) = (ids::secret(), self.now());
        let token = NewToken {
            secret: secret.clone(),
            id: ids::token(now),
            kind,
            name: "lab".to_owned(),
            site: None,
            roles: vec![nearmiss_shared::vocabulary::Role::Sysadmin],
            uses,
            expires_at: now.plus(Span::from_days(30)),
        };
        let mut unit = self.app.store.begin().await.unwrap();
        unit.create_token(self.scope(client).await, token).await.unwrap();
        unit.commit().await.unwrap();
        secret
    }

    /// Somebody who may act on the client's cases.
    pub(crate) async fn sysadmin(&self) -> Principal {
        let token = self.token(TokenKind::Api, None).await;
        self.app.store.bearer(&token, self.now()).await.unwrap().unwrap()
    }

    /// What the router answers, its body as JSON where it is any.
    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = http::router(self.app.clone()).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// All cases of the first client, oldest first.
    pub(crate) async fn cases(&self) -> Vec<Case> {
        let filter = CaseFilter { state: CaseState::All, ..CaseFilter::default() };
        let rows = self.app.store.cases(&[self.scope(CLIENT).await], &filter).await.unwrap();
        let mut cases: Vec<Case> = rows.into_iter().map(|row| row.case).collect();
        cases.sort_by_key(|case| case.number);
        cases
    }

    /// The kinds of a case's timeline.
    pub(crate) async fn timeline(&self, case: CaseId) -> Vec<String> {
        let rows = self.app.store.timeline(self.scope(CLIENT).await, case).await.unwrap();
        rows.into_iter().map(|row| row.kind).collect()
    }

    pub(crate) async fn outbox(&self, case: CaseId) -> Vec<OutboxView> {
        self.app.store.outbox_of_case(self.scope(CLIENT).await, case).await.unwrap()
    }

    /// Enrols a host of the first client with the key grown from `seed`.
    pub(crate) async fn host(&self, name: &str, seed: u8) -> Host {
        self.host_of(CLIENT, name, seed).await
    }

    pub(crate) async fn host_of(&self, client: &str, name: &str, seed: u8) -> Host {
        let token = self.token_of(client, TokenKind::Enrol, Some(1)).await;
        let mut host = Host::stranger(seed);
        let request = host.enrol(self, name, &token, None);
        let (status, answer) = self.send(request).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let answer: Enrolled = serde_json::from_value(answer).unwrap();
        host.id = answer.host_id;
        host.audience = answer.audience;
        host
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the offset of a test's clock is relative to the machine's own"
)]
fn set_clock(file: &std::path::Path, instant: &str) {
    let wanted: Timestamp = instant.parse().unwrap();
    let offset = wanted.since(Timestamp::from(jiff::Timestamp::now())).as_millis();
    std::fs::write(file, offset.to_string()).unwrap();
}

/// A host that signs by hand.
pub(crate) struct Host {
    pub(crate) key: HostKey,
    pub(crate) id: HostId,
    pub(crate) audience: String,
}

impl Host {
    /// One that no collector knows.
    pub(crate) fn stranger(seed: u8) -> Self {
        let id = HostId::from_parts(Timestamp::from_millis(1), [seed; 10]);
        Self { key: HostKey::from_seed([seed; 32]), id, audience: "enrol".to_owned() }
    }

    pub(crate) fn enrol(&self, lab: &Lab, name: &str, token: &str, replace: Option<&str>) -> Request<Body> {
        let enrol = Enrol {
            v: VERSION,
            token: token.to_owned(),
            hostname: name.to_owned(),
            machine: format!("machine of {name}"),
            public_key: self.key.public().to_hex(),
            replace: replace.map(str::to_owned),
            agent_version: "0.0.0".to_owned(),
        };
        self.post(lab, "/agent/v1/enrol", &enrol)
    }

    /// A signed POST of JSON with a nonce of its own.
    pub(crate) fn post(&self, lab: &Lab, path: &str, body: &impl serde::Serialize) -> Request<Body> {
        self.signed(lab, "POST", path, "application/json", serde_json::to_vec(body).unwrap())
    }

    pub(crate) fn signed(
        &self,
        lab: &Lab,
        method: &str,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Request<Body> {
        let nonce = hex::encode(random::<16>());
        let parts = RequestParts {
            method,
            path,
            query: "",
            content_type: Some(kind),
            content_encoding: None,
            audience: &self.audience,
            body: &body,
        };
        let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
        for (name, value) in sign(&parts, &self.key, lab.now().as_seconds(), &nonce).unwrap() {
            request = request.header(name, value);
        }
        request.body(Body::from(body)).unwrap()
    }

    pub(crate) fn batch(&self, events: Vec<Event>, now: Timestamp) -> EventBatch {
        EventBatch {
            v: VERSION,
            host_id: self.id,
            boot_id: "boot".to_owned(),
            sent_at: now,
            clock_offset_ms: None,
            events,
        }
    }

    /// A report that lists nothing.
    pub(crate) fn report(&self, lab: &Lab) -> Status {
        Status {
            v: VERSION,
            host_id: self.id,
            store_id: StoreId::from_parts(Timestamp::from_millis(1), [1; 10]),
            boot_id: "boot".to_owned(),
            sent_at: lab.now(),
            boot_ms: 1,
            agent_version: "0.0.0".to_owned(),
            counters: BTreeMap::new(),
            spool: SpoolDepth::default(),
            signals: Vec::new(),
            signals_not_listed: 0,
            minutes: Vec::new(),
            answers: Vec::new(),
            observing: false,
        }
    }

    /// Sends events that are all taken.
    pub(crate) async fn tells(&self, lab: &Lab, events: Vec<Event>) {
        let count = events.len();
        let request = self.post(lab, "/agent/v1/events", &self.batch(events, lab.now()));
        let (status, answer) = lab.send(request).await;
        assert_eq!(
            (status, answer["stored"].as_array().map(Vec::len)),
            (StatusCode::OK, Some(count)),
            "{answer}"
        );
    }

    /// `/srv` filling, failing in half an hour.
    pub(crate) fn approach(&self, lab: &Lab, sequence: u64) -> Event {
        let soon = Estimate { estimate: 1800.0, low: Some(1500.0), high: None };
        Event { time_to_failure_seconds: Some(soon), ..self.event(lab, EventKind::Approached, sequence) }
    }

    /// The event number `sequence` of `/srv`.
    pub(crate) fn event(&self, lab: &Lab, kind: EventKind, sequence: u64) -> Event {
        let text = include_str!("../../shared/src/wire/v1/batch.sample.json");
        let batch: EventBatch = serde_json::from_str(text).unwrap();
        let parts = EventParts {
            host: self.id,
            store: StoreId::from_parts(Timestamp::from_millis(1), [1; 10]),
            rule: "filesystem",
            kind: &kind,
            signal: "filesystem.free",
            subject: "/srv",
            episode: Some(1),
            sequence,
        };
        let state = match kind {
            EventKind::Receding => Physical::Receding,
            EventKind::Recovered => Physical::Recovered,
            EventKind::Breached => Physical::Breached,
            EventKind::Standing => Physical::Standing,
            _ => Physical::Approached,
        };
        Event {
            id: EventId::of(parts),
            sequence,
            kind,
            state,
            observed_at: lab.now(),
            labels: BTreeMap::new(),
            time_to_failure_seconds: None,
            hold_seconds: None,
            measures: None,
            ..batch.events.into_iter().next().unwrap()
        }
    }

    /// Something done on the host, with these labels.
    pub(crate) fn action(&self, lab: &Lab, sequence: u64, labels: &[(&str, &str)]) -> Event {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Event {
            signal: String::new(),
            subject: String::new(),
            episode: None,
            labels,
            reasons: vec!["swapped the drive".to_owned()],
            ..self.event(lab, EventKind::Action, sequence)
        }
    }
}

/// A bundle's id.
pub(crate) fn bundle(number: u8) -> BundleId {
    BundleId::from_parts(Timestamp::from_millis(1), [number; 10])
}
