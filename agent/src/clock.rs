//! The one place that reads the host's clocks.
//!
//! Wall time is for people and for the wire; lengths of time are taken from boot time (CLOCK_BOOTTIME), which no
//! step of the wall clock moves and which counts suspended time. Where `NEARMISS_TEST_CLOCK` names a file, the wall
//! clock is the system's plus the signed milliseconds written there; boot time is not affected.

use std::path::Path;
use std::sync::Arc;

use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::Timestamp;

/// Names the file that moves the wall clock in tests of whole processes.
pub const TEST_CLOCK: &str = "NEARMISS_TEST_CLOCK";

/// The host's clocks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_file: Option<Arc<Path>>,
}

impl Clock {
    /// The system's clocks, whatever the environment says.
    pub fn real() -> Self {
        Self { offset_file: None }
    }

    /// The system's clocks, moved where the environment names a test clock.
    pub fn from_environment() -> Self {
        let file = std::env::var_os(TEST_CLOCK).filter(|name| !name.is_empty());
        Self { offset_file: file.map(|name| Arc::from(Path::new(&name))) }
    }

    /// Whether the wall clock is a test's.
    pub fn is_moved(&self) -> bool {
        self.offset_file.is_some()
    }

    /// UTC as the host knows it.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn wall(&self) -> Timestamp {
        let now = Timestamp::from(jiff::Timestamp::now());
        Timestamp::from_millis(now.as_millis().saturating_add(self.offset_ms()))
    }

    /// Milliseconds since boot, suspended time included.
    pub fn boot_ms(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1000).saturating_add(u64::try_from(now.tv_nsec / 1_000_000).unwrap_or(0))
    }

    /// Both clocks at one instant.
    pub fn stamp(&self) -> Stamp {
        Stamp { wall: self.wall(), boot_ms: i64::try_from(self.boot_ms()).unwrap_or(i64::MAX) }
    }

    /// The kernel's random id of this boot; the empty string where it tells none.
    pub fn boot_id(&self) -> String {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_default()
    }

    fn offset_ms(&self) -> i64 {
        let file = self.offset_file.as_deref();
        let text = file.and_then(|path| std::fs::read_to_string(path).ok());
        text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_clock_moves_the_wall_and_not_the_boot_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock { offset_file: Some(Arc::from(file.as_path())) };
        let before = clock.stamp();
        std::fs::write(&file, "3600000\n").unwrap();
        let after = clock.stamp();
        assert!(after.wall.since(before.wall).as_hours() >= 1.0);
        assert!(after.since(before).as_hours() < 0.5);
        assert!(!clock.boot_id().is_empty());
    }
}
