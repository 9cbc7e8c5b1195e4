//! How fast smartctl's text is read: `smart parse` over every report of the corpus, again and again, in one process of one
//! thread. What it reads and prints is counted too.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nearmiss_tests::process::program;

use crate::figure::Figure;

/// Each report is read so often.
const PASSES: usize = 16;
/// 10,000 reports a CPU second.
const GOAL_MICROSECONDS: f64 = 100.0;
const TICKS: f64 = 100.0;

/// CPU a report, and the most memory the process held.
pub(crate) fn measure() -> Result<Vec<Figure>> {
    let folder = std::env::var("NEARMISS_CORPUS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus").to_owned());
    let reports = reports(&PathBuf::from(folder).join("smart"))?;
    anyhow::ensure!(!reports.is_empty(), "the corpus holds no report: set NEARMISS_CORPUS");
    let mut command = Command::new(program("nearmiss-agent"));
    command.args(["smart", "parse", "--json"]).stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..PASSES {
        command.args(&reports);
    }
    let before = children_cpu()?;
    let mut child = command.spawn()?;
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        most = most.max(held(child.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let cpu = children_cpu()? - before;
    let read = (reports.len() * PASSES) as f64;
    Ok(vec![
        Figure {
            what: "smartctl report: CPU",
            unit: format!("us, of {read}"),
            ours: cpu / read * 1e6,
            peer: ("10,000 a second", Some(GOAL_MICROSECONDS)),
            goal: 1.0,
        },
        Figure {
            what: "smartctl reports: memory",
            unit: "MiB at most".to_owned(),
            ours: most,
            peer: ("32 MiB", Some(32.0)),
            goal: 1.0,
        },
    ])
}

/// Every text of the corpus, without the recorded drives' own bytes.
fn reports(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(reports(&path)?);
        } else if path.extension().is_some_and(|end| end == "txt") && !path.ends_with("ioctl-dump.txt") {
            found.push(path);
        }
    }
    Ok(found)
}

/// CPU seconds of ended children, to the tick.
fn children_cpu() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    let tick = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((tick(13) + tick(14)) / TICKS)
}

/// VmHWM in MiB.
fn held(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    most.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}
