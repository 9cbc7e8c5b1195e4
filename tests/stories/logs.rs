//! Guessed passwords in a followed log open a login case; rotating the file in the middle loses no line.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Lab};
use nearmiss_tests::mount::SilentMount;
use nearmiss_tests::wait::until;

use crate::corpus;

const PATTERN: &str = r"authentication failure; .*rhost=(?P<host>\S+)";

fn settings(log: &Path) -> AgentSettings {
    AgentSettings {
        config: format!(
            "[probe.log]\npaths = [\"{}\"]\njournal = false\n[probe.filesystem]\nenabled = false\n\
             [probe.service]\nenabled = false\n[probe.disk]\nenabled = false\n",
            log.display()
        ),
        rules: format!(
            "[[log]]\nname = \"guessing\"\nmatch = \"{}\"\npattern = '{PATTERN}'\nby = \"host\"\ncount = 10\n\
             window = \"10m\"\ncategory = \"login\"\nconfirm = 1\n\
             [[log]]\nname = \"every\"\npattern = '{PATTERN}'\nby = \"host\"\ncount = 100000\nwindow = \"1d\"\n",
            log.display()
        ),
    }
}

/// The sum of a rule's counts, as `check` tells them.
fn counted(agent: &Agent, signal: &str) -> f64 {
    let told = agent.json(&["check", "--json"]).unwrap();
    let of_rule = told["signals"].as_array().unwrap().iter().filter(|told| told["signal"] == signal);
    of_rule.filter_map(|told| told["value"].as_f64()).sum()
}

/// How many lines of all logs the agent has matched, as it counts them itself.
fn lines_read(agent: &Agent) -> Option<u64> {
    agent.json(&["status", "--json"]).ok()?["counters"]["log_lines"].as_u64()
}

#[tokio::test]
async fn guessed_passwords_open_a_login_case_and_a_rotation_loses_no_line() {
    let Ok(real) = fs::read_to_string(corpus("logs/linux-auth-2k.log")) else {
        return crate::skipped("logs");
    };
    let lab = Lab::start().await.unwrap();
    let log = lab.path().join("auth.log");
    File::create(&log).unwrap();
    let mut agent = lab.agent(settings(&log)).await.unwrap();
    agent.start().await.unwrap();

    let lines: Vec<&str> = real.lines().collect();
    let mut file = File::options().append(true).open(&log).unwrap();
    for (index, line) in lines.iter().enumerate() {
        if index == lines.len() / 2 {
            fs::rename(&log, log.with_extension("log.1")).unwrap();
            // The writer keeps its old handle for a while, as syslog does until it is told.
            writeln!(file, "Jul  1 00:00:00 combo rotated: last line of the old file").unwrap();
            file = File::options().create(true).append(true).open(&log).unwrap();
        }
        writeln!(file, "{line}").unwrap();
    }

    let api = lab.collector.client(CLIENT).unwrap();
    // The shipped rules watch the same file; this story's own is the one with ten in ten minutes.
    let case = api.case_where("the rule's case", |case| case["signal"] == "log.guessing").await;
    assert_eq!(case["category"], "login", "{case}");
    assert!(real.contains(&format!("rhost={}", case["subject"].as_str().unwrap())), "{case}");
    let expected = lines.len() as u64 + 1;
    until(&format!("all {expected} lines read, none twice"), async || {
        lines_read(&agent).filter(|read| *read >= expected)
    })
    .await;
    assert_eq!(lines_read(&agent), Some(expected));

    // What the agent counted live is what `scan` and `replay log` count of the same files afterwards.
    let parts = [log.with_extension("log.1"), log.clone()].map(|part| part.display().to_string());
    let rules = agent.folder().join("rules.d/story.toml").display().to_string();
    let live = counted(&agent, "log.every");
    let scanned = agent.json(&["scan", "--json", "--rules", &rules, &parts[0], &parts[1]]).unwrap();
    let replayed = ["replay", "log", "--json", "--year", "2005", "--rules", &rules, &parts[0], &parts[1]];
    let replayed = agent.run(&replayed).unwrap();
    let summary: serde_json::Value =
        serde_json::from_str(String::from_utf8_lossy(&replayed.stdout).lines().last().unwrap()).unwrap();
    assert!(live > 400.0, "{live}");
    assert_eq!(
        (scanned["rules"]["every"].as_f64(), summary["rules"]["every"].as_f64()),
        (Some(live), Some(live))
    );
    assert_eq!(scanned["lines"], expected);
}

#[tokio::test]
async fn a_log_on_a_mount_that_tells_nothing_is_read_through_its_rotations() {
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let Some(mount) = SilentMount::make(folder.path()).unwrap() else {
        eprintln!("skipped: no bindfs, or it may not mount: apt-get install bindfs");
        return;
    };
    let lab = Lab::start().await.unwrap();
    let (here, there) = (mount.path().join("app.log"), mount.behind().join("app.log"));
    File::create(&there).unwrap();
    let mut agent = lab.agent(settings(&here)).await.unwrap();
    agent.start().await.unwrap();

    let mut written = 0;
    for turn in 0..2_u64 {
        let mut file = File::options().create(true).append(true).open(&there).unwrap();
        for _ in 0..100 {
            written += 1;
            writeln!(file, "{written} authentication failure; rhost=host-{turn}").unwrap();
        }
        until(&format!("{written} lines read"), async || lines_read(&agent).filter(|read| *read >= written))
            .await;
        // Some behind what was read, then the next file.
        written += 1;
        writeln!(file, "{written} authentication failure; rhost=host-{turn}").unwrap();
        fs::rename(&there, there.with_extension(format!("log.{turn}"))).unwrap();
    }
    File::create(&there).unwrap();
    until("the last line", async || lines_read(&agent).filter(|read| *read >= written)).await;
    assert_eq!((lines_read(&agent), counted(&agent, "log.every")), (Some(202), 202.0));
}
