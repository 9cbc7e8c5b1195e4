//! What lists show of others.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use nearmiss_shared::vocabulary::{Category, Physical};
use nearmiss_shared::wire::v1::{SignalStatus, Status};
use nearmiss_store::authentication::TokenKind;
use serde_json::{Value, json};

use crate::lab::{Host, Lab, OTHER};

async fn get(lab: &Lab, path: &str, token: &str) -> Value {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let (status, answer) = lab.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer["items"].clone()
}

/// A host whose `/srv` is listed, and whose case is open.
async fn reports(lab: &Lab, host: &Host) {
    host.tells(lab, vec![host.approach(lab, 1)]).await;
    let signal = SignalStatus {
        signal: "filesystem.free".to_owned(),
        subject: "/srv".to_owned(),
        category: Category::Capacity,
        value: Some(0.1),
        unit: "ratio".to_owned(),
        normal: Some(0.5),
        approach: Some(0.15),
        critical: None,
        limit: Some(0.0),
        ordinal: false,
        proximity: Some(0.8),
        time_to_failure_seconds: None,
        state: Physical::Approached,
        at: lab.now(),
        resting: None,
    };
    let status = Status { signals: vec![signal], ..host.report(lab) };
    assert_eq!(lab.send(host.post(lab, "/agent/v1/status", &status)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn lists_are_of_the_callers_clients_whatever_is_asked_for() {
    let lab = Lab::new().await;
    reports(&lab, &lab.host("cal-db-1", 7).await).await;
    reports(&lab, &lab.host_of(OTHER, "lab-2", 8).await).await;
    let own = lab.token(TokenKind::Api, None).await;
    let other = lab.token_of(OTHER, TokenKind::Api, None).await;
    for (list, name) in [("cases", "host"), ("margins", "host"), ("hosts", "name")] {
        for (token, host) in [(&own, "cal-db-1"), (&other, "lab-2")] {
            let items = get(&lab, &format!("/api/v1/{list}"), token).await;
            let hosts: Vec<&Value> = items.as_array().unwrap().iter().map(|item| &item[name]).collect();
            assert_eq!(hosts, [&json!(host)], "{list}");
        }
    }
    for list in ["cases?client=Falcon%20MRO", "cases?host=cal-db-1", "margins?client=Falcon%20MRO"] {
        assert_eq!(
            get(&lab, &format!("/api/v1/{list}"), &own).await.as_array().map(Vec::len),
            Some(1),
            "{list}"
        );
        assert_eq!(get(&lab, &format!("/api/v1/{list}"), &other).await, json!([]), "{list}");
    }
}
