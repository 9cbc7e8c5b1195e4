//! What a hostile or broken sender gets: a clear problem, nothing stored, nothing crashed.

use nearmiss_shared::wire::MAX_BODY_BYTES;
use nearmiss_tests::lab::{CLIENT, Client, Lab, RawHost};
use reqwest::StatusCode;
use serde_json::Value;

/// The answer is RFC 9457 problem details of this status that say something.
fn assert_problem(what: &str, (status, body): &(StatusCode, Value), expected: &[u16]) {
    assert!(expected.contains(&status.as_u16()), "{what}: {status} {body}");
    assert_eq!(body["status"], status.as_u16(), "{what}: {body}");
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}: {body}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {body}");
}

async fn assert_nothing_stored(api: &Client, what: &str) {
    assert_eq!(api.cases().await.unwrap().len(), 0, "{what} opened a case");
}

#[tokio::test]
async fn forged_strange_oversized_and_garbled_requests_store_nothing() {
    let lab = Lab::start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(&lab, "lab-srv-07", 7).await.unwrap();
    let now = lab.now().unwrap();
    let event = || vec![host.approach("/srv", now, 3.0)];

    let mut forged = host.batch(event(), now, "forged").unwrap();
    forged.body = String::from_utf8(forged.body).unwrap().replace("/srv", "/etc").into_bytes();
    assert_problem("a changed body", &host.send(&forged).await.unwrap(), &[400, 401]);

    let mut wrong = host.batch(event(), now, "wrong").unwrap();
    let other = RawHost::stranger(&host, 8).batch(event(), now, "wrong").unwrap();
    let signature = |request: &nearmiss_tests::lab::Signed| {
        request.headers.iter().find(|(name, _)| *name == "signature").unwrap().1.clone()
    };
    let stolen = signature(&other);
    for (name, value) in &mut wrong.headers {
        if *name == "signature" {
            value.clone_from(&stolen);
        }
    }
    assert_problem("another key's signature", &host.send(&wrong).await.unwrap(), &[401]);

    let unknown = RawHost::stranger(&host, 9).batch(event(), now, "unknown").unwrap();
    assert_problem("an unknown host", &host.send(&unknown).await.unwrap(), &[401]);

    let old = host.batch(event(), now.minus(nearmiss_shared::time::Span::from_hours(1)), "old").unwrap();
    let answer = host.send(&old).await.unwrap();
    assert_problem("an old signature", &answer, &[401]);
    assert!(answer.1["server_time"].is_string(), "the sender can set its clock: {}", answer.1);

    let garbled = host.signed("/agent/v1/events", b"{\"v\": 1, \"events\": [".to_vec(), now, "garbled");
    assert_problem("invalid JSON", &host.send(&garbled).await.unwrap(), &[400]);

    let large = host.signed("/agent/v1/events", vec![b' '; MAX_BODY_BYTES + 1], now, "large");
    assert_problem("a body over the limit", &host.send(&large).await.unwrap(), &[413]);

    assert_nothing_stored(&api, "a refused request").await;
    let fine = host.batch(event(), now, "fine").unwrap();
    let (status, answer) = host.send(&fine).await.unwrap();
    assert_eq!((status, answer["stored"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{answer}");
}

#[tokio::test]
async fn a_replayed_request_is_refused_and_a_repeated_event_is_stored_once() {
    let lab = Lab::start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(&lab, "lab-srv-07", 7).await.unwrap();
    let now = lab.now().unwrap();

    let request = host.batch(vec![host.approach("/srv", now, 3.0)], now, "once").unwrap();
    assert_eq!(host.send(&request).await.unwrap().0, StatusCode::OK);
    assert_problem("a replay", &host.send(&request).await.unwrap(), &[401, 409]);

    let again = host.batch(vec![host.approach("/srv", now, 3.0)], now, "twice").unwrap();
    let (status, answer) = host.send(&again).await.unwrap();
    assert_eq!((status, answer["stored"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{answer}");
    let cases = api.cases().await.unwrap();
    assert_eq!(cases.len(), 1, "{cases:?}");
    let timeline =
        api.json(&format!("/api/v1/cases/{}/timeline", cases[0]["id"].as_str().unwrap())).await.unwrap();
    let opened =
        timeline["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "opened").count();
    assert_eq!(opened, 1, "{timeline}");
}

#[tokio::test]
async fn every_route_asks_who_calls() {
    let lab = Lab::start().await.unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for path in [
        "/api/v1/cases",
        "/api/v1/hosts",
        "/api/v1/margins",
        "/api/v1/cases/NM-0001",
        "/api/v1/evidence/x",
        "/live",
    ] {
        let answer = http.get(format!("{}{path}", lab.collector.url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/", "/margins", "/hosts", "/cases", "/cases/NM-0001", "/cases/NM-0001/retrospective"] {
        let answer = http.get(format!("{}{path}", lab.collector.url())).send().await.unwrap();
        assert!(answer.status().is_redirection(), "{path}: {}", answer.status());
        let target = answer.headers()["location"].to_str().unwrap();
        assert!(target.starts_with("/sign-in"), "{path} leads to {target}");
    }
}
