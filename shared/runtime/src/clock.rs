//! The one place that reads the wall clock.
//!
//! Where `NEARMISS_TEST_CLOCK` names a file, the clock is the system's plus the signed milliseconds written there,
//! re-read at each use, so that a story moves the time of a running program.

use std::path::Path;
use std::sync::Arc;

use nearmiss_shared::time::Timestamp;
use tracing::warn;

/// Names the file that moves the wall clock in tests of whole processes.
pub const TEST_CLOCK: &str = "NEARMISS_TEST_CLOCK";

/// UTC as this machine knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_file: Option<Arc<Path>>,
}

impl Clock {
    /// The system's clock, whatever the environment says.
    pub fn real() -> Self {
        Self { offset_file: None }
    }

    /// The system's clock, moved where the environment names a test clock.
    pub fn from_environment() -> Self {
        let file = std::env::var_os(TEST_CLOCK).filter(|name| !name.is_empty());
        file.map_or_else(Self::real, |name| Self::moved_by(Path::new(&name)))
    }

    /// The system's clock, moved by what this file says.
    pub fn moved_by(file: &Path) -> Self {
        Self { offset_file: Some(Arc::from(file)) }
    }

    /// A long-running program whose time is a test's says so at its start.
    pub fn warn_if_moved(&self) {
        if let Some(file) = &self.offset_file {
            warn!(file = %file.display(), "{TEST_CLOCK} is set: this program's time is a test's, not the machine's");
        }
    }

    /// UTC now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::from(jiff::Timestamp::now());
        Timestamp::from_millis(now.as_millis().saturating_add(self.offset_ms()))
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
    fn a_test_moves_the_clock_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock::moved_by(&file);
        let before = clock.now();
        std::fs::write(&file, "3600000\n").unwrap();
        assert!(clock.now().since(before).as_hours() >= 1.0);
        assert!(Clock::real().now().since(before).as_hours() < 0.5);
    }
}
