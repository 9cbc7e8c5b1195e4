//! How fast smartctl's text is read: `smart parse` over every report of the corpus, again and again, in one process of one
//! thread. What it reads and prints is counted too.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use nearmiss_tests::process::program;

use crate::cost::Cost;
use crate::figure::Figure;

/// Each report is read so often.
const PASSES: usize = 16;
/// 10,000 reports a CPU second.
const GOAL_MICROSECONDS: f64 = 100.0;

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
    let Cost { cpu, memory: most } = Cost::of(&mut command)?;
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
