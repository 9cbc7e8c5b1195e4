//! Maintenance asked over the API, from the request to the host's answer.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::{RequestAnswer, RequestOutcome, Status};
use nearmiss_store::authentication::TokenKind;
use serde_json::{Value, json};

use super::*;
use crate::lab::{CLIENT, Host, Lab, TUESDAY};

async fn ask(lab: &Lab, host: &str, body: &Value) -> (StatusCode, Value) {
    let token = lab.token(TokenKind::Api, None).await;
    let request = Request::post(format!("/api/v1/hosts/{host}/maintenance"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    lab.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// What the host is asked, when it reports with these answers.
async fn asked(lab: &Lab, host: &Host, answers: Vec<RequestAnswer>) -> Vec<Value> {
    let status = Status { answers, ..host.report(lab) };
    let (code, answer) = lab.send(host.post(lab, "/agent/v1/status", &status)).await;
    assert_eq!(code, StatusCode::OK, "{answer}");
    answer["requests"].as_array().unwrap().clone()
}

async fn until(lab: &Lab) -> Option<Timestamp> {
    lab.app.store.hosts(&[lab.scope(CLIENT).await]).await.unwrap()[0].maintenance_until
}

async fn last_note(lab: &Lab) -> String {
    let case = lab.cases().await.remove(0).id;
    let rows = lab.app.store.timeline(lab.scope(CLIENT).await, case).await.unwrap();
    rows.last().unwrap().what.as_ref().unwrap().text()
}

fn answer(request: &Value, outcome: RequestOutcome) -> Vec<RequestAnswer> {
    let id = request["id"].as_str().unwrap().parse().unwrap();
    vec![RequestAnswer { id, outcome, detail: "[accept] of agent.toml".to_owned() }]
}

#[tokio::test]
async fn a_window_is_kept_once_the_host_obeys() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let (code, told) = ask(&lab, "cal-db-1", &json!({"span": "2h", "reason": "new disk"})).await;
    assert_eq!((code, &told["state"]), (StatusCode::ACCEPTED, &json!("asked")), "{told}");
    assert!(last_note(&lab).await.starts_with("asked cal-db-1 to be in maintenance until 2026-11-24T08:0"));
    assert_eq!(until(&lab).await, None, "the host has not answered");

    let requests = asked(&lab, &host, Vec::new()).await;
    assert_eq!(requests[0]["kind"], "maintenance");
    assert_eq!(
        (&requests[0]["data"]["reason"], &requests[0]["data"]["person"]),
        (&json!("new disk"), &json!("lab"))
    );
    assert!(asked(&lab, &host, answer(&requests[0], RequestOutcome::Done)).await.is_empty());
    assert_eq!(json!(until(&lab).await), requests[0]["data"]["until"]);
}

#[tokio::test]
async fn a_host_that_refuses_stays_as_it_is_and_its_case_says_so() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let body = json!({"until": "2026-11-24T12:00:00Z", "reason": "new disk"});
    assert_eq!(ask(&lab, &host.id.to_string(), &body).await.0, StatusCode::ACCEPTED);
    let requests = asked(&lab, &host, Vec::new()).await;
    asked(&lab, &host, answer(&requests[0], RequestOutcome::Refused)).await;
    assert_eq!(until(&lab).await, None);
    let note = last_note(&lab).await;
    assert_eq!(note, "no maintenance until 2026-11-24T12:00:00.000Z: [accept] of agent.toml");
}

#[tokio::test]
async fn what_is_no_window_is_refused_and_an_unknown_host_is_not_there() {
    let lab = Lab::new().await;
    lab.host("cal-db-1", 7).await;
    for body in [
        json!({"span": "2h"}),
        json!({"span": "2h", "reason": "  "}),
        json!({"reason": "new disk"}),
        json!({"span": "2h", "until": "2026-11-24T12:00:00Z", "reason": "new disk"}),
        json!({"span": "8d", "reason": "new disk"}),
        json!({"until": "2026-11-23T12:00:00Z", "reason": "new disk"}),
        json!({"span": "soon", "reason": "new disk"}),
    ] {
        let (code, told) = ask(&lab, "cal-db-1", &body).await;
        assert_eq!(code, StatusCode::BAD_REQUEST, "{body}: {told}");
    }
    let fine = json!({"span": "2h", "reason": "new disk"});
    assert_eq!(ask(&lab, "cal-db-9", &fine).await.0, StatusCode::NOT_FOUND);
}

#[test]
fn a_window_has_an_end_within_a_week_and_a_reason() {
    let now: Timestamp = TUESDAY.parse().unwrap();
    let window = |span, reason| Window::new(now.plus(span), reason, now);
    assert_eq!(window(LONGEST, " new disk ").unwrap().reason, "new disk");
    assert!(window(Span::ZERO, "new disk").is_err());
    assert!(window(Span::from_millis(LONGEST.as_millis() + 1), "new disk").is_err());
    assert!(window(Span::from_hours(1), &"x".repeat(LONGEST_REASON + 1)).is_err());
}
