//! One real drive's life: an old count that a person calls known, its growth, and the swap that stopped it. A real smartctl
//! reads each of its reports.

use std::path::Path;

use nearmiss_tests::dump::Dump;
use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Client, Lab};
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::corpus;

const REALLOCATED: u8 = 5;
/// Counts that would open cases of their own.
const OTHERS: [u8; 7] = [10, 184, 187, 188, 196, 197, 198];

/// The first recorded drive with a few reallocated sectors; its other counts are taken away, so that one case is told of.
fn worn() -> Option<Dump> {
    let folders = std::fs::read_dir(corpus("smart/replay")).into_iter().flatten().flatten();
    let mut dumps: Vec<_> = folders.map(|entry| entry.path().join("ioctl-dump.txt")).collect();
    dumps.sort();
    let mut drives = dumps.iter().filter_map(|path| Dump::read(path).ok());
    let drive = drives.find(|drive| drive.raw(REALLOCATED).is_some_and(|count| (4..100).contains(&count)))?;
    Some(OTHERS.iter().fold(drive, |drive, id| drive.with_raw(*id, 0).unwrap_or(drive)))
}

fn watching(report: &Path) -> AgentSettings {
    AgentSettings {
        config: format!(
            "[collector]\nstatus_interval = \"200ms\"\n\
             [probe.disk]\ncommand = [\"smartctl\", \"-a\", \"-\"]\nstdin = \"{}\"\ndevices = [\"bay 1\"]\n\
             [probe.filesystem]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n",
            report.display()
        ),
        rules: "[[disk]]\nname = \"story\"\ninterval = \"300ms\"\n".to_owned(),
    }
}

fn is_reallocated(case: &Value) -> bool {
    case["signal"] == "disk.reallocated"
}

async fn timeline(api: &Client, case: &Value) -> String {
    let path = format!("/api/v1/cases/{}/timeline", case["id"].as_str().unwrap());
    api.json(&path).await.unwrap().to_string()
}

async fn case_that_is(api: &Client, physical: &str) -> Value {
    api.case_where(&format!("the case to be {physical}"), |case| {
        is_reallocated(case) && case["physical"] == physical
    })
    .await
}

fn said(agent: &Agent, arguments: &[&str]) -> (Option<i32>, String) {
    let output = agent.run(arguments).unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&both).into_owned())
}

#[tokio::test]
async fn an_old_count_is_known_its_growth_speaks_and_the_swap_is_what_stopped_it() {
    let Some(drive) = worn() else { return crate::skipped("smart/replay") };
    let count = u32::try_from(drive.raw(REALLOCATED).unwrap()).unwrap();
    let lab = Lab::start().await.unwrap();
    let report = lab.path().join("drive.txt");
    drive.with_serial("OLD1").unwrap().write(&report).unwrap();
    let mut agent = lab.agent(watching(&report)).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let case = case_that_is(&api, "approached").await;
    let subject = case["subject"].as_str().unwrap().to_owned();
    assert!(subject.ends_with(" OLD1"), "{subject}");

    // It was there when the drive came: quiet, on the host and on the page, with who said so and why.
    let (code, told) = said(&agent, &["baseline", "OLD2", "no such drive"]);
    assert!(code == Some(1) && told.contains("no subject here"), "{code:?} {told}");
    let (code, told) = said(&agent, &["baseline", "OLD1", "there since delivery"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(&format!("disk.reallocated of {subject}: {count} sectors known until")), "{told}");
    let case = case_that_is(&api, "standing").await;
    assert!(timeline(&api, &case).await.contains("there since delivery"));
    assert_eq!(agent.margin("disk.reallocated", &subject).unwrap()["state"], "standing");

    // One more is news.
    drive.with_serial("OLD1").unwrap().with_raw(REALLOCATED, count + 1).unwrap().write(&report).unwrap();
    let case = case_that_is(&api, "approached").await;
    let grown = format!("{} sectors: 1 sector past the {count} sectors that ", count + 1);
    let told = timeline(&api, &case).await;
    assert!(told.contains(&grown), "{told}");

    // Another drive in its place: that is the end of it, and what ended it.
    drive.with_serial("NEW1").unwrap().with_raw(REALLOCATED, 0).unwrap().write(&report).unwrap();
    let case = case_that_is(&api, "recovered").await;
    let told = timeline(&api, &case).await;
    let swap = "bay 1 now holds ";
    assert!(told.contains(swap) && told.contains(" NEW1"), "{told}");
    let whole = api.json(&format!("/api/v1/cases/{}", case["id"].as_str().unwrap())).await.unwrap();
    assert!(whole["mitigations"].to_string().contains(swap), "{whole}");
    until("the new drive to be watched", async || {
        let new = subject.replace("OLD1", "NEW1");
        agent.margin("disk.reallocated", &new).filter(|margin| margin["value"] == 0.0)
    })
    .await;
    assert!(agent.margin("disk.reallocated", &subject).is_none(), "the old one is nobody's any more");
}
