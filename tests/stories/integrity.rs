//! Calibration and record files change under the agent's eyes, and behind its back.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use nearmiss_runtime::clock::Clock;
use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::run;

use crate::endpoint::{QUIET, in_state};

const CHANGED: &str = "integrity.changed";

fn rule(name: &str, path: &str, more: &str) -> String {
    format!(
        "[[integrity]]\nname = \"{name}\"\npath = \"{path}\"\ninterval = \"200ms\"\nhold = \"500ms\"\n{more}"
    )
}

fn append(file: &Path, rows: &str) {
    fs::OpenOptions::new().append(true).open(file).unwrap().write_all(rows.as_bytes()).unwrap();
}

#[tokio::test]
async fn calibration_that_changed_while_the_agent_was_away_is_found_and_a_person_accepts_it() {
    let world = tempfile::tempdir().unwrap();
    let file = world.path().join("torque.cal");
    fs::write(&file, "gain 1.000\n").unwrap();
    let subject = format!("{}/*.cal", world.path().display());
    let rules = rule("calibration", &subject, "");
    let mut agent =
        Agent::alone(world.path(), AgentSettings { config: QUIET.to_owned(), rules: rules.clone() }).unwrap();
    agent.start().await.unwrap();
    in_state(&agent, CHANGED, &subject, "normal").await;
    agent.stop().unwrap();

    fs::write(&file, "gain 1.001\n").unwrap();
    agent.start().await.unwrap();
    let changed = in_state(&agent, CHANGED, &subject, "approached").await;
    assert_eq!(changed["value"], 1.0, "{changed}");
    assert_eq!(changed["reasons"][0], format!("{} was changed", file.display()), "{changed}");

    let accepted = Clock::real().now();
    fs::write(agent.folder().join("rules.d/story.toml"), format!("{rules}accepted = \"{accepted}\"\n"))
        .unwrap();
    agent.stop().unwrap();
    agent.start().await.unwrap();
    let quiet = agent.margin_where(CHANGED, &subject, |margin| margin["value"] == 0.0).await;
    assert_ne!(quiet["state"], "approached", "{quiet}");
    in_state(&agent, CHANGED, &subject, "recovered").await;
}

#[tokio::test]
async fn a_record_may_grow_but_not_be_rewritten_and_a_manifest_by_sha256sum_is_kept() {
    let world = tempfile::tempdir().unwrap();
    let record = world.path().join("hours.csv");
    fs::write(&record, "engine,hours\n1,100\n").unwrap();
    let part = world.path().join("firmware.bin");
    fs::write(&part, "v1").unwrap();
    let folder = world.path().display().to_string();
    run("sh", ["-c", &format!("cd {folder} && sha256sum firmware.bin >SHA256SUMS")]).unwrap();
    let (records, manifest) = (record.display().to_string(), format!("{folder}/SHA256SUMS"));
    let rules = rule("records", &records, "mode = \"append-only\"\n")
        + &rule("firmware", &folder, &format!("manifest = \"{manifest}\"\n"));
    let mut agent = Agent::alone(world.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    agent.start().await.unwrap();
    in_state(&agent, CHANGED, &records, "normal").await;
    in_state(&agent, CHANGED, &folder, "normal").await;

    append(&record, "2,200\n3,300\n");
    fs::write(&part, "v2").unwrap();
    let deviates = in_state(&agent, CHANGED, &folder, "approached").await;
    assert!(deviates["reasons"][0].as_str().unwrap().ends_with("firmware.bin is not what the manifest says"));
    // Looks at the record have gone by meanwhile, and it only grew.
    assert_eq!(agent.margin(CHANGED, &records).unwrap()["state"], "normal");
    run("sh", ["-c", &format!("cd {folder} && sha256sum firmware.bin >SHA256SUMS")]).unwrap();
    in_state(&agent, CHANGED, &folder, "recovered").await;

    fs::write(&record, "engine,hours\n1,999\n2,200\n3,300\n").unwrap();
    let rewritten = in_state(&agent, CHANGED, &records, "approached").await;
    assert!(
        rewritten["reasons"][0].as_str().unwrap().contains("was changed within its first"),
        "{rewritten}"
    );
}
