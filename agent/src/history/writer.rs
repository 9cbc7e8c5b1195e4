//! Writes the past: appends, puts in order, thins, and keeps both rings within their bounds.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_agent_core::history::{Bound, Hour, Hours, Readings, Segment, decode, encode, outgrown, thin};
use nearmiss_shared::time::Timestamp;
use rustix::fs::statvfs;
use tracing::{debug, warn};

use super::folder::{FINE, Folder, HOURS, read};

/// With less room than this on the filesystem nothing is written: what is left is for events.
const LEAST_FREE: u64 = 8 * 1024 * 1024;
/// The journal is put in order when it has this much.
pub(super) const JOURNAL_BYTES: u64 = 128 * 1024;
/// A ring is of so many files at least, and of larger ones where its bound is large.
const FILES: u64 = 16;
const FILE_BYTES: u64 = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    fine: Bound,
    hours: Bound,
}

impl Writer {
    pub(super) fn new(state: &Path, config: &HistoryConfig) -> Self {
        Self {
            folder: Folder::of(state),
            fine: Bound { bytes: config.max_bytes, length: config.length },
            hours: Bound { bytes: config.hourly_max_bytes, length: config.hourly_length },
        }
    }

    pub(super) fn append(&self, readings: &Readings, now: Timestamp) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o750).create(self.folder.path())?;
        let room = statvfs(self.folder.path())?;
        if room.f_bavail.saturating_mul(room.f_frsize) < LEAST_FREE {
            return Err(ErrorKind::StorageFull.into());
        }
        let frames = encode(readings);
        if frames.len() as u64 > self.fine.bytes / 2 {
            warn!(bytes = frames.len(), "more was read at once than is kept; the history leaves it out");
            return Ok(());
        }
        self.make_room(frames.len(), now)?;
        append(&self.folder.journal(), &frames)?;
        // What is in the journal is kept: that it cannot be moved now is no reason to write it again.
        if self.folder.journal_bytes() >= JOURNAL_BYTES.min(self.fine.bytes / 8)
            && let Err(fault) = self.put_in_order(now)
        {
            warn!(%fault, "the newest readings could not be put in order");
            if self.folder.journal_bytes() > self.fine.bytes / 2 {
                fs::remove_file(self.folder.journal())?;
            }
        }
        Ok(())
    }

    /// Moves the journal behind the other readings, each signal's together: its names and beats are told once so. A power
    /// cut finds it in one place at least.
    fn put_in_order(&self, now: Timestamp) -> io::Result<()> {
        let journal = self.folder.journal();
        let (readings, damaged): (Readings, u64) = decode(&read(&journal)?, &|_, _| true);
        if damaged > 0 {
            warn!(damaged, "damaged frames of the history are left out");
        }
        let frames = encode(&readings);
        self.make_room(frames.len(), now)?;
        if let Some(since) = readings.values().flatten().map(|sample| sample.at).min() {
            File::open(self.append_to_ring(FINE, self.fine, since, &frames)?)?.sync_data()?;
        }
        fs::remove_file(journal)
    }

    /// Lets the oldest readings go until `more` bytes fit; their hours stay.
    fn make_room(&self, more: usize, now: Timestamp) -> io::Result<()> {
        let segments = self.folder.segments(FINE)?;
        let gone = outgrown(&segments, self.folder.journal_bytes(), more as u64, self.fine, now);
        for segment in segments.iter().take(gone) {
            let path = self.folder.file(segment, FINE);
            let hours = thin(&decode(&read(&path)?, &|_, _| true).0);
            if let Err(fault) = self.keep_hours(&hours, now) {
                warn!(%fault, "the hours of the oldest readings could not be kept");
            }
            fs::remove_file(path)?;
            debug!(since = %segment.since, bytes = segment.bytes, "readings are kept as hours from now on");
        }
        Ok(())
    }

    fn keep_hours(&self, hours: &Hours, now: Timestamp) -> io::Result<()> {
        let Some(since) = hours.values().flatten().map(|hour: &Hour| hour.at).min() else { return Ok(()) };
        let frames = encode(hours);
        let segments = self.folder.segments(HOURS)?;
        let gone = outgrown(&segments, 0, frames.len() as u64, self.hours, now);
        for segment in segments.iter().take(gone) {
            fs::remove_file(self.folder.file(segment, HOURS))?;
        }
        self.append_to_ring(HOURS, self.hours, since, &frames).map(drop)
    }

    /// To the newest file, or to a new one where that is full; which it is.
    fn append_to_ring(
        &self,
        kind: &str,
        bound: Bound,
        since: Timestamp,
        frames: &[u8],
    ) -> io::Result<PathBuf> {
        let newest = self.folder.segments(kind)?.pop();
        let full = (bound.bytes / FILES).min(FILE_BYTES);
        let into = match newest {
            Some(newest) if newest.bytes + frames.len() as u64 <= full => newest,
            _ => Segment { number: newest.map_or(1, |newest| newest.number + 1), since, bytes: 0 },
        };
        let file = self.folder.file(&into, kind);
        append(&file, frames).map(|()| file)
    }

    pub(super) fn give_up(&self) -> u64 {
        let segments = self.folder.segments(FINE).unwrap_or_default();
        let older = segments.iter().take(segments.len().div_ceil(2));
        let gone = older.filter(|segment| fs::remove_file(self.folder.file(segment, FINE)).is_ok());
        gone.map(|segment| segment.bytes).sum()
    }
}

/// Whole or not at all: what a full disk took a part of is cut off again.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).mode(0o640).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(bytes);
    if written.is_err() {
        file.set_len(before)?;
    }
    written
}
