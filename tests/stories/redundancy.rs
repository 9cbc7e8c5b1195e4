//! A real mirror loses a member and gets another: the margin is the failures that it still survives.

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};
use nearmiss_tests::mirror::Mirror;
use nearmiss_tests::wait::until;

fn quick_rules(subject: &str) -> AgentSettings {
    let rules = format!(
        "[[disk]]\nname = \"story\"\nsignal = \"disk.redundancy\"\nmatch = \"{subject}\"\ninterval = \"200ms\"\nhold = \"1s\"\n"
    );
    let config = "[probe.disk]\ndevices = [\"/dev/none\"]\n[probe.filesystem]\nenabled = false\n\
                  [probe.service]\nenabled = false\n[probe.log]\nenabled = false\n";
    AgentSettings { config: config.to_owned(), rules }
}

#[tokio::test]
async fn a_mirror_that_loses_a_member_is_a_serious_case_until_it_is_whole_again() {
    if !rustix::process::geteuid().is_root() {
        return println!("skipped: a mirror is mounted by root");
    }
    let lab = Lab::start().await.unwrap();
    let mut mirror = Mirror::of_two(lab.path()).unwrap();
    let subject = mirror.subject();
    let mut agent = lab.agent(quick_rules(&subject)).await.unwrap();
    agent.start().await.unwrap();
    let whole = agent.margin_where("disk.redundancy", &subject, |margin| !margin["value"].is_null()).await;
    assert_eq!((whole["value"].as_f64(), whole["proximity"].as_f64()), (Some(1.0), Some(0.0)), "{whole}");

    mirror.lose_a_member().unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let case = api.case_where("a case about the mirror", |case| case["subject"] == subject.as_str()).await;
    assert_eq!((&case["category"], &case["track"]), (&"disk".into(), &"serious".into()), "{case}");
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let timeline = api.json(&format!("{path}/timeline")).await.unwrap().to_string();
    assert!(timeline.contains("device 2 is missing"), "{timeline}");
    assert!(timeline.contains("no further failure is survived"), "{timeline}");
    let degraded = agent.margin("disk.redundancy", &subject).unwrap();
    assert_eq!(degraded["value"], 0.0, "{degraded}");

    mirror.replace_it().unwrap();
    until("the case recovered", async || {
        let case = api.json(&path).await.ok()?;
        (case["physical"] == "recovered").then_some(())
    })
    .await;
}
