//! What becomes of events.

use axum::http::StatusCode;
use nearmiss_case::Case;
use nearmiss_case::engine::Command;
use nearmiss_case::words::Workflow;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use nearmiss_shared::wire::v1::{EpisodeMinute, Event, RequestAnswer, RequestOutcome, SignalStatus, Status};
use serde_json::json;

use crate::lab::{CLIENT, Host, Lab};

async fn only_case(lab: &Lab) -> Case {
    let mut cases = lab.cases().await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    cases.remove(0)
}

#[tokio::test]
async fn one_event_that_cannot_be_taken_holds_up_no_other() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let good = host.approach(&lab, 1);
    let bad = Event { subject: "x".repeat(2000), ..host.event(&lab, EventKind::Worsened, 2) };
    let after = host.event(&lab, EventKind::Receding, 3);
    let batch = host.batch(vec![good.clone(), bad.clone(), after.clone()], lab.now());
    let (status, answer) = lab.send(host.post(&lab, "/agent/v1/events", &batch)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["stored"], json!([good.id, after.id]));
    assert_eq!(answer["refused"][0]["id"], json!(bad.id));
    assert_eq!(only_case(&lab).await.physical, Physical::Receding);
}

#[tokio::test]
async fn what_opens_nothing_is_stored_without_a_case() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let events =
        [EventKind::Recovered, EventKind::Worsened, EventKind::Dark, EventKind::Other("new".to_owned())];
    let events = events.into_iter().zip(1..).map(|(kind, number)| host.event(&lab, kind, number)).collect();
    host.tells(&lab, events).await;
    let about_the_store = Event { signal: String::new(), ..host.event(&lab, EventKind::Gap, 9) };
    host.tells(&lab, vec![about_the_store]).await;
    assert!(lab.cases().await.is_empty());
}

#[tokio::test]
async fn what_was_done_on_the_host_is_told_to_its_running_cases() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    // The case is opened by the very batch that tells of the action.
    host.tells(&lab, vec![host.approach(&lab, 1), host.action(&lab, 1, &[("person", "root")])]).await;
    let case = only_case(&lab).await;
    let timeline = lab.timeline(case.id).await;
    assert_eq!(timeline.iter().filter(|kind| *kind == "note").count(), 1, "{timeline:?}");

    let other = lab.host("lab-2", 8).await;
    other.tells(&lab, vec![other.action(&lab, 1, &[("person", "root")])]).await;
    assert_eq!(lab.timeline(case.id).await, timeline, "another host's");
    host.tells(&lab, vec![host.event(&lab, EventKind::Recovered, 2)]).await;
    let settled = lab.timeline(case.id).await;
    host.tells(&lab, vec![host.action(&lab, 2, &[("person", "root")])]).await;
    assert_eq!(lab.timeline(case.id).await, settled, "it does not run any more");
}

#[tokio::test]
async fn in_maintenance_a_case_opens_and_nobody_is_paged() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let until = lab.now().plus(Span::from_hours(2)).to_string();
    let window = host.action(&lab, 1, &[("action", "maintenance"), ("until", &until)]);
    host.tells(&lab, vec![window]).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    assert!(!only_case(&lab).await.responder.unwrap().paged);

    let other = lab.host("lab-2", 8).await;
    other.tells(&lab, vec![other.approach(&lab, 1)]).await;
    assert!(lab.cases().await[1].responder.as_ref().unwrap().paged, "the window is the one host's");
}

#[tokio::test]
async fn a_standing_hazard_hears_its_signal_and_has_a_successor() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let (case, sysadmin) = (only_case(&lab).await, lab.sysadmin().await);
    let until = lab.now().plus(Span::from_days(30));
    let accept = Command::Accept { until, reason: "replaced in spring".to_owned() };
    let scope = lab.scope(CLIENT).await;
    let moved = lab.app.command(&sysadmin, scope, case.id, accept).await.unwrap();
    assert!(!moved.is_open());

    let again = Event { episode: Some(2), ..host.approach(&lab, 5) };
    host.tells(&lab, vec![again]).await;
    let cases = lab.cases().await;
    assert_eq!(cases.len(), 2);
    assert!(lab.timeline(cases[1].id).await.contains(&"note".to_owned()), "it names the one before");
    host.tells(&lab, vec![host.event(&lab, EventKind::Recovered, 6)]).await;
    assert_eq!(lab.cases().await[1].workflow, Workflow::Stabilised, "the open one is moved");
}

