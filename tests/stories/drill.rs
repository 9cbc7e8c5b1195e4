//! A drill is a real approach with made-up readings: it passes every room, and without its rule it passes none.

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};
use nearmiss_tests::wait::until;

const QUIET: &str = "[probe.filesystem]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n[probe.host]\nenabled = false\n";

fn settings(rules: &str) -> AgentSettings {
    AgentSettings { config: QUIET.to_owned(), rules: rules.to_owned() }
}

#[tokio::test]
async fn a_drill_becomes_a_case_with_evidence_that_is_marked_as_a_drill_everywhere() {
    let lab = Lab::start().await.unwrap();
    // The rule is of a certain drive; a drill is rehearsed by it all the same.
    let mut agent = lab.agent(settings("[[disk]]\nname = \"story\"\nmatch = \"ST4000 *\"\n")).await.unwrap();
    agent.start().await.unwrap();
    let output = agent.run(&["drill", "disk-failure"]).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", String::from_utf8_lossy(&output.stderr), agent.log());

    let api = lab.collector.client(CLIENT).unwrap();
    let case = api.case_where("the drill's case", |case| case["drill"] == "disk-failure").await;
    assert_eq!(case["subject"], "drill:disk-failure", "{case}");
    assert_eq!(case["category"], "disk");
    assert!(case["responder"]["name"].is_string(), "a drill gets a responder: {case}");
    assert!(case["retrospective"]["due"].is_string(), "and a retrospective: {case}");
    assert_eq!(case["tasks"].as_array().map(Vec::is_empty), Some(false), "and tasks: {case}");
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let evidence = until("the drill's evidence", async || {
        let case = api.json(&path).await.ok()?;
        let evidence = case["evidence"].as_array()?.first()?.clone();
        (evidence["signature_valid"] == true).then_some(evidence)
    })
    .await;
    let (_, file) = api.get(&format!("/api/v1/evidence/{}", evidence["id"].as_str().unwrap())).await.unwrap();
    let opened = nearmiss_shared::bundle::open(&file).unwrap();
    assert_eq!(opened.manifest.drill.as_deref(), Some("disk-failure"));

    let output = agent.run(&["drill", "disk-failure", "--abort"]).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let case = until("the drill's verdict", async || {
        api.json(&path).await.ok().filter(|case| case["verdict"]["proposed"] == "drill")
    })
    .await;
    assert_eq!(case["physical"], "recovered", "{case}");
    let mail = lab.mail.message_with(&["X-Envelope-To: sana@falcon.example"]).await.1;
    assert!(mail.to_lowercase().contains("drill"), "the message does not say that it is a drill: {mail}");
}

#[tokio::test]
async fn with_its_rule_removed_a_drill_opens_nothing() {
    let lab = Lab::start().await.unwrap();
    let off = "[[disk]]\nname = \"story\"\nenabled = false\n";
    let mut agent = lab.agent(settings(off)).await.unwrap();
    agent.start().await.unwrap();
    let output = agent.run(&["drill", "disk-failure"]).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(agent.json(&["status", "--json"]).unwrap()["spool"]["events"], 0);
    assert_eq!(lab.collector.client(CLIENT).unwrap().cases().await.unwrap().len(), 0);
}
