//! The whole uplink against a collector that keeps what it was told and verifies every signature.

use nearmiss_runtime::random::random;
use nearmiss_runtime::tasks::Tasks;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_shared::identity::{HostId, RequestId};
use nearmiss_shared::signature::{PublicKey, RequestParts, verify};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::enrol::{Application, enrol};
use super::{Client, Uplink, events};
use crate::control::{Answer, Question};
use crate::daemon::tests::{Running, until};
use crate::history::History;
use crate::pipeline::{Outbox, Parts, Pipeline};
use crate::store::{Enrolment, Reserve, Store};
use nearmiss_agent_probe::Clock;

#[derive(Debug, Default)]
struct Kept {
    key: Option<String>,
    /// Answers 503 to everything but enrolment while this is set.
    down: bool,
    /// Answers 422 to every event while this is set.
    refuses: bool,
    largest_body: usize,
    nonces: BTreeSet<String>,
    events: Vec<Event>,
    statuses: Vec<Status>,
    parts: BTreeMap<String, Vec<u8>>,
    closed: Vec<EvidenceClose>,
    requests: Vec<Request>,
}

/// A collector of one host.
#[derive(Clone, Debug, Default)]
struct Fake(Arc<Mutex<Kept>>);

impl Fake {
    async fn start(tasks: &mut Tasks) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self::default();
        let (serving, mut stop) = (fake.clone(), tasks.stop_signal());
        tasks.spawn("collector", async move {
            loop {
                tokio::select! {
                    () = stop.asked() => return,
                    accepted = listener.accept() => serving.serve(accepted.unwrap().0).await,
                }
            }
        });
        (fake, url)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    /// One request a connection.
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut first = String::new();
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (status, answer) = self.answer(method, path, &headers, &body);
        let text = answer.to_string();
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
        stream.write_all(format!("{head}{text}").as_bytes()).await.unwrap();
    }

    fn answer(
        &self,
        method: &str,
        path: &str,
        headers: &BTreeMap<String, String>,
        body: &[u8],
    ) -> (u16, Value) {
        let mut kept = self.0.lock().unwrap();
        if path == "/agent/v1/enrol" {
            let asked: Enrol = serde_json::from_slice(body).unwrap();
            kept.key = Some(asked.public_key);
            return (200, serde_json::to_value(enrolled()).unwrap());
        }
        let audience = "enrolled here";
        let parts = RequestParts {
            method,
            path,
            query: "",
            content_type: headers.get("content-type").map(String::as_str),
            content_encoding: None,
            audience,
            body,
        };
        let key = PublicKey::from_hex(kept.key.as_ref().unwrap()).unwrap();
        let now = Clock::real().wall().as_seconds();
        let proof = verify(&parts, &|name| headers.get(name).cloned(), &key, now).unwrap();
        assert!(kept.nonces.insert(proof.nonce), "a nonce came twice");
        kept.largest_body = kept.largest_body.max(body.len());
        if kept.refuses && path == "/agent/v1/events" {
            return (422, json!({"title": "no such event"}));
        }
        if kept.down {
            return (503, json!({"title": "down"}));
        }
        match (method, path) {
            ("POST", "/agent/v1/events") => {
                let batch: EventBatch = serde_json::from_slice(body).unwrap();
                let stored = batch.events.iter().map(|event| event.id).collect();
                kept.events.extend(batch.events);
                (200, serde_json::to_value(Stored { stored, refused: Vec::new() }).unwrap())
            }
            ("POST", "/agent/v1/status") => {
                kept.statuses.push(serde_json::from_slice(body).unwrap());
                let requests = std::mem::take(&mut kept.requests);
                let answer = StatusAnswer { requests, server_time: Clock::real().wall(), cases: Vec::new() };
                (200, serde_json::to_value(answer).unwrap())
            }
            ("PUT", part) => {
                kept.parts.insert(part.to_owned(), body.to_owned());
                (200, json!({}))
            }
            _ => {
                kept.closed.push(serde_json::from_slice(body).unwrap());
                (200, json!({}))
            }
        }
    }
}

fn enrolled() -> Enrolled {
    let now = Clock::real().wall();
    Enrolled {
        host_id: HostId::from_parts(now, random()),
        client: "Falcon MRO".to_owned(),
        site: "Karachi".to_owned(),
        audience: "enrolled here".to_owned(),
        server_time: now,
        observe_seconds: 0,
    }
}

