//! What a new user meets first: `deploy/quickstart`, a bad configuration, a clean end.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nearmiss_tests::process::{Process, program};
use nearmiss_tests::wait::{until, within};
use rustix::process::Signal;
use serde_json::Value;

fn quickstart(data: &Path) -> Process {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut command = Command::new(format!("{root}/deploy/quickstart"));
    command.args(["--data", &data.to_string_lossy(), "--port", "0", "--no-install"]);
    Process::start(command, &data.with_extension("log")).unwrap()
}

async fn ready(data: &Path) -> Value {
    let file = data.join("quickstart.json");
    // tests/run has built the programs; whoever runs this story alone waits for the build here.
    let build = Duration::from_secs(110);
    within(build, "quickstart.json", async || serde_json::from_slice(&fs::read(&file).ok()?).ok()).await
}

async fn get(start: &Value, path: &str) -> Option<Value> {
    let address = format!("{}{path}", start["url"].as_str()?);
    let answer =
        reqwest::Client::new().get(address).bearer_auth(start["token"].as_str()?).send().await.ok()?;
    answer.json().await.ok()
}

#[tokio::test]
async fn one_command_leads_to_this_hosts_margins_and_a_rehearsed_case() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("trial");
    let mut process = quickstart(&data);
    let start = ready(&data).await;
    for key in ["url", "email", "password", "token", "client", "host", "agent_config", "agent", "collector"] {
        assert!(start[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {start}");
    }
    let margins = until("this host's margins", async || {
        let margins = get(&start, "/api/v1/margins").await?;
        margins["items"].as_array().filter(|items| !items.is_empty()).cloned()
    })
    .await;
    assert!(margins.iter().any(|margin| margin["signal"] == "filesystem.free"), "{margins:?}");

    let drill = Command::new(start["agent"].as_str().unwrap())
        .args(["--config", start["agent_config"].as_str().unwrap(), "drill", "disk-failure"])
        .output()
        .unwrap();
    assert!(drill.status.success(), "{}", String::from_utf8_lossy(&drill.stderr));
    let case = until("the rehearsed case", async || {
        let cases = get(&start, "/api/v1/cases?state=all").await?;
        cases["items"].as_array()?.iter().find(|case| case["drill"] == "disk-failure").cloned()
    })
    .await;
    assert_eq!(case["responder"]["name"], "You", "{case}");

    // Impatient: the second signal changes nothing.
    process.signal(Signal::TERM).unwrap();
    assert!(process.stop().unwrap().success(), "{}", process.log());
    assert!(!data.join("quickstart.json").exists());

    // A second run goes on with the same folder, the same sign-in, the same host.
    let mut process = quickstart(&data);
    let again = ready(&data).await;
    assert_eq!((&again["password"], &again["token"]), (&start["password"], &start["token"]));
    assert_eq!(
        get(&again, &format!("/api/v1/cases/{}", case["id"].as_str().unwrap())).await.unwrap()["id"],
        case["id"]
    );
    process.stop().unwrap();
}

#[test]
fn a_bad_configuration_tells_every_fault_at_once_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.toml");
    fs::write(&file, "stat = \"/x\"\n[observe]\nfor = \"soon\"\n[probe.disk]\nenabled = \"yes\"\n").unwrap();
    fs::create_dir(folder.path().join("rules.d")).unwrap();
    fs::write(folder.path().join("rules.d/a.toml"), "[[filesystem]]\napproach = \"near\"\n").unwrap();
    for command in [&["config", "check"][..], &["run"]] {
        let output = Command::new(program("nearmiss-agent"))
            .arg("--config")
            .arg(&file)
            .args(command)
            .output()
            .unwrap();
        let told =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {told}");
        for fault in [
            "agent.toml:1: unknown key `stat`",
            "did you mean `state`?",
            "agent.toml:3:",
            "agent.toml:5:",
            "a.toml:1:",
            "a.toml:2:",
        ] {
            assert!(told.contains(fault), "{command:?} does not tell {fault}: {told}");
        }
    }
}

#[test]
fn a_bad_collector_configuration_tells_every_fault_at_once_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("collector.toml");
    fs::write(&file, "dat = \"/x\"\n[server]\nlisten = \"nowhere\"\n[mail]\nfrom = 3\n").unwrap();
    for command in [&["config", "check"][..], &["serve"]] {
        let output = Command::new(program("nearmiss-collector"))
            .args(command)
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap();
        let told =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {told}");
        for fault in ["collector.toml:1: unknown key `dat`", "collector.toml:3:", "collector.toml:5:"] {
            assert!(told.contains(fault), "{command:?} does not tell {fault}: {told}");
        }
    }
}
