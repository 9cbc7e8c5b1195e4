//! The host's clocks: wall time for people and for the wire, boot time for lengths.
//!
//! Boot time (CLOCK_BOOTTIME) is moved by no step of the wall clock and counts suspended time. A test clock moves the
//! wall clock alone.

use nearmiss_agent_core::reading::Stamp;
use nearmiss_runtime::clock::Clock as WallClock;
use nearmiss_shared::time::Timestamp;

/// Both clocks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    wall: WallClock,
}

impl Clock {
    /// The system's clocks, whatever the environment says.
    pub fn real() -> Self {
        Self { wall: WallClock::real() }
    }

    /// The system's clocks, the wall clock moved where the environment names a test clock.
    pub fn from_environment() -> Self {
        Self { wall: WallClock::from_environment() }
    }

    /// A long-running program whose time is a test's says so at its start.
    pub fn warn_if_moved(&self) {
        self.wall.warn_if_moved();
    }

    /// UTC as the host knows it.
    pub fn wall(&self) -> Timestamp {
        self.wall.now()
    }

    /// Milliseconds since boot, suspended time included.
    pub fn boot_ms(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1000).saturating_add(u64::try_from(now.tv_nsec / 1_000_000).unwrap_or(0))
    }

    /// Milliseconds since boot without suspended time, as systemd tells times that are not the wall clock's.
    pub fn monotonic_ms(&self) -> i64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_clock_moves_the_wall_and_not_the_boot_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock { wall: WallClock::moved_by(&file) };
        let before = clock.stamp();
        std::fs::write(&file, "3600000\n").unwrap();
        let after = clock.stamp();
        assert!(after.wall.since(before.wall).as_hours() >= 1.0);
        assert!(after.since(before).as_hours() < 0.5);
        assert!(!clock.boot_id().is_empty());
    }
}
