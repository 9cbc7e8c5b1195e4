//! Containers as a runtime of the tests' own tells of them at a socket; Podman itself is in a story.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::*;

/// What the runtime tells of its one container now; `None` when it has none.
type Answer = Arc<Mutex<Option<String>>>;

/// Answers requests at a socket until it is dropped.
async fn serve(socket: &std::path::Path, answer: Answer) {
    let listener = UnixListener::bind(socket).unwrap();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        let told = answer.lock().unwrap().clone();
        let body = match (request[..read].starts_with(b"GET /containers/json?all=1 "), told) {
            (true, Some(_)) => "[{\"Id\":\"a1\"}]".to_owned(),
            (true, None) => "[]".to_owned(),
            (false, told) => told.unwrap_or_default(),
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
    }
}

fn container(state: &str, restarts: u32, policy: &str, health: &str) -> String {
    format!(
        "{{\"Name\":\"/web\",\"RestartCount\":{restarts},\"State\":{{{state}{health}}},\"HostConfig\":\
         {{\"RestartPolicy\":{policy}}},\"Config\":{{\"Labels\":{{\"com.docker.compose.service\":\"front\",\
         \"secret\":\"x\"}},\"Healthcheck\":{{\"Retries\":4}}}}}}"
    )
}

const UP: &str = "\"Status\":\"running\"";
const FIVE: &str = "{\"Name\":\"on-failure\",\"MaximumRetryCount\":5}";
const ALWAYS: &str = "{\"Name\":\"always\",\"MaximumRetryCount\":0}";

/// One look at a runtime that tells this; each reading with its measure's kind and number.
async fn look(probe: &mut ContainerProbe, answer: &Answer, told: Option<String>) -> Vec<String> {
    *answer.lock().unwrap() = told;
    let told = |reading: &Reading| match &reading.measure {
        Measure::Value(value) => format!("{} {value}", reading.signal),
        Measure::Consequence { reason, .. } => format!("{}: {reason}", reading.signal),
        Measure::Retired { why } => format!("{} retired: {why}", reading.signal),
        Measure::Invalid { .. } | Measure::Resting { .. } => format!("{} unread", reading.signal),
        Measure::Trigger { .. } => format!("{} near", reading.signal),
    };
    let readings = probe.read(&Clock::real()).await.readings;
    let of_ours = readings.iter().filter(|reading| reading.subject == "web");
    of_ours.map(told).collect()
}

fn probe(socket: &std::path::Path, more: &str) -> ContainerProbe {
    let rules = format!("[[container]]\nname = \"s\"\nsocket = \"{}\"\n{more}", socket.display());
    let rules = RuleSet::parse(&[("c.toml".to_owned(), rules)]).unwrap();
    ContainerProbe::new(&rules, Span::from_seconds(15))
}

#[tokio::test]
async fn a_container_runs_out_of_restarts_and_of_checks_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock");
    let (answer, mut probe) = (Answer::default(), probe(&socket, ""));
    let story = async {
        let exited = "\"Status\":\"exited\",\"ExitCode\":1";
        assert_eq!(look(&mut probe, &answer, Some(container(exited, 0, FIVE, ""))).await, [""; 0]);
        let health = ",\"Health\":{\"Status\":\"healthy\",\"FailingStreak\":1}";
        let told = look(&mut probe, &answer, Some(container(UP, 3, FIVE, health))).await;
        assert_eq!(told, ["container.running 1", "container.restarts_left 2", "container.health_left 3"]);
        let told =
            look(&mut probe, &answer, Some(container(UP, 5, FIVE, &health.replace("healthy", "unhealthy"))))
                .await;
        let sick = "container.health_left: web is unhealthy: 1 checks failed in a row";
        assert_eq!(told, ["container.running 1", "container.restarts_left 0", sick]);
        let killed = "\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true";
        let told = look(&mut probe, &answer, Some(container(killed, 5, FIVE, ""))).await;
        let reason = "web was killed for want of memory";
        assert_eq!(
            told,
            [format!("container.running: {reason}"), format!("container.restarts_left: {reason}")]
        );
        let told = look(&mut probe, &answer, None).await;
        assert!(told.iter().all(|line| line.ends_with("retired: the container was removed")), "{told:?}");
        assert_eq!((told.len(), look(&mut probe, &answer, None).await.len()), (2, 0));
    };
    tokio::select! { biased; () = serve(&socket, Arc::clone(&answer)) => {}, () = story => {} }
}

#[tokio::test]
async fn restarts_without_a_limit_are_counted_within_the_rules_window_and_a_stop_is_orderly() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock");
    let (answer, mut probe) = (Answer::default(), probe(&socket, "restarts = 3\nwindow = \"1h\"\n"));
    let story = async {
        for (restarts, left) in [(40, 3), (41, 2), (43, 0)] {
            let told = look(&mut probe, &answer, Some(container(UP, restarts, ALWAYS, ""))).await;
            assert_eq!(told, ["container.running 1".to_owned(), format!("container.restarts_left {left}")]);
        }
        let stopped = "\"Status\":\"exited\",\"ExitCode\":143";
        let told = look(&mut probe, &answer, Some(container(stopped, 43, ALWAYS, ""))).await;
        assert!(told.iter().all(|line| line.contains("retired: the container was stopped")), "{told:?}");
        assert_eq!(told.len(), 2);
    };
    tokio::select! { biased; () = serve(&socket, Arc::clone(&answer)) => {}, () = story => {} }
}

#[tokio::test]
async fn a_runtime_that_is_gone_leaves_its_containers_unread_and_its_labels_are_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sock");
    let (answer, mut probe) = (Answer::default(), probe(&socket, ""));
    let story = async {
        *answer.lock().unwrap() = Some(container(UP, 0, FIVE, ""));
        let looked = probe.read(&Clock::real()).await;
        let web = looked.readings.iter().find(|reading| reading.subject == "web").unwrap();
        assert_eq!(web.labels, BTreeMap::from([("service".to_owned(), "front".to_owned())]));
    };
    tokio::select! { biased; () = serve(&socket, Arc::clone(&answer)) => {}, () = story => {} }
    let told = look(&mut probe, &answer, None).await;
    assert_eq!(told, ["container.restarts_left unread", "container.running unread"]);
}