fn application(url: &str) -> Application {
    Application {
        url: url.to_owned(),
        token: "token".to_owned(),
        hostname: "lab-srv-07".to_owned(),
        replace: None,
        insecure: false,
        ca_file: String::new(),
    }
}

/// An agent that is enrolled at `url` and runs.
async fn agent(url: &str) -> Running {
    let folder = Running::folder("");
    let quick = folder.path().join("conf.d");
    std::fs::create_dir(&quick).unwrap();
    std::fs::write(quick.join("quick.toml"), "[collector]\nstatus_interval = \"200ms\"\n").unwrap();
    let clock = Clock::real();
    let store = Store::open(&folder.path().join("state")).await.unwrap();
    let identity = store.identity(clock.wall()).await.unwrap();
    let enrolment = enrol(application(url), &identity, &clock).await.unwrap();
    store.enrol(&enrolment, identity.store).await.unwrap();
    store.close().await;
    Running::in_folder(folder).await
}

fn request(kind: &str, data: Value, expires: Timestamp) -> Request {
    Request { id: RequestId::from_parts(expires, random()), kind: kind.to_owned(), data, expires }
}

#[tokio::test]
async fn events_and_evidence_wait_out_an_outage_and_arrive_signed_and_once() {
    let mut tasks = Tasks::default();
    let (fake, url) = Fake::start(&mut tasks).await;
    let agent = agent(&url).await;
    fake.with(|kept| kept.down = true);
    let drill = Question::Drill { name: "disk-failure".to_owned(), abort: false };
    assert!(matches!(agent.ask(drill).await, Answer::Done(_)));
    assert_eq!(agent.status().await.spool.events, 1);
    let fault = until(async || agent.status().await.contact_fault).await;
    assert!(fault.contains("503"), "status says why nobody answers: {fault}");

    fake.with(|kept| kept.down = false);
    let closed = until(async || fake.with(|kept| kept.closed.first().cloned())).await;
    let parts = fake.with(|kept| kept.parts.values().cloned().collect::<Vec<_>>().concat());
    assert_eq!(closed.sha256, nearmiss_shared::bundle::sha256_hex(&parts));
    assert!(nearmiss_shared::bundle::verify(&parts, None).valid);
    let events = fake.with(|kept| kept.events.clone());
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), events[0].drill.as_deref()), ("approached", Some("disk-failure")));
    let spool = until(async || Some(agent.status().await.spool).filter(|spool| spool.bundles == 0)).await;
    assert_eq!(spool.events, 0);
    until(async || agent.status().await.contact_fault.is_none().then_some(())).await;
    agent.stop().await;
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn requests_are_obeyed_refused_or_expired_and_each_is_answered() {
    let mut tasks = Tasks::default();
    let (fake, url) = Fake::start(&mut tasks).await;
    let later = Clock::real().wall().plus(Span::from_hours(1));
    let maintenance = json!({"until": later, "reason": "new array", "person": "sana"});
    let unknown = json!({"signal": "disk.reallocated", "subject": "nobody", "value": 4.0, "until": later,
                         "reason": "old", "person": "sana"});
    let requests = [
        request("maintenance", maintenance.clone(), later),
        request("baseline", unknown, later),
        request("maintenance", json!({"until": 3}), later),
        request("maintenance", maintenance, Timestamp::from_millis(1)),
        request("rotate_key", json!({}), later),
        request("drill", json!({"name": "disk-failure"}), later),
    ];
    fake.with(|kept| kept.requests = requests.to_vec());
    let agent = agent(&url).await;
    let answers = until(async || {
        let told = fake
            .with(|kept| kept.statuses.iter().flat_map(|status| status.answers.clone()).collect::<Vec<_>>());
        (told.len() >= requests.len()).then_some(told)
    })
    .await;
    let outcome = |request: &Request| answers.iter().find(|answer| answer.id == request.id).unwrap().outcome;
    use RequestOutcome::{Done, Expired, Refused};
    let outcomes: Vec<RequestOutcome> = requests.iter().map(outcome).collect();
    assert_eq!(outcomes, [Done, Refused, Refused, Expired, Refused, Refused], "{answers:?}");
    assert_eq!(agent.status().await.maintenance.unwrap().1, "new array");
    agent.stop().await;
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn evidence_that_is_given_up_is_told_as_a_loss() {
    let mut tasks = Tasks::default();
    let (fake, url) = Fake::start(&mut tasks).await;
    let agent = agent(&url).await;
    fake.with(|kept| kept.down = true);
    let drill = Question::Drill { name: "disk-failure".to_owned(), abort: false };
    assert!(matches!(agent.ask(drill).await, Answer::Done(_)));
    let evidence = agent.control().with_file_name("evidence");
    let bundle = until(async || {
        let files = std::fs::read_dir(&evidence).into_iter().flatten().flatten().map(|entry| entry.path());
        files.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "tar"))
    })
    .await;
    std::fs::remove_file(&bundle).unwrap();
    fake.with(|kept| kept.down = false);
    let loss = until(async || {
        fake.with(|kept| kept.events.iter().find(|event| event.kind.as_str() == "loss").cloned())
    })
    .await;
    assert_eq!(loss.labels["bundle"], bundle.file_stem().unwrap().to_string_lossy());
    agent.stop().await;
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

