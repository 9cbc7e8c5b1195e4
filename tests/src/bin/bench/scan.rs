//! How fast log lines are matched: `scan` with fifty rules over a GiB of lines, beside `grep -cE` with one pattern of them over
//! the same file in the same run, one after the other. Every rule's count is grep's, or the figure says how many differ.

mod rules;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nearmiss_tests::process::{program, run};
use serde_json::Value;

use crate::cost::Cost;
use crate::figure::Figure;
use crate::footprint::Footprint;
use crate::rsyslog::{NAME as RSYSLOG, Rsyslog};

const BYTES: u64 = 1 << 30;
/// One in so many lines is a failed login.
const FAILED: u64 = 1000;
/// Of three runs the cheapest counts: the others measure their neighbours.
const RUNS: usize = 3;

pub(crate) fn measure() -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("syslog");
    write_log(&log)?;
    let grep = cheapest(|| grep(rules::USUAL[0], &log))?;
    let rsyslog = rsyslog(folder.path(), &log)?;
    let mut figures = Vec::new();
    let usual = rules::USUAL.map(str::to_owned).to_vec();
    for (name, patterns, goal) in [("usual", usual, 1.0 / 0.7), ("hard", rules::hard(), 1.0 / 0.25)] {
        let file = folder.path().join(format!("{name}.toml"));
        fs::write(&file, as_rules(&patterns))?;
        let ours = cheapest(|| scan(&file, &log))?;
        let differ = differing(&counted(&file, &log)?, &patterns, &log)?;
        figures.push(Figure {
            what: if name == "usual" { "50 usual rules over 1 GiB" } else { "50 hard rules over 1 GiB" },
            unit: format!("CPU s; {differ} counts differ from grep's"),
            ours: ours.cpu,
            peer: ("grep -cE, one pattern", Some(grep.cpu)),
            goal,
        });
        if name == "usual" {
            figures.push(Figure {
                what: "50 usual rules, peer: 1 text",
                unit: "CPU s".to_owned(),
                ours: ours.cpu,
                peer: (RSYSLOG, rsyslog),
                goal: 1.0,
            });
        }
        figures.push(Figure {
            what: if name == "usual" { "usual: memory" } else { "hard: memory" },
            unit: "MiB at most".to_owned(),
            ours: ours.memory,
            peer: ("20 MiB", Some(20.0)),
            goal: 1.0,
        });
    }
    Ok(figures)
}

/// CPU seconds of rsyslog that follows the log from its start for one text; `None` where it is not installed.
fn rsyslog(folder: &Path, log: &Path) -> Result<Option<f64>> {
    const TEXT: &str = "Failed password";
    let said = Command::new("grep").env("LC_ALL", "C").args(["-cF", TEXT]).arg(log).output()?;
    let lines: usize = String::from_utf8_lossy(&said.stdout).trim().parse()?;
    let Some(mut rsyslog) = Rsyslog::start(folder, log, TEXT)? else { return Ok(None) };
    while rsyslog.told().lines().count() < lines {
        ensure!(rsyslog.process.is_running(), "rsyslog ended: {}", rsyslog.process.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    Footprint::of(rsyslog.process.id()).map(|footprint| Some(footprint.cpu))
}

fn cheapest(mut once: impl FnMut() -> Result<Cost>) -> Result<Cost> {
    let mut costs = (0..RUNS).map(|_| once()).collect::<Result<Vec<Cost>>>()?;
    costs.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    costs.into_iter().next().context("nothing was run")
}

/// Into a pipe: where nobody reads it ends with the first match.
fn grep(pattern: &str, log: &Path) -> Result<Cost> {
    Cost::of(Command::new("grep").env("LC_ALL", "C").args(["-cE", pattern]).arg(log).stdout(Stdio::piped()))
}

fn scan_command(rules: &Path, log: &Path) -> Command {
    let mut command = Command::new(program("nearmiss-agent"));
    command.args(["scan", "--json", "--rules"]).arg(rules).arg(log);
    command
}

fn scan(rules: &Path, log: &Path) -> Result<Cost> {
    Cost::of(scan_command(rules, log).stdout(Stdio::null()).stderr(Stdio::null()))
}

fn counted(rules: &Path, log: &Path) -> Result<Value> {
    let said = scan_command(rules, log).output()?;
    serde_json::from_slice(&said.stdout).with_context(|| String::from_utf8_lossy(&said.stderr).into_owned())
}

/// How many rules count otherwise than grep.
fn differing(counted: &Value, patterns: &[String], log: &Path) -> Result<usize> {
    let mut differ = 0;
    for (index, pattern) in patterns.iter().enumerate() {
        // It fails where there is no match.
        let said = Command::new("grep").env("LC_ALL", "C").args(["-cE", pattern]).arg(log).output()?;
        let theirs: u64 = String::from_utf8_lossy(&said.stdout).trim().parse()?;
        let ours = counted["rules"][name(index)].as_u64().context("a rule is not counted")?;
        differ += usize::from(ours != theirs);
    }
    Ok(differ)
}

fn name(index: usize) -> String {
    format!("r{index:02}")
}

fn as_rules(patterns: &[String]) -> String {
    let rule = |(index, pattern): (usize, &String)| {
        format!("[[log]]\nname = \"{}\"\npattern = '''{pattern}'''\n", name(index))
    };
    patterns.iter().enumerate().map(rule).collect()
}

/// Lines as a busy host writes them.
fn write_log(path: &Path) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut written, mut number, mut state) = (0, 0_u64, 42_u64);
    let mut random = move |below: u64| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut line = String::new();
    while written < BYTES {
        number += 1;
        let (second, pid) = (number / 400, 100 + random(30_000));
        line.clear();
        write!(line, "Nov 23 {:02}:{:02}:{:02} web01 ", second / 3600 % 24, second / 60 % 60, second % 60)?;
        let (one, two, three) = (random(255), random(255), random(60_000));
        match if number % FAILED == 0 { 7 } else { random(7) } {
            0 => write!(line, "CRON[{pid}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)")?,
            1 => write!(line, "systemd[1]: Started session-{one}.scope - Session {one} of User deploy.")?,
            2 => write!(
                line,
                "kernel: [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=203.0.113.{one} DST=198.51.100.7 LEN=40 \
                 TOS=0x00 PREC=0x00 TTL=244 ID={three} PROTO=TCP SPT={pid} DPT=8443 WINDOW=1024 RES=0x00 SYN URGP=0"
            )?,
            3 => write!(
                line,
                "sshd[{pid}]: Accepted publickey for deploy from 10.0.{one}.{two} port {three} ssh2: ED25519 SHA256:3v5Z1m0qQd0"
            )?,
            4 => write!(line, "postfix/smtpd[{pid}]: connect from mail{one}.example.org[192.0.2.{two}]")?,
            5 => write!(
                line,
                "nginx[{pid}]: 10.0.3.{one} - - \"GET /api/v1/items/{three} HTTP/1.1\" 200 {two} \"-\" \"Mozilla/5.0\""
            )?,
            6 => write!(
                line,
                "dockerd[{pid}]: level=info msg=\"ignoring event\" container={three} module=libcontainerd topic=/tasks"
            )?,
            _ => write!(
                line,
                "sshd[{pid}]: Failed password for invalid user admin{one} from 203.0.113.{two} port {three} ssh2"
            )?,
        }
        writeln!(line, " #{number}")?;
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    file.flush()?;
    // In memory for everybody alike.
    run("cat", [path]).map(drop)
}
