//! A certificate runs out on a real TLS server, is renewed, and is swapped for one that nobody vouches for.

use nearmiss_runtime::clock::Clock;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::Process;
use nearmiss_tests::tls::Authority;
use nearmiss_tests::wait::until;

use crate::endpoint::{QUIET, free_port, in_state};

const LEFT: &str = "certificate.days_left";

/// An instant so many days from now, as OpenSSL writes it.
fn in_days(days: i64) -> String {
    let at: Timestamp = Clock::real().now().plus(Span::from_days(days));
    at.to_jiff().strftime("%Y%m%d%H%M%SZ").to_string()
}

async fn serve(authority: &Authority, name: &str, port: u16) -> Process {
    let server = authority.serve(name, port).unwrap();
    until("the TLS server to listen", async || std::net::TcpStream::connect(("127.0.0.1", port)).ok()).await;
    server
}

#[tokio::test]
async fn a_served_certificate_that_runs_out_is_critical_then_failed_and_a_new_one_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path()).unwrap();
    authority.sign("short", &in_days(-85), &in_days(5)).unwrap();
    authority.sign("ended", &in_days(-90), &in_days(-1)).unwrap();
    authority.sign("fresh", &in_days(0), &in_days(90)).unwrap();
    let port = free_port();
    let subject = format!("localhost:{port}");
    let rules = format!(
        "[[certificate]]\nname = \"portal\"\ntarget = \"{subject}\"\nca_file = \"{}\"\ninterval = \"1s\"\n\
         hold = \"1s\"\n",
        authority.certificate().display()
    );
    let mut server = serve(&authority, "short", port).await;
    let mut agent = Agent::alone(folder.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    let once = agent.margin(LEFT, &subject).unwrap();
    let days = once["value"].as_f64().unwrap();
    assert!(days > 4.9 && days < 5.1, "one look, without a daemon: {once}");
    assert_eq!(once["category"], "certificate");

    agent.start().await.unwrap();
    let near = in_state(&agent, LEFT, &subject, "approached").await;
    assert!(near["value"].as_f64().unwrap() < near["critical"].as_f64().unwrap(), "{near}");
    in_state(&agent, "certificate.trust", &subject, "normal").await;

    server.kill().unwrap();
    let mut server = serve(&authority, "ended", port).await;
    let failed = in_state(&agent, LEFT, &subject, "breached").await;
    assert!(failed["reasons"][0].as_str().unwrap().starts_with("CN=ended ended at"), "{failed}");
    let trust = agent.margin("certificate.trust", &subject).unwrap();
    assert_eq!(trust["state"], "normal", "that it ended is told once: {trust}");

    server.kill().unwrap();
    let mut server = serve(&authority, "fresh", port).await;
    let well = in_state(&agent, LEFT, &subject, "normal").await;
    assert!(well["value"].as_f64().unwrap() > 89.0, "{well}");

    server.kill().unwrap();
    // Another authority of the same name.
    let stranger = folder.path().join("stranger");
    std::fs::create_dir(&stranger).unwrap();
    let stranger = Authority::new(&stranger).unwrap();
    stranger.sign("other", &in_days(0), &in_days(90)).unwrap();
    let _server = serve(&stranger, "other", port).await;
    let trust = in_state(&agent, "certificate.trust", &subject, "breached").await;
    assert!(trust["reasons"][0].as_str().unwrap().contains("not signed by the authority"), "{trust}");
}

#[tokio::test]
async fn certificate_files_are_watched_where_a_rule_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path()).unwrap();
    authority.sign("near", &in_days(-70), &in_days(15)).unwrap();
    authority.sign("well", &in_days(0), &in_days(90)).unwrap();
    let files = format!("{}/*.pem", folder.path().display());
    let rules = format!("[[certificate]]\nname = \"files\"\ntarget = \"{files}\"\n");
    let agent = Agent::alone(folder.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    for (file, state) in [("near.pem", "approached"), ("well.pem", "normal"), ("ca.pem", "normal")] {
        let margin = agent.margin(LEFT, &folder.path().join(file).display().to_string()).unwrap();
        assert_eq!(margin["state"], state, "{margin}");
    }
    let output = agent.run(&["check", "--fail-on", "approach"]).unwrap();
    assert_eq!(output.status.code(), Some(1));
}
