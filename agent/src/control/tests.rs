//! The protocol over a real socket: who is answered, what is refused, what hostile input does.

use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::server::is_allowed;
use super::*;
use crate::daemon::tests::Running;

#[test]
fn questions_and_answers_have_a_stable_form() {
    for (question, text) in [
        (Question::Status, r#"{"ask":"status"}"#),
        (
            Question::Note { text: "x".to_owned(), case: Some(CaseNumber(42)) },
            r#"{"ask":"note","text":"x","case":"NM-0042"}"#,
        ),
        (
            Question::Drill { name: "disk-failure".to_owned(), abort: true },
            r#"{"ask":"drill","name":"disk-failure","abort":true}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&question).unwrap(), text);
        assert_eq!(serde_json::from_str::<Question>(text).unwrap(), question);
    }
    let refused = serde_json::to_string(&Answer::Refused("why".to_owned())).unwrap();
    assert_eq!(refused, r#"{"refused":"why"}"#);
}

#[test]
fn root_and_the_own_user_are_allowed_and_nobody_else() {
    assert!(is_allowed(0, 990) && is_allowed(990, 990));
    assert!(!is_allowed(1000, 990) && !is_allowed(1000, 0));
}

#[tokio::test]
async fn nobody_home_is_said_with_what_to_do() {
    let fault = ask(std::path::Path::new("/nonexistent/control.sock"), &Question::Status).await.unwrap_err();
    assert!(fault.to_string().contains("nearmiss-agent run"), "{fault}");
}

#[tokio::test]
async fn the_socket_is_its_owners_and_survives_nonsense() {
    let running = Running::start("").await;
    let path = running.control();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let endless = vec![b'x'; 200_000];
    for nonsense in [&b"{}\n"[..], b"not json\n", b"{\"ask\":\"format_disk\"}\n", b"\n", &endless] {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        // The other end may stop reading before all of it is written.
        drop(stream.write_all(nonsense).await);
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer).await);
        assert!(answer.is_empty() || answer.starts_with(r#"{"refused":"#), "{answer}");
    }
    assert!(matches!(running.ask(Question::Status).await, Answer::Done(_)));
    running.stop().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn an_empty_note_and_an_endless_maintenance_are_refused() {
    let running = Running::start("").await;
    let note = |text: &str| Question::Note { text: text.to_owned(), case: None };
    assert!(matches!(running.ask(note(" \n")).await, Answer::Refused(_)));
    assert!(matches!(running.ask(note("swapped sdb")).await, Answer::Done(_)));
    let maintenance = |seconds| Question::Maintenance { seconds, reason: "moving".to_owned() };
    assert!(matches!(running.ask(maintenance(8 * 86_400)).await, Answer::Refused(_)));
    assert!(matches!(running.ask(maintenance(-1)).await, Answer::Refused(_)));
    assert!(matches!(running.ask(maintenance(i64::MAX)).await, Answer::Refused(_)));
    assert!(matches!(running.ask(maintenance(60)).await, Answer::Done(_)));
    let status = running.status().await;
    assert_eq!(status.maintenance.unwrap().1, "moving");
    assert_eq!(status.spool.events, 2);
    assert!(matches!(running.ask(Question::EndMaintenance).await, Answer::Done(_)));
    assert_eq!(running.status().await.maintenance, None);
    assert!(matches!(running.ask(Question::EndMaintenance).await, Answer::Refused(_)), "none is announced");
    running.stop().await;
}

#[tokio::test]
async fn a_mitigation_is_two_events_even_where_no_signal_is_open() {
    let running = Running::start("").await;
    let intent =
        Intent { case: CaseNumber(42), what: "restart".to_owned(), program: "systemctl\n".to_owned() };
    let Answer::Done(begun) = running.ask(Question::MitigationBegins(intent)).await else {
        panic!("refused")
    };
    let begun: crate::mitigation::Begun = serde_json::from_value(begun).unwrap();
    assert_eq!(
        (begun.intent.program.as_str(), begun.frozen, begun.unknown_among.clone()),
        ("systemctl", None, Some(Vec::new()))
    );
    let end = End { begun, exit: "0".to_owned(), lasted_ms: 12 };
    let Answer::Done(told) = running.ask(Question::MitigationEnds(Box::new(end))).await else {
        panic!("refused")
    };
    let told = told.as_str().unwrap();
    assert!(told.starts_with("recorded for no case, unless the collector knows NM-0042"), "{told}");
    assert!(told.contains("`nearmiss-agent status`") && told.contains("; kept here"), "{told}");
    assert_eq!(running.status().await.spool.events, 2);
    running.stop().await;
}
