//! Clocks and the outbox by a clock that jumps.

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use nearmiss_case::Case;
use nearmiss_case::engine::Command;
use nearmiss_case::words::MessageKind;
use nearmiss_store::outbox::{Channel, MessageState};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{Broken, outbox, timers};
use crate::config::{Config, Webhook};
use crate::delivery::Channels;
use crate::lab::{CLIENT, Lab};

async fn a_paged_case(lab: &Lab) -> Case {
    let host = lab.host("cal-db-1", 7).await;
    host.tells(lab, vec![host.approach(lab, 1)]).await;
    lab.cases().await.remove(0)
}

fn no_channel() -> Channels {
    Channels::of(&Config::default()).unwrap()
}

#[tokio::test]
async fn a_collector_that_was_down_for_a_day_catches_up_without_a_storm() {
    let lab = Lab::new().await;
    let case = a_paged_case(&lab).await;
    lab.set_clock("2026-11-25T06:00:00Z");
    let mut broken = Broken::default();
    let next = timers::ring(&lab.app, &mut broken).await.unwrap();
    assert!(next.is_some_and(|due| due > lab.now()), "{next:?}");
    let timeline = lab.timeline(case.id).await;
    assert_eq!(
        timeline.iter().filter(|kind| *kind == "escalated").count(),
        1,
        "one page, not 96: {timeline:?}"
    );
    assert!(timeline.contains(&"invited".to_owned()), "{timeline:?}");
    timers::ring(&lab.app, &mut broken).await.unwrap();
    assert_eq!(lab.timeline(case.id).await, timeline, "what has rung has rung");
}

#[tokio::test]
async fn without_a_channel_messages_wait_and_say_so() {
    let lab = Lab::new().await;
    let case = a_paged_case(&lab).await;
    let claimed = outbox::deliver(&lab.app, &no_channel()).await.unwrap();
    assert_eq!(claimed, 2, "the page, and the business is informed");
    for message in lab.outbox(case.id).await {
        assert_eq!(
            (message.state, message.detail.as_str()),
            (MessageState::Waiting, "no channel configured")
        );
    }
    assert_eq!(outbox::deliver(&lab.app, &no_channel()).await.unwrap(), 0, "not at once again");
}

#[tokio::test]
async fn a_page_that_was_answered_meanwhile_is_not_sent() {
    let lab = Lab::new().await;
    let case = a_paged_case(&lab).await;
    let acknowledge = Command::Acknowledge { comment: "on it".to_owned(), expires: None };
    lab.app.command(&lab.sysadmin().await, lab.scope(CLIENT).await, case.id, acknowledge).await.unwrap();
    outbox::deliver(&lab.app, &no_channel()).await.unwrap();
    let messages = lab.outbox(case.id).await;
    let page = messages.iter().find(|message| message.kind == MessageKind::Page.as_str()).unwrap();
    assert_eq!(page.state, MessageState::Dropped, "{page:?}");
}

#[tokio::test]
async fn a_webhook_gets_each_kind_it_wants_once() {
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let hook = |name: &str, kinds| Webhook {
        name: name.to_owned(),
        url: "http://127.0.0.1:9/secret-path".to_owned(),
        secret_file: secret_file.clone(),
        kinds,
    };
    let webhook = vec![hook("all", Vec::new()), hook("pages", vec![MessageKind::Page])];
    let lab = Lab::with(Config { webhook, ..Config::default() }).await;
    let case = a_paged_case(&lab).await;
    let queued: Vec<String> = hooks(&lab, &case).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(queued, ["informed", "page", "page"]);

    // Nobody listens there: it is tried again, and the address, which may hold a secret, is told to nobody.
    let channels = Channels::of(&lab.app.config).unwrap();
    outbox::deliver(&lab.app, &channels).await.unwrap();
    for (_, detail) in hooks(&lab, &case).await {
        assert!(detail.contains("does not answer") && !detail.contains("secret-path"), "{detail}");
    }
}

/// A request as its receiver got it.
type Received = (HeaderMap, Bytes);

/// A receiver that is busy at first and then takes everything.
async fn busy_once() -> (impl Future<Output = std::io::Result<()>>, String, mpsc::UnboundedReceiver<Received>)
{
    let (got, taken) = mpsc::unbounded_channel();
    let busy = Arc::new(AtomicBool::new(true));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in?key=of-the-address", listener.local_addr().unwrap());
    let take = move |headers: HeaderMap, body: Bytes| {
        got.send((headers, body)).unwrap();
        let busy = busy.swap(false, Ordering::Relaxed);
        std::future::ready(if busy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT })
    };
    let served = axum::serve(listener, axum::Router::new().route("/in", axum::routing::post(take)));
    (served.into_future(), url, taken)
}

/// HMAC-SHA256 as RFC 2104 writes it, over nothing but the hash: not the library that signs.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

