//! A drive that says FAILING_NOW: a real smartctl replays a drive's answers through the probe.

use std::path::{Path, PathBuf};

use nearmiss_tests::lab::{AgentSettings, CLIENT, Lab};

use crate::corpus;

pub(crate) fn failing_drives() -> Vec<PathBuf> {
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

/// An agent whose only drive is the replayed one: a real smartctl reads its dump.
pub(crate) fn replaying(drive: &Path) -> AgentSettings {
    let config = format!(
        "[probe.disk]\ncommand = [\"smartctl\", \"-a\", \"-\"]\nstdin = \"{}\"\ndevices = [\"replay\"]\n\
         [probe.filesystem]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n",
        drive.join("ioctl-dump.txt").display()
    );
    let rules = "[[disk]]\nname = \"story\"\ninterval = \"500ms\"\n".to_owned();
    AgentSettings { config, rules }
}

#[tokio::test]
async fn a_failing_drive_opens_a_disk_case_that_names_what_fails() {
    let Some(drive) = failing_drives().into_iter().next() else { return crate::skipped("smart/replay") };
    let lab = Lab::start().await.unwrap();
    let mut agent = lab.agent(replaying(&drive)).await.unwrap();
    agent.start().await.unwrap();

    let api = lab.collector.client(CLIENT).unwrap();
    let case = api.case_where("a disk case", |case| case["category"] == "disk").await;
    let subject = case["subject"].as_str().unwrap();
    let text = std::fs::read_to_string(drive.join("smartctl-7.3-a.txt")).unwrap();
    let serial = text.lines().find_map(|line| line.strip_prefix("Serial Number:")).unwrap().trim();
    assert!(subject.ends_with(serial), "{subject} names {serial}");

    let failing = text.lines().find(|line| line.contains("FAILING_NOW")).unwrap();
    let columns: Vec<&str> = failing.split_whitespace().collect();
    let (name, value, threshold) = (columns[1], number(columns[3]), number(columns[5]));
    let cases = api.cases().await.unwrap();
    let attribute = cases.iter().find(|case| case["signal"] == "disk.attribute").unwrap_or_else(|| {
        panic!("no case about the attribute that fails: {cases:?}");
    });
    let path = format!("/api/v1/cases/{}/timeline", attribute["id"].as_str().unwrap());
    let timeline = api.json(&path).await.unwrap();
    let opened =
        timeline["items"].as_array().unwrap().iter().find(|entry| entry["kind"] == "opened").unwrap();
    let told = opened["text"].as_str().unwrap();
    assert!(told.contains(name), "`{name}` of `{failing}` is not told: {told}");
    let numbers: Vec<u32> =
        told.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    for expected in [value, threshold] {
        assert!(numbers.contains(&expected), "{expected} of `{failing}` is not told: {told}");
    }
    assert!(told.contains(serial), "{serial} is not told: {told}");
}

/// smartctl pads with zeroes: `008`.
fn number(column: &str) -> u32 {
    column.parse().unwrap()
}
