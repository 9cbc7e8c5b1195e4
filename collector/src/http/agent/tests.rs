//! The wire as hosts use it, and as others try to.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use nearmiss_shared::bundle::{BundleDraft, ItemDraft, ItemOutcome, Sealed, seal};
use nearmiss_shared::identity::HostId;
use nearmiss_shared::vocabulary::Category;
use nearmiss_shared::wire::MAX_BODY_BYTES;
use nearmiss_shared::wire::v1::{EvidenceClose, VERSION};
use nearmiss_store::authentication::TokenKind;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::router;
use crate::lab::{Host, Lab, OTHER, bundle};

const EVENTS: &str = "/agent/v1/events";
const JSON: &str = "application/json";

/// The same request a second time.
async fn twice(request: Request<Body>) -> (Request<Body>, Request<Body>) {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    let copy = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    (Request::from_parts(parts, Body::from(bytes)), copy)
}

#[track_caller]
fn assert_problem(what: &str, (status, body): (StatusCode, Value), expected: u16, words: &str) {
    assert_eq!(status.as_u16(), expected, "{what}: {body}");
    assert_eq!(body["status"], expected, "{what}: {body}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{what}: {body}");
}

#[tokio::test]
async fn a_replay_is_refused_and_a_retry_stores_nothing_twice() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let event = host.approach(&lab, 1);
    let request = host.post(&lab, EVENTS, &host.batch(vec![event.clone()], lab.now()));
    let (first, replay) = twice(request).await;
    assert_eq!(lab.send(first).await.0, StatusCode::OK);
    assert_problem("a replay", lab.send(replay).await, 401, "nonce");
    host.tells(&lab, vec![event]).await;
    let cases = lab.cases().await;
    assert_eq!(cases.len(), 1);
    let opened = lab.timeline(cases[0].id).await.into_iter().filter(|kind| kind == "opened").count();
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn what_is_not_a_hosts_own_sound_request_is_told_so() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let mut stranger = Host::stranger(9);
    stranger.audience.clone_from(&host.audience);
    let batch = || host.batch(vec![host.approach(&lab, 1)], lab.now());
    let signed = |body: &[u8], kind| host.signed(&lab, "POST", EVENTS, kind, body.to_vec());

    assert_problem(
        "an unknown key",
        lab.send(stranger.post(&lab, EVENTS, &batch())).await,
        401,
        "no enrolled host",
    );
    let mut other = batch();
    other.host_id = stranger.id;
    assert_problem("another host's id", lab.send(host.post(&lab, EVENTS, &other)).await, 403, "host_id");
    let mut later = batch();
    later.v = 9;
    assert_problem("a later version", lab.send(host.post(&lab, EVENTS, &later)).await, 400, "version 9");
    let garbled = lab.send(signed(b"{\"v\": 1,\n\"host_id\": 3}", JSON)).await;
    assert_problem("garbled JSON", garbled, 400, "line 2, column 12");
    assert_problem("a form", lab.send(signed(b"v=1", "text/plain")).await, 415, JSON);
    let unsigned = Request::post(EVENTS).header("content-type", JSON).body(Body::from("{}")).unwrap();
    assert_problem("no signature", lab.send(unsigned).await, 401, "signature-input");
    let mut elsewhere = Host::stranger(7);
    elsewhere.audience = "another collector".to_owned();
    assert_problem(
        "another audience",
        lab.send(elsewhere.post(&lab, EVENTS, &batch())).await,
        401,
        "audience",
    );

    lab.set_clock("2026-11-24T05:00:00Z");
    let old = host.post(&lab, EVENTS, &batch());
    lab.set_clock("2026-11-24T06:00:00Z");
    let (status, answer) = lab.send(old).await;
    assert_eq!((status, answer["server_time"].is_string()), (StatusCode::UNAUTHORIZED, true), "{answer}");
    assert!(lab.cases().await.is_empty());
}

#[tokio::test]
async fn a_body_without_an_end_is_never_held() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let piece = axum::body::Bytes::from(vec![b' '; MAX_BODY_BYTES / 4]);
    let pieces = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    let (parts, _) = host.post(&lab, EVENTS, &json!({})).into_parts();
    let endless = Request::from_parts(parts, Body::from_stream(pieces));
    assert_problem("an endless body", lab.send(endless).await, 413, "at most");
}

#[tokio::test]
async fn a_token_enrols_as_many_hosts_as_it_says_and_a_reinstalled_one_goes_on() {
    let lab = Lab::new().await;
    let first = lab.host("cal-db-1", 7).await;
    let token = lab.token(TokenKind::Enrol, Some(1)).await;
    let again = Host::stranger(8);
    let duplicate = lab.send(again.enrol(&lab, "cal-db-1", &token, None)).await;
    assert_problem("a duplicate", duplicate, 409, "--replace cal-db-1");
    let nothing = lab.send(again.enrol(&lab, "x", &token, Some("nobody"))).await;
    assert_problem("nothing to replace", nothing, 404, "replaced");
    let (status, answer) = lab.send(again.enrol(&lab, "cal-db-1", &token, Some("cal-db-1"))).await;
    assert_eq!(
        (status, &answer["host_id"]),
        (StatusCode::OK, &json!(first.id)),
        "its history goes on: {answer}"
    );
    let used_up = lab.send(Host::stranger(5).enrol(&lab, "lab-2", &token, None)).await;
    assert_problem("a token used up", used_up, 401, "used up");
    let mut foreign = Host::stranger(4);
    foreign.key = Host::stranger(3).key;
    let request = Host::stranger(4).enrol(&lab, "lab-3", &token, None);
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let theirs = foreign.signed(&lab, "POST", "/agent/v1/enrol", JSON, body.to_vec());
    assert_problem("another's public key", lab.send(theirs).await, 403, "public_key");
}

