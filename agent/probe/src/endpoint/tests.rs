//! Endpoints against listeners that answer byte by byte what a broken server would.

use nearmiss_agent_core::reading::{Measure, Reading};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn probe(rules: &str) -> EndpointProbe {
    let rules = RuleSet::parse(&[("r.toml".to_owned(), rules.to_owned())]).unwrap();
    EndpointProbe::new(&rules)
}

/// What the probe finds while a server on `listener` answers every connection with `answer`.
async fn found(listener: &TcpListener, answer: &str, keys: &str) -> Vec<Reading> {
    let port = listener.local_addr().unwrap().port();
    let text = format!(
        "[[endpoint]]\nname = \"e\"\ntarget = \"http://127.0.0.1:{port}/\"\ntimeout = \"2s\"\nattempts = 1\n{keys}"
    );
    let serve = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    };
    let clock = Clock::real();
    let mut probe = probe(&text);
    tokio::select! {
        found = probe.read(&clock) => found.readings,
        () = serve => unreachable!(),
    }
}

/// Why the endpoint is down; empty when it is up.
fn why(readings: &[Reading]) -> String {
    let attempts = readings.iter().find(|reading| reading.signal == "endpoint.attempts_left").unwrap();
    match &attempts.measure {
        Measure::Consequence { reason, .. } => reason.clone(),
        Measure::Value(_) => String::new(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_status_a_missing_text_and_what_is_no_answer_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nready";
    let broken = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    for (answer, keys, told) in [
        (ok, "", ""),
        (ok, "contains = \"ready\"\n", ""),
        (ok, "contains = \"steady\"\n", "status 200 OK, but the answer does not contain \"steady\""),
        (ok, "status = [204]\n", "status 200 OK"),
        (broken, "", "status 503 Service Unavailable"),
        (broken, "status = [\"500-599\"]\n", ""),
        ("", "", "connection closed before message completed"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "", "invalid HTTP version parsed"),
    ] {
        let why = why(&found(&listener, answer, keys).await);
        assert!(
            if told.is_empty() { why.is_empty() } else { why.contains(told) },
            "{answer:?} {keys}: {why}"
        );
    }
}

#[tokio::test]
async fn another_host_is_told_and_not_followed_and_a_host_is_followed_to_itself_a_little() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://sso.invalid/in\r\ncontent-length: 0\r\n\r\n";
    let readings = found(&listener, elsewhere, "").await;
    assert_eq!(why(&readings), "");
    let latency = readings.iter().find(|reading| reading.signal == "endpoint.latency").unwrap();
    assert_eq!(latency.labels["redirects_to"], "sso.invalid");
    let itself = "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n";
    let why = why(&found(&listener, itself, "").await);
    assert!(why.contains("more than 3 redirects"), "{why}");
}

#[tokio::test]
async fn silence_a_closed_port_and_what_speaks_no_tls_are_said_plainly() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mute, gone) = (silent.local_addr().unwrap().port(), closed.local_addr().unwrap().port());
    drop(closed);
    for (target, told) in [
        (format!("tcp://127.0.0.1:{mute}"), ""),
        (format!("http://127.0.0.1:{mute}/"), "no answer in 300ms"),
        (format!("https://127.0.0.1:{mute}/"), "no answer in 300ms"),
        (format!("tcp://127.0.0.1:{gone}"), "connection refused"),
        (format!("http://127.0.0.1:{gone}/"), "connection refused"),
    ] {
        let text =
            format!("[[endpoint]]\nname = \"e\"\ntarget = \"{target}\"\ntimeout = \"300ms\"\nattempts = 1\n");
        let readings = probe(&text).read(&Clock::real()).await.readings;
        let why = why(&readings);
        assert!(if told.is_empty() { why.is_empty() } else { why.ends_with(told) }, "{target}: {why}");
    }
}

#[tokio::test]
async fn each_endpoint_has_its_own_pace_and_none_declared_is_said_once() {
    let mut none = probe("");
    let clock = Clock::real();
    assert_eq!(none.read(&clock).await.not_applicable.len(), 1);
    assert_eq!(none.read(&clock).await.not_applicable.len(), 0);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let rules = format!(
        "[[endpoint]]\nname = \"slow\"\ntarget = \"tcp://127.0.0.1:{port}\"\ninterval = \"1h\"\n\
         [[endpoint]]\nname = \"quick\"\ntarget = \"tcp://localhost:{port}\"\ninterval = \"100ms\"\n"
    );
    let mut probe = probe(&rules);
    assert_eq!(probe.interval(), Span::from_millis(100));
    let subjects = |readings: &Readings| -> Vec<String> {
        readings.readings.iter().map(|reading| reading.subject.clone()).collect()
    };
    assert_eq!(subjects(&probe.read(&clock).await).len(), 4);
    while probe.read(&clock).await.readings.is_empty() {}
}

#[tokio::test]
async fn failures_are_counted_on_after_a_restart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let mut probe = probe(&format!("[[endpoint]]\nname = \"e\"\ntarget = \"tcp://127.0.0.1:{port}\"\n"));
    let labels = BTreeMap::from([("failures".to_owned(), "2".to_owned())]);
    let (signal, subject) = ("endpoint.attempts_left".to_owned(), format!("127.0.0.1:{port}"));
    probe.expect(&Known { signal, subject, labels, ..Known::default() });
    let readings = probe.read(&Clock::real()).await.readings;
    assert_eq!(why(&readings), "down after 3 failures in a row: connection refused");
}
