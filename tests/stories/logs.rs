//! Guessed passwords in a followed log open a login case; rotating the file in the middle loses no line.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Lab};
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
             window = \"10m\"\ncategory = \"login\"\nconfirm = 1\n",
            log.display()
        ),
    }
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
}
