//! What a program cost from its start to its end.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

const TICKS: f64 = 100.0;

/// CPU seconds, to the tick, and the most memory in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
}

impl Cost {
    /// Runs `command` to its end; nothing else of ours may end meanwhile.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let before = children_cpu()?;
        let mut child = command.spawn()?;
        let mut memory = 0.0_f64;
        while child.try_wait()?.is_none() {
            memory = memory.max(held(child.id()).unwrap_or(0.0));
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { cpu: children_cpu()? - before, memory })
    }
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
