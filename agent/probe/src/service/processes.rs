//! Processes that must run, for what no unit keeps up. Read from the kernel's list.

use std::collections::BTreeMap;

use nearmiss_agent_core::reading::{Reading, Stamp};
use nearmiss_agent_core::service::{Process, Runs};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// The programs that the configuration names.
#[derive(Debug, Default)]
pub(super) struct Processes {
    runs: BTreeMap<String, Runs>,
}

impl Processes {
    pub(super) fn new(names: &[String]) -> Self {
        Self { runs: names.iter().map(|name| (name.clone(), Runs::default())).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Reads the list once, for all names; not at all where none is named.
    pub(super) fn look(&mut self, at: Stamp) -> Vec<Reading> {
        if self.is_empty() {
            return Vec::new();
        }
        let Ok(mut system) = System::new() else { return Vec::new() };
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let called = |name: &str| -> Vec<Process> {
            let all = system.processes().values();
            all.filter(|process| Runs::is_called(process.name().as_encoded_bytes(), name))
                .map(|process| Process { started: process.start_time(), id: process.pid().as_u32() })
                .collect()
        };
        self.runs.iter_mut().flat_map(|(name, runs)| runs.judge(name, &called(name), at)).collect()
    }
}
