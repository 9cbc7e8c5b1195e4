//! Services: what systemd, or the kernel's list of processes, tells of them, judged as distances to failure.
//!
//! Facts and the time in, readings out. A unit that was stopped on purpose is retired, not failed.

mod choice;
mod process;
mod starts;
mod timer;
mod unit;

use crate::reading::{Measure, Reading, Stamp};

pub use choice::Choice;
pub use process::{Process, Runs};
pub use timer::{Job, Timer, TimerState, TimerWatched};
pub use unit::{Activity, Unit, Watchdog, Watched};

pub const ACTIVE: &str = "service.active";
pub const RESTARTS_LEFT: &str = "service.restarts_left";
pub const RESTARTS: &str = "service.restarts";
pub const WATCHDOG_LEFT: &str = "service.watchdog_left";
pub const TIMER_OVERDUE: &str = "service.timer_overdue";
pub const RUNNING: &str = "service.running";

/// One instant on every clock that systemd tells times on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Stamp,
    /// Milliseconds of CLOCK_MONOTONIC, which stands still while the host is suspended.
    pub monotonic_ms: i64,
    /// Milliseconds of the host's own wall clock, which timers go by.
    pub wall_ms: i64,
}

impl Moment {
    /// Boot milliseconds of an instant of CLOCK_MONOTONIC.
    fn boot_ms(&self, monotonic_ms: i64) -> i64 {
        self.at.boot_ms.saturating_sub(self.monotonic_ms.saturating_sub(monotonic_ms))
    }
}

/// `signal` of `subject` is over.
fn retired(signal: &str, subject: &str, at: Stamp, why: &str) -> Reading {
    Reading::of(signal, subject, at, Measure::Retired { why: why.to_owned() })
}

#[cfg(test)]
mod tests;
