//! A real sshd is guessed at from one address, and then somebody gets in.

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};
use nearmiss_tests::sshd::{ACCOUNT, PASSWORD, Sshd, is_possible};
use serde_json::Value;

fn watching(log: &std::path::Path) -> AgentSettings {
    let config = format!(
        "[probe.log]\npaths = [\"{}\"]\njournal = false\n[probe.filesystem]\nenabled = false\n\
         [probe.service]\nenabled = false\n[probe.disk]\nenabled = false\n",
        log.display()
    );
    AgentSettings { config, rules: String::new() }
}

fn is_guessing(case: &Value) -> bool {
    case["signal"] == "log.failed-logins" && case["subject"] == "127.0.0.1"
}

#[tokio::test]
async fn guessing_is_near_before_anybody_is_locked_out_and_a_success_after_it_is_for_the_security_lead() {
    if !is_possible() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "openssh and root are needed in CI");
        eprintln!("skipped: needs root, openssh-server and openssh-client");
        return;
    }
    let lab = Lab::start().await.unwrap();
    let sshd = Sshd::start(lab.path()).await.unwrap();
    let mut agent = lab.agent(watching(&sshd.log())).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();

    // The shipped rule: twenty failures in ten minutes are the limit, half of that is near.
    for attempt in 0..10 {
        let account = if attempt % 2 == 0 { ACCOUNT } else { "admin" };
        assert!(!sshd.tries(account, &format!("guess {attempt}")).unwrap());
    }
    let near = api.case_where("the guessing to be near", is_guessing).await;
    assert_eq!((&near["category"], &near["physical"]), (&"login".into(), &"approached".into()), "{near}");

    assert!(sshd.tries(ACCOUNT, PASSWORD).unwrap(), "{}", std::fs::read_to_string(sshd.log()).unwrap());
    let inside =
        api.case_where("somebody to be in", |case| is_guessing(case) && case["physical"] == "breached").await;
    let path = format!("/api/v1/cases/{}", inside["id"].as_str().unwrap());
    let told = api.json(&format!("{path}/timeline")).await.unwrap().to_string();
    let accepted =
        format!("after 10 matches in 10m: sshd[1]: Accepted password for {ACCOUNT} from 127.0.0.1");
    assert!(told.contains(&accepted), "{told}");
    let whole = api.json(&path).await.unwrap();
    let asked = whole["tasks"].as_array().unwrap().iter().any(|task| {
        task["role"] == "security_lead" && task["title"].to_string().contains("attack precursor")
    });
    assert!(asked, "{}", whole["tasks"]);
    assert_eq!(whole["responder"]["paged"], true, "{}", whole["responder"]);
}
