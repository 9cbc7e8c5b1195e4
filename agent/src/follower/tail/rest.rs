//! A path at which nothing happens costs two looks from outside, and where there are many, no handle.

use std::fs;
use std::io;
use std::path::Path;

use super::{Polled, Tail};
use crate::follower::folders::Folder;
use crate::follower::generation::Generation;
use crate::follower::identity::{FileId, modified};

/// A file that has not changed for this long is not opened to see whether it has.
const RESTING_MS: u64 = 1_000;

/// What a path is from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outside {
    file: Option<(FileId, u64, i64)>,
    folder: Option<i64>,
}

impl Outside {
    pub(super) fn of(path: &Path, folder: &Folder) -> Self {
        let of = |metadata: fs::Metadata| (FileId::of(&metadata), metadata.len(), modified(&metadata));
        Self { folder: folder.changed, file: fs::metadata(path).ok().map(of) }
    }
}

impl Tail {
    /// Closes what is read to its end, so that not each of thousands of logs costs a handle. Since the path changes when it
    /// is written to, it goes on then as after a restart.
    pub(crate) fn sleep(&mut self) {
        if self.rests.is_some() {
            self.close();
        }
    }

    /// The same, though it is not read to its end.
    pub(super) fn close(&mut self) {
        if self.sleeps.is_none() {
            self.sleeps = Some(self.positions());
            self.generations.clear();
        }
    }

    /// Opens what was closed. What is gone meanwhile is told as gaps.
    pub(super) fn wake(&mut self, folder: &Folder, now_ms: u64, gaps: &mut Vec<String>) -> io::Result<()> {
        let Some(asleep) = &self.sleeps else { return Ok(()) };
        let (mut awake, missed) = Self::resume(&self.path, folder, asleep, now_ms)?;
        // For how long something is known was not forgotten.
        awake.beside = std::mem::take(&mut self.beside);
        *self = awake;
        gaps.extend(missed);
        Ok(())
    }

    /// Whether the last look found that nothing happens here until the path changes from outside.
    pub(crate) const fn rests(&self) -> bool {
        self.rests.is_some()
    }

    pub(super) fn is_resting(&self, polled: &Polled, outside: Outside, now_ms: u64) -> bool {
        let rests = |one: &Generation| one.at_end() && now_ms.saturating_sub(one.grew_at) >= RESTING_MS;
        let waits = !polled.more && polled.fault.is_none() && self.beside.is_settled(outside.folder);
        waits && self.generations.len() <= 1 && self.generations.iter().all(rests)
    }
}
