//! Whether a folder changed since it was looked at.
//!
//! A look at a folder that is just changing may miss a name, and filesystems do not tell apart what happens within a few
//! milliseconds. So the same change is looked at again until nothing has moved for a moment.

use std::fs;
use std::path::Path;

use super::identity::modified;

/// Longer than the steps of any filesystem's clock.
const SETTLE_MS: u64 = 100;

/// How far a folder was looked at.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The change up to which everything was seen, nanoseconds since 1970.
    settled: Option<i64>,
    /// The change that was noticed last, and when first (boot milliseconds).
    seen: Option<i64>,
    seen_ms: u64,
}

impl Changes {
    pub(crate) const fn after(settled: Option<i64>) -> Self {
        Self { settled, seen: None, seen_ms: 0 }
    }

    pub(crate) const fn settled(&self) -> Option<i64> {
        self.settled
    }

    /// Whether nothing is new at a folder that changed last at `changed`; of one that is not there, nothing is.
    pub(crate) fn is_settled(&self, changed: Option<i64>) -> bool {
        changed.is_none() || self.settled == changed
    }

    /// Notes the change before it is looked at.
    pub(crate) fn see(&mut self, changed: Option<i64>, now_ms: u64) {
        if self.seen != changed {
            (self.seen, self.seen_ms) = (changed, now_ms);
        }
    }

    /// For how long the last change is known.
    pub(crate) const fn for_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.seen_ms)
    }

    /// The look is over; whether it found all there was.
    pub(crate) const fn settle(&mut self, now_ms: u64) -> bool {
        let settled = self.for_ms(now_ms) >= SETTLE_MS;
        if settled {
            self.settled = self.seen;
        }
        settled
    }
}

/// When the folder changed last; `None` where there is none.
pub(crate) fn changed_in(folder: &Path) -> Option<i64> {
    fs::metadata(folder).ok().map(|metadata| modified(&metadata))
}
