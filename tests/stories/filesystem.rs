//! A filesystem fills, is cleaned up, and fills again: one case, two episodes.

use nearmiss_shared::bundle;
use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Client, Lab};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::wait::until;
use serde_json::Value;

/// The shipped filesystem rule with spans short enough for a story.
pub(crate) fn quick_rule(subject: &str) -> AgentSettings {
    let rules = format!(
        "[[filesystem]]\nname = \"story\"\nmatch = \"{subject}\"\ninterval = \"200ms\"\nconfirm = 3\nhold = \"1s\"\n"
    );
    let config =
        "[probe.disk]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n";
    AgentSettings { config: config.to_owned(), rules }
}

struct Story {
    // In the order of their ends: who writes, what is mounted, and the folder that all of it lies in.
    agent: Agent,
    api: Client,
    disk: LoopFilesystem,
    lab: Lab,
}

async fn a_watched_filesystem() -> Story {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let mut agent = lab.agent(quick_rule(&disk.subject())).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    Story { lab, disk, agent, api }
}

#[tokio::test]
async fn filling_a_filesystem_opens_one_case_and_cleaning_it_up_averts_it() {
    let Story { lab, disk, agent, api } = a_watched_filesystem().await;
    disk.fill_to_free(0.10).unwrap();

    let subject = disk.subject();
    let case = api.case_where("a case about the mount", |case| case["subject"] == subject.as_str()).await;
    assert_opened(&case);
    let id = case["id"].as_str().unwrap();
    assert_evidence(&api, &agent, id).await;

    disk.free().unwrap();
    let path = format!("/api/v1/cases/{id}");
    until("receding on the timeline", async || {
        let timeline = api.json(&format!("{path}/timeline")).await.ok()?;
        timeline.to_string().contains("receding").then_some(())
    })
    .await;
    let case = until("the proposal averted", async || {
        api.json(&path).await.ok().filter(|case| case["verdict"]["proposed"] == "averted")
    })
    .await;
    assert_eq!(case["physical"], "recovered", "{case}");
    assert_eq!(case["state"], "stabilised", "{case}");

    disk.fill_to_free(0.10).unwrap();
    until("a second episode of the same case", async || {
        let case = api.json(&path).await.ok()?;
        (case["physical"] == "approached").then_some(())
    })
    .await;
    let mut cases = api.cases().await.unwrap();
    // Stories run side by side, and each agent watches every mount of the machine.
    cases.retain(|case| case["subject"] == subject.as_str());
    assert_eq!(cases.len(), 1, "one open case per key: {cases:?}; log {}", lab.collector.log());
}

fn assert_opened(case: &Value) {
    assert_eq!(case["signal"], "filesystem.free");
    assert_eq!(case["category"], "capacity");
    let proximity = case["proximity"]["at_open"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&proximity), "{case}");
    let failure = &case["time_to_failure_seconds"]["at_open"];
    assert!(failure.is_null() || failure.as_f64().unwrap() > 0.0, "not converging, or a time: {case}");
    assert_eq!(case["responder"]["name"], "Sana Sysadmin", "{case}");
    assert!(case["responder"]["acknowledge_due"].is_string(), "{case}");
    let tasks = case["tasks"].as_array().unwrap();
    for role in ["sysadmin", "devops", "security_lead", "bc_lead"] {
        assert!(tasks.iter().any(|task| task["role"] == role), "{role} has no part: {case}");
    }
    let received: nearmiss_shared::time::Timestamp = case["received_at"].as_str().unwrap().parse().unwrap();
    let due: nearmiss_shared::time::Timestamp =
        case["retrospective"]["due"].as_str().unwrap().parse().unwrap();
    assert!(due.since(received).as_hours() <= 48.0, "{case}");
}

/// The opening bundle is downloaded and verifies, by our own library and by the agent's command.
async fn assert_evidence(api: &Client, agent: &Agent, case: &str) {
    let evidence = until("the opening bundle with a valid signature", async || {
        let case = api.json(&format!("/api/v1/cases/{case}")).await.ok()?;
        let evidence = case["evidence"].as_array()?.first()?.clone();
        (evidence["signature_valid"] == true).then_some(evidence)
    })
    .await;
    let id = evidence["id"].as_str().unwrap();
    let (status, file) = api.get(&format!("/api/v1/evidence/{id}")).await.unwrap();
    assert!(status.is_success());
    assert_eq!(bundle::sha256_hex(&file), evidence["sha256"].as_str().unwrap());
    let path = agent.folder().join("downloaded.tar");
    std::fs::write(&path, &file).unwrap();
    let verdict = agent.json(&["verify", "--json", &path.to_string_lossy()]).unwrap();
    assert_eq!(verdict["valid"], true, "{verdict}");
    let mut changed = file;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    let output = agent.run(&["verify", "--json", &path.to_string_lossy()]).unwrap();
    assert_eq!(output.status.code(), Some(1));
}