#[tokio::test]
async fn accepting_an_ordinal_asks_the_host_to_keep_the_count_quiet() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let ordinal = Event { ordinal: true, limit: None, value: Some(3.0), ..host.approach(&lab, 1) };
    host.tells(&lab, vec![ordinal]).await;
    let case = only_case(&lab).await;
    let until = lab.now().plus(Span::from_days(30));
    let accept = Command::Accept { until, reason: "known".to_owned() };
    lab.app.command(&lab.sysadmin().await, lab.scope(CLIENT).await, case.id, accept).await.unwrap();

    let (status, answer) = lab.send(host.post(&lab, "/agent/v1/status", &report(&host, &lab))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let request = &answer["requests"][0];
    assert_eq!((&request["kind"], &request["data"]["value"]), (&json!("baseline"), &json!(3.0)), "{answer}");

    let id = request["id"].as_str().unwrap().parse().unwrap();
    let told =
        RequestAnswer { id, outcome: RequestOutcome::Refused, detail: "[accept] forbids it".to_owned() };
    let report = Status { answers: vec![told], ..report(&host, &lab) };
    let (_, answer) = lab.send(host.post(&lab, "/agent/v1/status", &report)).await;
    assert_eq!(answer["requests"], json!([]), "asked once");
    assert_eq!(lab.timeline(case.id).await.last().map(String::as_str), Some("note"));
}

fn report(host: &Host, lab: &Lab) -> Status {
    let now = lab.now();
    let signal = |signal: &str, value| SignalStatus {
        signal: signal.to_owned(),
        subject: "/srv".to_owned(),
        category: Category::Capacity,
        value: Some(value),
        unit: "ratio".to_owned(),
        normal: Some(0.5),
        approach: Some(0.15),
        critical: None,
        limit: Some(0.0),
        ordinal: false,
        proximity: Some(0.8),
        time_to_failure_seconds: None,
        state: Physical::Approached,
        at: now,
        resting: None,
    };
    let minute = |minute, subject: &str| EpisodeMinute {
        signal: "filesystem.free".to_owned(),
        subject: subject.to_owned(),
        episode: 1,
        minute,
        min: 0.1,
        max: 0.2,
        last: 0.1,
        closest: Some(0.8),
        samples: 4,
        expected: 4,
    };
    Status {
        signals: vec![signal("filesystem.free", 0.1), signal("filesystem.inodes_free", 0.3)],
        minutes: vec![
            minute(now, "/srv"),
            minute(now.plus(Span::from_minutes(1)), "/srv"),
            minute(now, "/nowhere"),
        ],
        ..host.report(lab)
    }
}

#[tokio::test]
async fn a_report_renews_the_margins_and_draws_the_curve() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let scope = lab.scope(CLIENT).await;
    for _ in 0..2 {
        let request = host.post(&lab, "/agent/v1/status", &report(&host, &lab));
        assert_eq!(lab.send(request).await.0, StatusCode::OK);
    }
    assert_eq!(lab.app.store.margins(&[scope]).await.unwrap().len(), 2);
    let curve = lab.app.store.curve(scope, only_case(&lab).await.id).await.unwrap();
    assert!(curve.len() >= 2, "{curve:?}");
    let nothing_new = Status { signals: Vec::new(), ..report(&host, &lab) };
    assert_eq!(lab.send(host.post(&lab, "/agent/v1/status", &nothing_new)).await.0, StatusCode::OK);
    assert_eq!(lab.app.store.margins(&[scope]).await.unwrap().len(), 2, "nothing new is not nothing");
    lab.set_clock("2026-11-24T09:01:00Z");
    let later = Status { signals: Vec::new(), ..report(&host, &lab) };
    assert_eq!(lab.send(host.post(&lab, "/agent/v1/status", &later)).await.0, StatusCode::OK);
    assert!(lab.app.store.margins(&[scope]).await.unwrap().is_empty(), "not told of for three hours");
}

