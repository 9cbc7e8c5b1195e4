//! A window of planned work that comes every week: watched, told, and nobody paged.

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::filesystem::quick_rule;

#[tokio::test]
async fn a_failure_in_a_configured_window_opens_its_case_and_pages_nobody() {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let subject = disk.subject();
    let AgentSettings { config, rules } = quick_rule(&subject);
    let window = format!(
        "[[maintenance]]\nname = \"all day\"\nfrom = \"00:00\"\nuntil = \"24:00\"\nzone = \"Asia/Karachi\"\n\
         signals = \"filesystem.*\"\nmatch = \"{subject}\"\nreason = \"the archive moves\"\n"
    );
    let settings = AgentSettings { config, rules: format!("{rules}\n{window}") };
    let mut agent = lab.agent(settings).await.unwrap();
    agent.start().await.unwrap();

    let status = agent.json(&["status", "--json"]).unwrap();
    let windows = status["maintenance_windows"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> =
        windows.iter().map(|window| (&window["name"], &window["running"])).collect();
    assert_eq!(told, [(&"all day".into(), &true.into()), (&"all day".into(), &false.into())], "{status}");
    assert!(status["maintenance"].is_null(), "nobody announced anything: {status}");

    let api = lab.collector.client(CLIENT).unwrap();
    disk.fill_to_the_brim().unwrap();
    let failed = |case: &Value| case["subject"] == subject.as_str() && case["physical"] == "breached";
    let case = api.case_where("the failure all the same", failed).await;
    assert_eq!(case["responder"]["paged"], false, "{case}");
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    until("the reason for the quiet on the case", async || {
        let timeline = api.json(&format!("{path}/timeline")).await.ok()?;
        timeline.to_string().contains("the archive moves").then_some(())
    })
    .await;
}
