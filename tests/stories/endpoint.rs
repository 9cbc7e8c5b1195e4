//! A real HTTP server stops, comes back, and says something else than it should.

use std::path::Path;
use std::process::Command;

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::Process;
use nearmiss_tests::wait::until;
use serde_json::Value;

/// Only what a rule declares is of interest here.
pub(crate) const QUIET: &str = "[probe.disk]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\n\
                                enabled = false\n[probe.filesystem]\nenabled = false\n[probe.host]\nenabled = false\n";

/// A port that nothing listens at.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Python's own server of the files of `folder`.
fn web_server(folder: &Path, port: u16) -> Process {
    let mut command = Command::new("python3");
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"]).arg(folder);
    Process::start(command, &folder.join("server.log")).unwrap()
}

/// Waits until `check --json` tells the signal in this state.
pub(crate) async fn in_state(agent: &Agent, signal: &str, subject: &str, state: &str) -> Value {
    agent.margin_where(signal, subject, |margin| margin["state"] == state).await
}

#[tokio::test]
async fn a_web_server_that_stops_is_near_then_down_and_one_that_says_the_wrong_thing_too() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("health");
    std::fs::write(&page, "all is ready").unwrap();
    let port = free_port();
    let subject = format!("127.0.0.1:{port}/health");
    let rules = format!(
        "[[endpoint]]\nname = \"portal\"\ntarget = \"http://{subject}\"\ncontains = \"ready\"\n\
         interval = \"200ms\"\ntimeout = \"5s\"\nconsequence_for = \"portal.service\"\nhold = \"500ms\"\nattempts = 4\n"
    );
    let mut server = web_server(folder.path(), port);
    until("the web server to listen", async || std::net::TcpStream::connect(("127.0.0.1", port)).ok()).await;
    let mut agent = Agent::alone(folder.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    agent.start().await.unwrap();

    let left = "endpoint.attempts_left";
    let well = in_state(&agent, left, &subject, "normal").await;
    assert_eq!(well["value"], 4.0, "{well}");
    let latency = agent.margin("endpoint.latency", &subject).unwrap();
    assert_eq!((&latency["limit"], &latency["state"]), (&5.0.into(), &"normal".into()), "{latency}");

    server.kill().unwrap();
    let down = in_state(&agent, left, &subject, "breached").await;
    assert_eq!(down["value"], 0.0, "{down}");
    assert!(down["reasons"][0].as_str().unwrap().contains("connection refused"), "{down}");
    let unit = in_state(&agent, "service.active", "portal.service", "breached").await;
    assert!(unit["reasons"][0].as_str().unwrap().contains("is down: connection refused"), "{unit}");
    assert!(agent.log().contains("kind=approached"), "it was near before it was down: {}", agent.log());

    let _server = web_server(folder.path(), port);
    in_state(&agent, left, &subject, "normal").await;

    std::fs::write(&page, "maintenance").unwrap();
    let wrong = in_state(&agent, left, &subject, "breached").await;
    assert!(wrong["reasons"][0].as_str().unwrap().contains("does not contain \"ready\""), "{wrong}");

    std::fs::remove_file(&page).unwrap();
    agent.stop().unwrap();
    let once = agent.margin(left, &subject).unwrap();
    assert_eq!(once["state"], "approached", "one look without a daemon says it as well: {once}");
    assert!(once["reasons"][0].as_str().unwrap().contains("status 404"), "{once}");
}
