//! What a process and its children cost, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};

/// One reading of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footprint {
    /// Proportional set size in bytes (proc_pid_smaps(5)), children that run now left out.
    pub(crate) pss: u64,
    /// CPU time in seconds: the threads' own to the nanosecond, ended children's to the tick.
    pub(crate) cpu: f64,
}

/// Kernel ticks a second, as proc_pid_stat(5) counts (USER_HZ).
const TICKS: f64 = 100.0;

impl Footprint {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        let pss: u64 = pss.trim().trim_end_matches(" kB").parse()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
        let tick = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        // cutime and cstime are fields 16 and 17; the first after the name is field 3.
        let children = (tick(13) + tick(14)) / TICKS;
        Ok(Self { pss: pss * 1024, cpu: own_cpu(pid)? + children })
    }
}

/// The first number of each thread's schedstat: nanoseconds on a CPU. A thread that ended is not counted any more.
fn own_cpu(pid: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        nanoseconds +=
            text.split_whitespace().next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    }
    Ok(nanoseconds / 1e9)
}