/// An uplink without tasks, whose pipeline takes nothing in.
async fn idle_uplink(url: &str, folder: &std::path::Path) -> (Uplink, Enrolment) {
    let clock = Clock::real();
    let store = Store::open(folder).await.unwrap();
    let mut identity = store.identity(clock.wall()).await.unwrap();
    let enrolment = enrol(application(url), &identity, &clock).await.unwrap();
    identity.enrolment = Some(enrolment.clone());
    let key = identity.key.clone();
    let client = Client::new(url, key, &enrolment.audience, false, "", clock.clone()).unwrap();
    let outbox = Arc::new(Outbox::default());
    let parts = Parts {
        clock: clock.clone(),
        store: store.clone(),
        identity,
        rules: RuleSet::default(),
        observe: Span::ZERO,
        reserve: Reserve::take(folder, 0),
        history: History::of(folder, &HistoryConfig::default()),
        outbox: Arc::clone(&outbox),
        counters: Arc::default(),
    };
    let (_, pipeline) = Pipeline::resume(parts, true, true).await.unwrap();
    let counters = Arc::default();
    (Uplink { clock, store, client: Arc::new(client), pipeline, outbox, counters }, enrolment)
}

/// Events of which each fills a good part of a request.
fn large_events(count: u64) -> Vec<Event> {
    let sample = include_str!("../../../shared/src/wire/v1/batch.sample.json");
    let batch: EventBatch = serde_json::from_str(sample).unwrap();
    let large = |sequence: u64| {
        let mut event = batch.events[0].clone();
        event.id = format!("{sequence:064x}").parse().unwrap();
        event.sequence = sequence;
        event.reasons = vec!["x".repeat(400 * 1024)];
        event
    };
    (1..=count).map(large).collect()
}

#[tokio::test]
async fn an_event_in_memory_that_is_refused_for_good_is_put_aside() {
    let mut tasks = Tasks::default();
    let (fake, url) = Fake::start(&mut tasks).await;
    let folder = tempfile::tempdir().unwrap();
    let (uplink, enrolment) = idle_uplink(&url, folder.path()).await;
    fake.with(|kept| kept.refuses = true);
    for count in [1, 2] {
        uplink.outbox.keep_unspooled(large_events(count));
        assert_eq!(events::deliver(&uplink, &enrolment).await.unwrap() as u64, count);
        assert!(uplink.outbox.unspooled().is_empty(), "it would be sent again at once, for ever");
        assert_eq!(events::deliver(&uplink, &enrolment).await.unwrap(), 0);
    }
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn events_in_memory_are_sent_in_requests_that_the_collector_reads() {
    let mut tasks = Tasks::default();
    let (fake, url) = Fake::start(&mut tasks).await;
    let folder = tempfile::tempdir().unwrap();
    let (uplink, enrolment) = idle_uplink(&url, folder.path()).await;
    uplink.outbox.keep_unspooled(large_events(5));
    while events::deliver(&uplink, &enrolment).await.unwrap() > 0 {}
    let (arrived, largest) = fake.with(|kept| (kept.events.len(), kept.largest_body));
    assert_eq!(arrived, 5);
    assert!(largest <= nearmiss_shared::wire::MAX_BODY_BYTES, "{largest}");
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
}
