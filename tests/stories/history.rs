//! The agent's own past: what it recorded over a restart is judged as it judged live, and tries a proposed threshold.

use std::path::Path;

use nearmiss_runtime::clock::Clock;
use nearmiss_tests::lab::{Agent, CLIENT, Client, Lab};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::filesystem::quick_rule;

const SIGNAL: &str = "filesystem.free";

/// Fills the disk until the agent is near, and frees it until that is over.
async fn one_episode(agent: &Agent, disk: &LoopFilesystem) {
    let state = async |wanted: &str| {
        agent.margin_where(SIGNAL, &disk.subject(), |margin| margin["state"] == wanted).await;
    };
    disk.fill_to_free(0.10).unwrap();
    state("approached").await;
    disk.free().unwrap();
    state("recovered").await;
}

/// When the agent itself came near, as the case tells it.
async fn approaches(api: &Client, subject: &str) -> Vec<String> {
    until("both episodes on the case's timeline", async || {
        let cases = api.cases().await.ok()?;
        let case = cases.iter().find(|case| case["subject"] == subject)?;
        let path = format!("/api/v1/cases/{}/timeline", case["id"].as_str()?);
        let timeline = api.json(&path).await.ok()?;
        let is_approach = |entry: &&Value| entry["kind"] == "opened" || entry["kind"] == "approached";
        let entries: Vec<&Value> = timeline["items"].as_array()?.iter().filter(is_approach).collect();
        let at = |entry: &&Value| entry["observed_at"].as_str().map(str::to_owned);
        (entries.len() >= 2).then(|| entries.iter().filter_map(at).collect())
    })
    .await
}

/// The lines of JSON that a command prints: all but the last, and the last.
fn lines(agent: &Agent, arguments: &[&str]) -> (Vec<Value>, Value) {
    let output = agent.run(arguments).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    (lines, last)
}

#[tokio::test]
async fn what_the_agent_recorded_over_a_restart_is_judged_as_it_judged_live() {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let mut settings = quick_rule(&disk.subject());
    settings.rules += "forecast = false\n";
    let mut agent = lab.agent(settings).await.unwrap();
    agent.start().await.unwrap();
    one_episode(&agent, &disk).await;
    agent.stop().unwrap();
    agent.start().await.unwrap();
    one_episode(&agent, &disk).await;

    let api = lab.collector.client(CLIENT).unwrap();
    let (subject, rule) = (disk.subject(), agent.folder().join("rules.d/story.toml"));
    let live = approaches(&api, &subject).await;
    let rule = rule.to_string_lossy();
    let own = ["replay", "series", "--rule", &rule, "--history", SIGNAL, "--subject", &subject, "--json"];
    let (moves, summary) = lines(&agent, &own);
    let near = moves.iter().filter(|one| one["kind"] == "approached");
    let near: Vec<&str> = near.map(|one| one["at"].as_str().unwrap()).collect();
    assert_eq!(near, live, "the same code on the same readings: {moves:#?}");
    assert_eq!((&summary["episodes"], &summary["breached"]), (&2.into(), &false.into()), "{summary}");

    // What is written as a table is judged the same; by then the agent has gone.
    agent.stop().unwrap();
    let table = agent.run(&["history", SIGNAL, &subject, "--csv"]).unwrap();
    assert!(table.status.success(), "{}", String::from_utf8_lossy(&table.stderr));
    let file = agent.folder().join("srv.csv");
    std::fs::write(&file, &table.stdout).unwrap();
    let (_, from_file) =
        lines(&agent, &["replay", "series", "--rule", &rule, "--json", &file.to_string_lossy()]);
    for key in ["episodes", "first_approach", "peak_proximity", "peak_at", "from"] {
        assert_eq!(from_file[key], summary[key], "{key}");
    }

    compare(&agent, &subject);
    shown(&agent, &subject);
}

