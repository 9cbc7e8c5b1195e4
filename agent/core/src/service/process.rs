//! Processes that must run, by the program's name: how many there are, and how often they were started anew.

use super::starts::Hour;
use super::{RESTARTS, RUNNING};
use crate::reading::{Measure, Reading, Stamp};

/// The kernel keeps this much of a program's name (proc_pid_comm(5)).
const KEPT_BYTES: usize = 15;

/// One process of the wanted name. The start time tells it from a later one of the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// Seconds since 1970.
    pub started: u64,
    pub id: u32,
}

/// What is remembered of a program's processes from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// The one that has run longest. Its children may come and go: a server recycles its workers.
    eldest: Option<Process>,
    hour: Hour,
    flapped: bool,
}

impl Runs {
    /// Whether a process calls itself `comm` when the configuration names `name`.
    pub fn is_called(comm: &[u8], name: &str) -> bool {
        let name = name.as_bytes();
        comm == name.get(..KEPT_BYTES).unwrap_or(name)
    }

    /// The readings of one look. A program is started anew when its eldest process is another one than before.
    pub fn judge(&mut self, name: &str, processes: &[Process], at: Stamp) -> Vec<Reading> {
        let measure = match processes.len() {
            0 => Measure::Consequence { value: Some(0.0), reason: format!("no process named {name} runs") },
            count => Measure::Value(count as f64),
        };
        let mut readings = vec![Reading::of(RUNNING, name, at, measure)];
        if let Some(eldest) = processes.iter().min().copied() {
            let anew = self.eldest.replace(eldest).is_some_and(|before| before != eldest);
            self.hour.add(u32::from(anew), at.boot_ms);
        }
        let count = self.hour.count(at.boot_ms);
        self.flapped |= count > 0;
        if self.flapped {
            readings.push(Reading::value(RESTARTS, name, at, f64::from(count)));
        }
        readings
    }
}
