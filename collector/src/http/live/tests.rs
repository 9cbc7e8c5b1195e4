//! Who hears of what.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use nearmiss_shared::identity::{EventId, EventParts};
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::Event as Told;
use nearmiss_store::authentication::TokenKind;
use tower::ServiceExt;

use crate::http::{problem, router};
use crate::lab::{CLIENT, Host, Lab, OTHER};

/// No stream of these tests is silent for so long while it has anything to tell.
const AT_LAST: Duration = Duration::from_secs(30);

fn listen(query: &str, token: &str) -> Request<Body> {
    let request = Request::get(format!("/live{query}"));
    // From the first change on.
    let request = request.header("last-event-id", "0").header("authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

/// Status and media type of the answer, and what a stream tells until `last` is in it.
async fn heard(lab: &Lab, request: Request<Body>, last: &str) -> (StatusCode, String, String) {
    let answer = router(lab.app.clone()).oneshot(request).await.unwrap();
    let (status, kind) =
        (answer.status(), answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned());
    let mut pieces = answer.into_body().into_data_stream();
    let mut text = String::new();
    let listened = async {
        while !text.contains(last) {
            let Some(piece) = pieces.next().await else { break };
            text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    };
    tokio::time::timeout(AT_LAST, listened).await.expect("the stream tells it");
    (status, kind, text)
}

/// `/home` beside the `/srv` of the lab.
fn beside(host: &Host, lab: &Lab, sequence: u64) -> Told {
    let event = host.approach(lab, sequence);
    let id = EventId::of(EventParts {
        host: host.id,
        store: host.report(lab).store_id,
        rule: "filesystem",
        kind: &event.kind,
        signal: "filesystem.free",
        subject: "/home",
        episode: Some(1),
        sequence,
    });
    Told { id, subject: "/home".to_owned(), ..event }
}

#[tokio::test]
async fn one_case_is_followed_by_id_or_number_and_nothing_else_is_heard() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1), beside(&host, &lab, 1)]).await;
    lab.send(host.post(&lab, "/agent/v1/status", &host.report(&lab))).await;
    host.tells(&lab, vec![host.event(&lab, EventKind::Recovered, 2)]).await;
    let (first, second) = {
        let cases = lab.cases().await;
        (cases[0].id.to_string(), cases[1].id.to_string())
    };
    let token = lab.token(TokenKind::Api, None).await;

    let (status, kind, everything) = heard(&lab, listen("", &token), &second).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/event-stream"));
    assert!(everything.contains(&first), "{everything}");
    for name in [second.as_str(), "NM-0002", "2"] {
        let (status, _, text) = heard(&lab, listen(&format!("?case={name}"), &token), &second).await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert!(!text.contains(&first) && !text.contains("margins"), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_change_after_many_of_others_is_heard() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let token = lab.token(TokenKind::Api, None).await;
    let case = lab.cases().await.remove(0);
    let newest = lab.app.store.change_cursor().await.unwrap();
    for _ in 0..=super::MOST {
        let status = lab.send(host.post(&lab, "/agent/v1/status", &host.report(&lab))).await.0;
        assert_eq!(status, StatusCode::OK);
    }
    host.tells(&lab, vec![host.event(&lab, EventKind::Receding, 2)]).await;
    let mut request = listen("?case=NM-0001", &token);
    request.headers_mut().insert("last-event-id", newest.into());
    let (_, _, text) = heard(&lab, request, &case.id.to_string()).await;
    assert!(text.contains("\"what\":\"case\""), "{text}");
}

#[tokio::test]
async fn another_clients_case_is_not_there_and_its_changes_are_not_heard() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let case = lab.cases().await.remove(0);
    let foreign = lab.token_of(OTHER, TokenKind::Api, None).await;
    for name in [case.id.to_string(), case.label(), "1".to_owned(), "NM-0099".to_owned(), String::new()] {
        let (status, kind, text) = heard(&lab, listen(&format!("?case={name}"), &foreign), "status").await;
        assert_eq!((status, kind.as_str()), (StatusCode::NOT_FOUND, problem::CONTENT_TYPE), "{name}: {text}");
    }
    let clients = [lab.scope(CLIENT).await, lab.scope(OTHER).await];
    let changes = async |scope| lab.app.store.changes_since(&[scope], 0, super::MOST).await.unwrap();
    assert!(!changes(clients[0]).await.is_empty());

    let theirs = lab.host_of(OTHER, "lab-2", 8).await;
    theirs.tells(&lab, vec![theirs.approach(&lab, 1)]).await;
    let last = changes(clients[1]).await.pop().unwrap().reference;
    let (status, _, text) = heard(&lab, listen("", &foreign), &last).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!text.contains(&case.id.to_string()) && !text.contains(&host.id.to_string()), "{text}");
}

#[tokio::test]
async fn nobody_hears_without_a_token() {
    let lab = Lab::new().await;
    let (status, kind, text) = heard(&lab, listen("", "nm_none"), "status").await;
    assert_eq!((status, kind.as_str()), (StatusCode::UNAUTHORIZED, problem::CONTENT_TYPE), "{text}");
}