/// Verifies one request as a receiver does, who knows the key and nothing else; its id and its instant.
#[track_caller]
fn verified((headers, body): &Received, key: &[u8]) -> (String, i64) {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, at) = (text("webhook-id"), text("webhook-timestamp"));
    let signed = [id.as_bytes(), b".", at.as_bytes(), b".", body].concat();
    let expected = BASE64.encode(hmac_sha256(key, &signed));
    assert_eq!(text("webhook-signature"), format!("v1,{expected}"));
    assert_eq!(text("content-type"), "application/json");
    (id, at.parse().unwrap())
}

#[tokio::test]
async fn a_receiver_can_verify_what_it_gets_and_knows_a_retry_as_one() {
    const KEY: &[u8] = b"0123456789abcdef01234567";
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\n").unwrap();
    let (served, url, mut taken) = busy_once().await;
    let webhook = vec![Webhook { name: "chat".to_owned(), url, secret_file, kinds: vec![MessageKind::Page] }];
    let lab = Lab::with(Config { webhook, ..Config::default() }).await;
    let channels = Channels::of(&lab.app.config).unwrap();
    let story = async {
        let case = a_paged_case(&lab).await;
        outbox::deliver(&lab.app, &channels).await.unwrap();
        let first = taken.recv().await.unwrap();
        let told = hooks(&lab, &case).await;
        assert_eq!(told, [("page".to_owned(), "the receiver answers 503 Service Unavailable".to_owned())]);

        lab.set_clock("2026-11-24T06:01:00Z");
        outbox::deliver(&lab.app, &channels).await.unwrap();
        let second = taken.recv().await.unwrap();
        let (one, other) = (verified(&first, KEY), verified(&second, KEY));
        assert_eq!(one.0, other.0, "a retry keeps its id");
        assert!((55..=65).contains(&(other.1 - one.1)), "and is signed anew: {one:?}, {other:?}");
        let states: Vec<MessageState> = lab
            .outbox(case.id)
            .await
            .into_iter()
            .filter(|message| message.channel == Channel::Webhook)
            .map(|message| message.state)
            .collect();
        assert_eq!(states, [MessageState::Sent]);

        let body: Value = serde_json::from_slice(&second.1).unwrap();
        assert_eq!((&body["type"], &body["data"]["case"]), (&json!("nearmiss.page"), &json!(case.label())));
        assert_eq!(body["data"]["url"], json!(format!("http://near.example/cases/{}", case.label())));
        outbox::deliver(&lab.app, &channels).await.unwrap();
        assert!(taken.try_recv().is_err(), "sent once");
    };
    tokio::select! {
        ended = served => panic!("{ended:?}"),
        () = story => {}
    }
}

/// A channel that takes connections and says nothing.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// A channel that takes everything, and what it got.
async fn taker() -> (impl Future<Output = std::io::Result<()>>, String, mpsc::UnboundedReceiver<()>) {
    let (got, taken) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let take = move || {
        got.send(()).unwrap();
        std::future::ready(())
    };
    let served = axum::serve(listener, axum::Router::new().route("/", axum::routing::post(take)));
    (served.into_future(), url, taken)
}

#[tokio::test]
async fn a_channel_that_never_answers_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (_listener, hangs) = silent();
    let (served, answers, mut taken) = taker().await;
    let hook = |name: &str, url: String| Webhook {
        name: name.to_owned(),
        url,
        secret_file: secret_file.clone(),
        kinds: vec![MessageKind::Page],
    };
    let webhook = vec![hook("hangs", hangs), hook("answers", answers)];
    let lab = Lab::with(Config { webhook, ..Config::default() }).await;
    let channels = Channels::of(&lab.app.config).unwrap();
    let story = async {
        // More pages than the channel that hangs has slots for; then one more, while they hang.
        for number in 1..=11 {
            let host = lab.host(&format!("lab-{number}"), number).await;
            host.tells(&lab, vec![host.approach(&lab, 1)]).await;
            taken.recv().await.unwrap();
        }
    };
    let sooner_than_any_hanging_one_ends = tokio::time::timeout(Duration::from_secs(10), story);
    tokio::select! {
        () = outbox::run(lab.app.clone(), channels, lab.app.stop.clone()) => panic!("nobody asked it to end"),
        ended = served => panic!("{ended:?}"),
        done = sooner_than_any_hanging_one_ends => done.expect("pages wait for a channel that hangs"),
    }
}

/// Kind and detail of the case's webhook messages, sorted.
async fn hooks(lab: &Lab, case: &Case) -> Vec<(String, String)> {
    let messages =
        lab.outbox(case.id).await.into_iter().filter(|message| message.channel == Channel::Webhook);
    let mut hooks: Vec<_> = messages.map(|message| (message.kind, message.detail)).collect();
    hooks.sort();
    hooks
}
