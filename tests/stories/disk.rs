//! A drive that says FAILING_NOW: a real smartctl replays a drive's answers through the probe.

use std::path::PathBuf;

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};

use crate::corpus;

fn failing_drives() -> Vec<PathBuf> {
    let folder = corpus("smart/replay");
    let mut drives: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains("failnow"))
        .collect();
    drives.sort();
    drives
}

#[tokio::test]
async fn a_failing_drive_opens_a_disk_case_that_names_what_fails() {
    let Some(drive) = failing_drives().into_iter().next() else { return crate::skipped("smart/replay") };
    let lab = Lab::start().await.unwrap();
    let config = format!(
        "[probe.disk]\ncommand = [\"smartctl\", \"-a\", \"-\"]\nstdin = \"{}\"\ndevices = [\"replay\"]\n\
         [probe.filesystem]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n",
        drive.join("ioctl-dump.txt").display()
    );
    let rules = "[[disk]]\nname = \"story\"\ninterval = \"500ms\"\n".to_owned();
    let mut agent = lab.agent(AgentSettings { config, rules }).await.unwrap();
    agent.start().await.unwrap();

    let api = lab.collector.client(CLIENT).unwrap();
    let case = api.case_where("a disk case", |case| case["category"] == "disk").await;
    let subject = case["subject"].as_str().unwrap();
    let text = std::fs::read_to_string(drive.join("smartctl-7.3-a.txt")).unwrap();
    let serial = text.lines().find_map(|line| line.strip_prefix("Serial Number:")).unwrap().trim();
    assert!(subject.ends_with(serial), "{subject} names {serial}");

    let failing = text.lines().find(|line| line.contains("FAILING_NOW")).unwrap();
    let columns: Vec<&str> = failing.split_whitespace().collect();
    let id = case["id"].as_str().unwrap();
    let told = api.json(&format!("/api/v1/cases/{id}/timeline")).await.unwrap().to_string();
    let all =
        format!("{told}{}", api.cases().await.unwrap().iter().map(ToString::to_string).collect::<String>());
    for word in [columns[1], columns[3].trim_start_matches('0'), columns[5].trim_start_matches('0'), serial] {
        assert!(all.contains(word), "`{word}` of `{failing}` is not told: {all}");
    }
}
