//! `doctor`: what cannot be watched on this host, and how to enable it. The most serious first.
//!
//! Works without a daemon, a configuration, a collector or rights: what cannot be seen is told as that. The reads are
//! in `doctor/look.rs`; what is made of them is decided in `doctor/judge.rs` and `doctor/probes.rs`, which read nothing.

mod judge;
mod look;
mod probes;

use serde::Serialize;

use super::arguments::Doctor;
use super::wrap::wrapped;
use super::{Config, Ended, Exit};
use crate::output::{self, Ink, Terminal};

/// How a check came out. The order is that of what is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// What the agent is for does not work.
    Fail,
    /// Something is not watched, or not as well as it could be.
    Warn,
    Ok,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Check {
    name: String,
    status: Outcome,
    found: String,
    /// What to do about it; empty where nothing is to be done.
    #[serde(rename = "do")]
    remedy: String,
}

impl Check {
    fn new(name: &str, status: Outcome, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.to_owned(), status, found: found.into(), remedy: remedy.into() }
    }

    fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, found, "")
    }

    fn warn(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warn, found, remedy)
    }

    fn fail(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(name, Outcome::Fail, found, remedy)
    }
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    checks: &'a [Check],
}

pub(super) async fn run(file: &Config, options: &Doctor) -> Ended {
    let found = look::all(file).await;
    let mut checks = judge::checks(&found);
    checks.extend(probes::checks(&found));
    checks.sort_by_key(|check| check.status);
    if options.json {
        output::json(&Told { checks: &checks })?;
    } else {
        for line in lines(&checks, options.all, Terminal::of_output()) {
            output::line(&line)?;
        }
    }
    let failed = checks.iter().any(|check| check.status == Outcome::Fail);
    Ok(if failed { Exit::No } else { Exit::Fine })
}

/// Everything that asks for something, each with what to do; what is well in one line, or with `all` in one each.
fn lines(checks: &[Check], all: bool, terminal: Terminal) -> Vec<String> {
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for check in checks.iter().filter(|check| all || check.status != Outcome::Ok) {
        let (word, ink) = match check.status {
            Outcome::Fail => ("fail", Ink::Red),
            Outcome::Warn => ("warn", Ink::Amber),
            Outcome::Ok => ("ok  ", Ink::Plain),
        };
        let indent = widest + 8;
        let text = wrapped(&check.found, terminal.width.saturating_sub(indent).max(20));
        for (index, line) in text.into_iter().enumerate() {
            lines.push(match index {
                0 => format!("{}  {:<widest$}  {line}", terminal.paint(ink, word), check.name),
                _ => format!("{:indent$}{}", "", line.trim_start()),
            });
        }
        if !check.remedy.is_empty() {
            let text = wrapped(&check.remedy, terminal.width.saturating_sub(indent + 3).max(20));
            for (index, line) in text.into_iter().enumerate() {
                let mark = if index == 0 { "-> " } else { "   " };
                lines.push(format!("{:indent$}{mark}{}", "", line.trim_start()));
            }
        }
    }
    let well: Vec<&str> =
        checks.iter().filter(|check| check.status == Outcome::Ok).map(|check| check.name.as_str()).collect();
    if !all && !well.is_empty() {
        let told = format!("well: {}. `doctor --all` says what was found", well.join(", "));
        lines.extend(wrapped(&told, terminal.width).iter().map(|line| terminal.paint(Ink::Faint, line)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_serious_is_told_first_with_what_to_do_and_what_is_well_in_one_line() {
        let mut checks = vec![
            Check::ok("state", "4 GiB free"),
            Check::warn("disk", "no drive that speaks SMART was found", "watch the host below it"),
            Check::ok("agent", "runs"),
            Check::fail("configuration", "a.toml:1: unknown key", "`config check` tells every fault"),
        ];
        checks.sort_by_key(|check| check.status);
        let terminal = Terminal { width: 80, height: Some(24), colour: false };
        let told = lines(&checks, false, terminal);
        assert_eq!(
            told,
            [
                "fail  configuration  a.toml:1: unknown key",
                "                     -> `config check` tells every fault",
                "warn  disk           no drive that speaks SMART was found",
                "                     -> watch the host below it",
                "well: state, agent. `doctor --all` says what was found",
            ]
        );
        assert_eq!(lines(&checks, true, terminal).len(), 6);
        let narrow = lines(&checks, false, Terminal { width: 50, ..terminal });
        assert!(narrow.iter().all(|line| line.chars().count() <= 50), "{narrow:#?}");
    }

    #[test]
    fn json_has_the_words_of_the_contract() {
        let checks = [Check::warn("disk", "none", "add one")];
        assert_eq!(
            serde_json::to_string(&Told { checks: &checks }).unwrap(),
            r#"{"checks":[{"name":"disk","status":"warn","found":"none","do":"add one"}]}"#
        );
    }
}