/// A proposed threshold beside today's, in one command.
fn compare(agent: &Agent, subject: &str) {
    let proposed = agent.folder().join("proposed.toml");
    std::fs::write(&proposed, "[[filesystem]]\nname = \"late\"\napproach = 0.06\nforecast = false\n")
        .unwrap();
    let proposed = proposed.to_string_lossy();
    let against =
        ["--against", "configured", "--history", SIGNAL, "--subject", subject, "--since", "1h", "--json"];
    let (_, both) = lines(agent, &[&["replay", "series", "--rule", &proposed][..], &against].concat());
    assert_eq!(
        (&both["proposed"]["episodes"], &both["current"]["episodes"]),
        (&0.into(), &2.into()),
        "{both}"
    );
    assert_eq!(both["proposed"]["peak_proximity"], both["current"]["peak_proximity"], "one past, two rules");
    let later = ["--since", "2100-01-01T00:00:00Z"];
    let output = agent
        .run(
            &[
                &["replay", "series", "--rule", "configured", "--history", SIGNAL, "--subject", subject][..],
                &later,
            ]
            .concat(),
        )
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

/// As a person sees it: a curve, a list, and how far back it goes.
fn shown(agent: &Agent, subject: &str) {
    let text = |arguments: &[&str]| String::from_utf8(agent.run(arguments).unwrap().stdout).unwrap();
    let curve = text(&["history", SIGNAL, subject]);
    assert!(curve.contains("Past approach (15.0 %) at") && curve.contains('┤'), "{curve}");
    assert!(curve.lines().all(|line| line.chars().count() <= 120), "{curve}");
    let (mut all, last) = lines(agent, &["history", "--json"]);
    all.push(last);
    let one = all.iter().find(|one| one["signal"] == SIGNAL && one["subject"] == subject).unwrap();
    assert!(one["readings"].as_u64().unwrap() > 10 && one["min"].as_f64().unwrap() < 0.15, "{one}");
    let (hours, last) = lines(agent, &["history", SIGNAL, subject, "--hours", "--json"]);
    let readings = hours.iter().chain([&last]).map(|hour| hour["samples"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(one["readings"].as_u64(), Some(readings));
    let status = text(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert!(
        status["history"]["since"].is_string() && status["history"]["bytes"].as_u64() > Some(0),
        "{status}"
    );
    assert!(text(&["doctor", "--all"]).contains("readings since"));
}

/// Files of readings of long ago that lie on the disk.
fn old_files(history: &Path) -> usize {
    let names = std::fs::read_dir(history).unwrap().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".fine")).count()
}

#[tokio::test]
async fn on_a_full_disk_the_history_makes_room_for_what_is_to_be_told() {
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let disk = LoopFilesystem::ext4(folder.path(), 32).unwrap();
    let mut settings = quick_rule(&disk.subject());
    settings.config += "[spool]\nreserve_bytes = 0\n";
    let mut agent = Agent::alone(folder.path(), settings).unwrap();
    std::os::unix::fs::symlink(disk.path(), agent.folder().join("state")).unwrap();
    let history = disk.path().join("history");
    std::fs::create_dir(&history).unwrap();
    let now = Clock::real().now().as_millis();
    for number in 1..=4 {
        let file = history.join(format!("000000000{number}-{now}.fine"));
        std::fs::write(file, vec![0x5a; 1024 * 1024]).unwrap();
    }
    agent.start().await.unwrap();
    assert_eq!(old_files(&history), 4, "there is room for all of it");
    disk.fill_to_the_brim().unwrap();

    // Pages of the store that are there already take a few.
    for number in 0..100 {
        let note = agent.run(&["note", &format!("{number}: {}", "the disk is full ".repeat(50))]).unwrap();
        assert!(note.status.success(), "{}", String::from_utf8_lossy(&note.stderr));
        if old_files(&history) < 4 {
            break;
        }
    }
    assert!(old_files(&history) < 4, "the older half went");
    let status = agent.json(&["status", "--json"]).unwrap();
    assert!(status["spool"]["events"].as_u64() > Some(0), "{status}");
    agent.stop().unwrap();
}