fn sealed(host: &Host, lab: &Lab) -> Sealed {
    let now = lab.now();
    let item = ItemDraft {
        name: "mounts.txt".to_owned(),
        method: "read".to_owned(),
        started: now,
        ended: now,
        outcome: ItemOutcome::Got,
        redactions: Vec::new(),
        bytes: b"/dev/sda1 /srv".to_vec(),
    };
    let draft = BundleDraft {
        bundle: bundle(1),
        host_id: Some(host.id),
        hostname: "cal-db-1".to_owned(),
        boot_id: String::new(),
        clock_offset_ms: None,
        tool_version: "0.0.0".to_owned(),
        category: Category::Capacity,
        signal: "filesystem.free".to_owned(),
        subject: "/srv".to_owned(),
        trigger: "approached".to_owned(),
        started: now,
        ended: now,
        previous: None,
        drill: None,
        items: vec![item],
    };
    seal(&draft, &host.key).unwrap()
}

/// Sends a bundle in two parts and closes it.
async fn deliver(lab: &Lab, host: &Host, sealed: &Sealed) -> (StatusCode, Value) {
    let path = format!("/agent/v1/evidence/{}", bundle(1));
    for (number, part) in sealed.file.chunks(sealed.file.len() / 2 + 1).enumerate() {
        let put =
            host.signed(lab, "PUT", &format!("{path}/{number}"), "application/octet-stream", part.to_vec());
        assert_eq!(lab.send(put).await.0, StatusCode::NO_CONTENT);
    }
    lab.send(host.post(lab, &path, &close(sealed, 2))).await
}

fn close(sealed: &Sealed, parts: u32) -> EvidenceClose {
    EvidenceClose { v: VERSION, sha256: sealed.sha256.clone(), bytes: sealed.file.len() as u64, parts }
}

#[tokio::test]
async fn a_bundle_is_verified_kept_and_part_of_its_case_whichever_comes_first() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let sealed = sealed(&host, &lab);
    let path = format!("/agent/v1/evidence/{}", bundle(1));
    let early = lab.send(host.post(&lab, &path, &close(&sealed, 2))).await;
    assert_problem("closed too early", early, 409, "part 0 is missing");
    for _ in 0..2 {
        let (status, answer) = deliver(&lab, &host, &sealed).await;
        assert_eq!((status, &answer["signature_valid"]), (StatusCode::OK, &json!(true)), "{answer}");
    }
    let kept = crate::incoming::file_of(
        &lab.app.evidence,
        lab.scope(crate::lab::CLIENT).await.client(),
        &sealed.sha256,
    );
    assert_eq!(std::fs::read(kept).unwrap(), sealed.file);

    let mut event = host.approach(&lab, 1);
    event.bundle = Some(bundle(1));
    host.tells(&lab, vec![event]).await;
    let cases = lab.cases().await;
    let evidence = cases[0].evidence.first().unwrap();
    assert_eq!((evidence.signature_valid, evidence.sha256.as_ref()), (Some(true), Some(&sealed.sha256)));
    assert!(lab.timeline(cases[0].id).await.contains(&"evidence".to_owned()));
}

#[tokio::test]
async fn a_bundle_of_another_key_is_kept_and_called_invalid() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let mut forger = Host::stranger(6);
    forger.id = host.id;
    let (status, answer) = deliver(&lab, &host, &sealed(&forger, &lab)).await;
    assert_eq!((status, &answer["signature_valid"]), (StatusCode::OK, &json!(false)), "{answer}");
    assert!(answer["problems"].to_string().contains("another key"), "{answer}");
}

#[tokio::test]
async fn a_host_takes_no_bundle_away_from_another_of_its_client() {
    let lab = Lab::new().await;
    let (other, host) = (lab.host("lab-2", 8).await, lab.host("cal-db-1", 7).await);
    let (foreign, own) = (sealed(&other, &lab), sealed(&host, &lab));
    assert_eq!(deliver(&lab, &other, &foreign).await.0, StatusCode::OK);
    let mut event = host.approach(&lab, 1);
    event.bundle = Some(bundle(1));
    host.tells(&lab, vec![event]).await;
    assert_eq!(lab.cases().await[0].evidence[0].sha256, None, "the other's is not its own");
    for _ in 0..2 {
        let (status, answer) = deliver(&lab, &host, &own).await;
        assert_eq!((status, &answer["sha256"]), (StatusCode::OK, &json!(own.sha256)), "{answer}");
    }
    assert_eq!(lab.cases().await[0].evidence[0].sha256.as_ref(), Some(&own.sha256));

    let token = lab.token(TokenKind::Api, None).await;
    let stranger = lab.token_of(OTHER, TokenKind::Api, None).await;
    let tag = async |query: &str, token: &str| {
        let path = format!("/api/v1/evidence/{}{query}", bundle(1));
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let answer = router(lab.app.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        answer.headers().get("etag").map(|tag| tag.to_str().unwrap().trim_matches('"').to_owned())
    };
    assert_eq!(tag("", &token).await, Some(own.sha256.clone()), "the one a case speaks of");
    let of = |id: HostId| format!("?host={id}");
    assert_eq!(tag(&of(host.id), &token).await, Some(own.sha256));
    assert_eq!(tag(&of(other.id), &token).await, Some(foreign.sha256));
    assert_eq!(tag("?host=lab-9", &token).await, None);
    for query in [String::new(), of(host.id), of(other.id)] {
        assert_eq!(tag(&query, &stranger).await, None, "another client's");
    }
}
