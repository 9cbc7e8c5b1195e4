//! Whatever dies in between, an approach is there once, with its original time.

use nearmiss_shared::time::Timestamp;
use nearmiss_tests::lab::{Agent, CLIENT, Client, Lab};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::filesystem::quick_rule;

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The approach of this mount is in the spool: it is written with the state that the daemon tells.
async fn wait_until_spooled(agent: &Agent, subject: &str) {
    agent.margin_where("filesystem.free", subject, |margin| margin["state"] == "approached").await;
    let status = agent.json(&["status", "--json"]).unwrap();
    assert!(status["spool"]["events"].as_u64().is_some_and(|events| events > 0), "{status}");
}

#[tokio::test]
async fn an_approach_while_the_collector_is_down_arrives_once_with_its_own_time() {
    let mut lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let mut agent = lab.agent(quick_rule(&disk.subject())).await.unwrap();
    agent.start().await.unwrap();
    lab.collector.kill().unwrap();

    disk.fill_to_free(0.10).unwrap();
    wait_until_spooled(&agent, &disk.subject()).await;
    let seen = agent.json(&["status", "--json"]).unwrap()["at"].clone();

    lab.collector.start_again().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let subject = disk.subject();
    let case = api.case_where("the case", |case| case["subject"] == subject.as_str()).await;
    assert!(instant(&case["opened_at"]) <= instant(&seen), "{case}");
    assert!(instant(&case["received_at"]) >= instant(&case["opened_at"]), "{case}");
    assert_eq!(approaches(&api, &case).await, 1);
}

#[tokio::test]
async fn an_agent_killed_with_the_event_in_its_spool_delivers_it_once_after_restart() {
    let mut lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let mut agent = lab.agent(quick_rule(&disk.subject())).await.unwrap();
    agent.start().await.unwrap();
    lab.collector.kill().unwrap();
    disk.fill_to_free(0.10).unwrap();
    wait_until_spooled(&agent, &disk.subject()).await;
    agent.kill().unwrap();

    lab.collector.start_again().await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let subject = disk.subject();
    let case = api.case_where("the case", |case| case["subject"] == subject.as_str()).await;
    until("an empty spool", async || {
        let status = agent.json(&["status", "--json"]).ok()?;
        (status["spool"]["events"].as_u64()? == 0).then_some(())
    })
    .await;
    assert_eq!(approaches(&api, &case).await, 1, "{}", agent.log());
}

/// How often the timeline of `case` says that the signal approached.
async fn approaches(api: &Client, case: &Value) -> usize {
    let id = case["id"].as_str().unwrap();
    let timeline = api.json(&format!("/api/v1/cases/{id}/timeline")).await.unwrap();
    let entries = timeline["items"].as_array().unwrap();
    entries.iter().filter(|entry| entry["kind"] == "opened" || entry["kind"] == "approached").count()
}
