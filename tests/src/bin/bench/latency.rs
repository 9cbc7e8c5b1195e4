//! From a line that is appended until the agent says what it means: matched, counted, judged. Lines come one at a time, as on a
//! quiet host, each to a log that rsyslog follows as well, after the agent has said the last.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::wait::until;

use crate::figure::Figure;
use crate::rsyslog::{self, Rsyslog};

const LINES: usize = 400;
/// Between two lines nothing happens.
const PAUSE: Duration = Duration::from_millis(15);
/// The design's bound of the 95th percentile, in milliseconds.
const BOUND: f64 = 2.0;

pub(crate) async fn measure() -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("app.log");
    let mut agent = Agent::alone(folder.path(), settings(&log))?;
    agent.start().await?;
    let peer = Rsyslog::start(folder.path(), &log, "wrong PIN")?;
    let mut file = File::options().create(true).append(true).open(&log)?;
    // Both follow the log when they have told a first line of it.
    let mut warm = 0;
    until("both to follow the log", async || {
        warm += 1;
        writeln!(file, "wrong PIN of w{warm}").ok()?;
        let theirs = peer.as_ref().is_none_or(|peer| peer.told().contains("of w"));
        (agent.log().contains("subject=\"w") && theirs).then_some(())
    })
    .await;
    let mut written = BTreeMap::new();
    for number in 0..LINES {
        let name = format!("n{number}");
        written.insert(name.clone(), now());
        writeln!(file, "wrong PIN of {name}")?;
        until("the line to be told", async || {
            agent.log().contains(&format!("subject=\"{name}\"")).then_some(())
        })
        .await;
        tokio::time::sleep(PAUSE).await;
    }
    let ours = agent.log();
    let ours = delays(&written, ours.lines().filter_map(|line| told(line, "subject=\"", '"')))?;
    let theirs = match &peer {
        None => None,
        Some(peer) => {
            until("rsyslog to have told all", async || {
                (peer.told().matches("of n").count() >= LINES).then_some(())
            })
            .await;
            let text = peer.told();
            Some(delays(&written, text.lines().filter_map(|line| told(line, "wrong PIN of ", '\n')))?)
        }
    };
    let figure = |what, percent, peer| Figure {
        what,
        unit: format!("ms, {LINES} lines"),
        ours: percentile(&ours, percent),
        peer,
        goal: 1.0,
    };
    let of_peer = |percent| theirs.as_ref().map(|theirs| percentile(theirs, percent));
    Ok(vec![
        figure("append to match, p95", 95, ("the bound", Some(BOUND))),
        figure("append to match, p50", 50, (rsyslog::NAME, of_peer(50))),
        figure("append to match, p95 (peer)", 95, (rsyslog::NAME, of_peer(95))),
    ])
}

#[expect(
    clippy::disallowed_methods,
    reason = "the programs' clock tells milliseconds, and this is about less"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

fn settings(log: &Path) -> AgentSettings {
    AgentSettings {
        config: format!("[probe.log]\npaths = [\"{}\"]\njournal = false\n", log.display()),
        rules: "[[log]]\nname = \"pin\"\npattern = 'wrong PIN of (?P<who>\\w+)'\nby = \"who\"\napproach = 1\ncount = 10\n".to_owned(),
    }
}

/// What a line of output tells of, and when it was told.
fn told<'l>(line: &'l str, before: &str, end: char) -> Option<(&'l str, Timestamp)> {
    let name = line.split_once(before)?.1.split(end).next()?;
    Some((name.trim(), line.split_whitespace().next()?.parse().ok()?))
}

/// Milliseconds from each append to its first mention, in order of length.
fn delays<'l>(
    written: &BTreeMap<String, Timestamp>,
    told: impl Iterator<Item = (&'l str, Timestamp)>,
) -> Result<Vec<f64>> {
    let mut first: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (name, at) in told {
        first.entry(name).or_insert(at);
    }
    let delay = |(name, written): (&String, &Timestamp)| {
        let told = first.get(name.as_str()).with_context(|| format!("{name} was not told"))?;
        Ok((told.as_microsecond() - written.as_microsecond()) as f64 / 1000.0)
    };
    let mut delays = written.iter().map(delay).collect::<Result<Vec<f64>>>()?;
    delays.sort_by(f64::total_cmp);
    Ok(delays)
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
