//! What a host is asked from afar, and obeys because its own configuration accepts it: maintenance, a baseline.

use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Client, Lab};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::wait::until;
use serde_json::{Value, json};

use crate::disk::{failing_drives, replaying};
use crate::filesystem::quick_rule;

const QUICK: &str = "[collector]\nstatus_interval = \"200ms\"\n";

fn quick(settings: AgentSettings) -> AgentSettings {
    AgentSettings { config: format!("{QUICK}{}", settings.config), ..settings }
}

async fn host(api: &Client) -> Value {
    api.json("/api/v1/hosts").await.unwrap()["items"][0].clone()
}

#[tokio::test]
async fn in_maintenance_a_failure_opens_its_case_and_pages_nobody() {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let mut agent = lab.agent(quick(quick_rule(&disk.subject()))).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let name = host(&api).await["name"].as_str().unwrap().to_owned();

    let wanted = json!({"span": "2h", "reason": "moving the archive"});
    let (status, answer) = api.post(&format!("/api/v1/hosts/{name}/maintenance"), &wanted).await.unwrap();
    assert_eq!(status.as_u16(), 202, "{answer}");
    until("the host's word that it is in maintenance", async || {
        host(&api).await["maintenance_until"].is_string().then_some(())
    })
    .await;
    let own = agent.json(&["status", "--json"]).unwrap();
    assert_eq!(own["maintenance"][1], "moving the archive", "{own}");

    disk.fill_to_the_brim().unwrap();
    let subject = disk.subject();
    let failed = |case: &Value| case["subject"] == subject.as_str() && case["physical"] == "breached";
    let case = api.case_where("the failure all the same", failed).await;
    assert_eq!(case["responder"]["paged"], false, "{case}");
}

#[tokio::test]
async fn an_accepted_count_is_quiet_on_the_host_itself() {
    let Some(drive) = failing_drives().into_iter().next() else { return crate::skipped("smart/replay") };
    let lab = Lab::start().await.unwrap();
    let mut agent = lab.agent(quick(replaying(&drive))).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let case = api.case_where("a count that came near", |case| case["signal"] == "disk.attribute").await;

    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let accepted = json!({"until": "2099-01-01T00:00:00Z", "reason": "the mirror is new"});
    let (status, answer) = api.post(&format!("{path}/accept"), &accepted).await.unwrap();
    assert!(status.is_success(), "{status} {answer}");
    assert_eq!(answer["physical"], "standing");
    until("the host to call it standing", async || standing(&agent, case["signal"].as_str()?)).await;
    let told = api.json(&format!("{path}/timeline")).await.unwrap().to_string();
    assert!(told.contains("the mirror is new"), "{told}");
}

/// `Some` once the agent itself no longer calls the signal approached.
fn standing(agent: &Agent, signal: &str) -> Option<()> {
    let check = agent.json(&["check", "--json"]).ok()?;
    let found = check["signals"].as_array()?.iter().find(|one| one["signal"] == signal)?.clone();
    (found["state"] == "standing").then_some(())
}
