//! The folder of the past: its files in order, read whole and bounded.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use nearmiss_agent_core::history::Segment;

/// Single readings, and hours.
pub(super) const FINE: &str = "fine";
pub(super) const HOURS: &str = "hours";
/// No file of ours is larger.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn of(state: &Path) -> Self {
        Self(state.join("history"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(super) fn file(&self, segment: &Segment, kind: &str) -> PathBuf {
        self.0.join(segment.name(kind))
    }

    /// The files of this kind, oldest first; none where there is no folder.
    pub(super) fn segments(&self, kind: &str) -> io::Result<Vec<Segment>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        let segment = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let bytes = entry.metadata().ok()?.len();
            Segment::named(name.to_str()?, kind, bytes)
        };
        let mut segments: Vec<Segment> = entries.flatten().filter_map(segment).collect();
        segments.sort_unstable();
        Ok(segments)
    }

    pub(super) fn journal_bytes(&self) -> u64 {
        fs::metadata(self.journal()).map_or(0, |metadata| metadata.len())
    }
}

/// What is in the file; nothing where it has gone meanwhile.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MOST_BYTES).read_to_end(&mut bytes)?,
        Err(fault) if fault.kind() == ErrorKind::NotFound => 0,
        Err(fault) => return Err(fault),
    };
    Ok(bytes)
}