/// The case's timeline in words, oldest first.
async fn told(lab: &Lab, case: &Case) -> Vec<String> {
    let rows = lab.app.store.timeline(lab.scope(CLIENT).await, case.id).await.unwrap();
    rows.iter().map(|row| format!("{}: {}", row.actor, row.what.as_ref().unwrap().text())).collect()
}

#[tokio::test]
async fn an_acknowledgement_from_the_host_is_applied_once_and_only_to_its_own_case() {
    let lab = Lab::new().await;
    let (host, other) = (lab.host("cal-db-1", 7).await, lab.host("lab-2", 8).await);
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let own = only_case(&lab).await.label();
    let ack = |host: &Host, sequence, case: &str| {
        host.action(&lab, sequence, &[("action", "acknowledge"), ("person", "root"), ("case", case)])
    };
    for (host, case) in [(&other, own.as_str()), (&host, "NM-9999"), (&host, "all")] {
        let event = ack(host, 1, case);
        let (status, answer) =
            lab.send(host.post(&lab, "/agent/v1/events", &host.batch(vec![event], lab.now()))).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let problem = format!("`{case}` is no case of this host");
        assert_eq!(answer["refused"][0]["problem"], json!(problem), "the same words for each");
    }
    assert!(!only_case(&lab).await.is_acknowledged());
    for _ in 0..2 {
        host.tells(&lab, vec![ack(&host, 2, &own)]).await;
    }
    let case = only_case(&lab).await;
    assert_eq!((case.is_acknowledged(), case.workflow), (true, Workflow::Acknowledged));
    let told = told(&lab, &case).await;
    let lines = told.iter().filter(|line| line.contains("acknowledged: ")).count();
    assert_eq!(lines, 1, "{told:?}");
    assert!(told.last().unwrap().starts_with("root on cal-db-1: acknowledged"), "{told:?}");
}

#[tokio::test]
async fn what_was_done_for_a_misnamed_case_is_kept_where_somebody_looks() {
    let lab = Lab::new().await;
    let host = lab.host("cal-db-1", 7).await;
    let labels = [("action", "mitigation_begun"), ("case", "NM-0077"), ("program", "rm")];
    let stray = host.action(&lab, 1, &labels);
    let (_, answer) =
        lab.send(host.post(&lab, "/agent/v1/events", &host.batch(vec![stray], lab.now()))).await;
    assert_eq!(answer["refused"][0]["problem"], json!("`NM-0077` is no case of this host"), "nothing runs");

    host.tells(&lab, vec![host.approach(&lab, 1), host.action(&lab, 2, &labels)]).await;
    let case = only_case(&lab).await;
    let told = told(&lab, &case).await;
    assert!(told.last().unwrap().contains("for NM-0077, which is no case of this host; "), "{told:?}");
    assert_eq!((case.mitigations.len(), case.workflow), (0, Workflow::Opened));
}

#[tokio::test]
async fn a_report_is_answered_with_the_names_of_the_hosts_open_cases() {
    let lab = Lab::new().await;
    let (host, other) = (lab.host("cal-db-1", 7).await, lab.host("lab-2", 8).await);
    host.tells(&lab, vec![host.approach(&lab, 1)]).await;
    let (_, answer) = lab.send(host.post(&lab, "/agent/v1/status", &host.report(&lab))).await;
    let named =
        json!([{"case": "NM-0001", "signal": "filesystem.free", "subject": "/srv", "acknowledged": false}]);
    assert_eq!(answer["cases"], named);
    let (_, answer) = lab.send(other.post(&lab, "/agent/v1/status", &other.report(&lab))).await;
    assert_eq!(answer["cases"], json!([]), "another host's are not its own");
}
