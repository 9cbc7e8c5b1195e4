//! Which file this is: device, inode and birth time.
//!
//! A name is only an address: rotation gives it to another file. An inode number is used again after a file is
//! deleted, so the birth time stands beside it where the filesystem keeps one. What the file holds is told by a
//! [`super::mark::Mark`].

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// A file on this host, as long as it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileId {
    pub device: u64,
    pub inode: u64,
    /// Birth, nanoseconds since 1970, where the filesystem keeps it.
    pub born: Option<i64>,
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|instant| instant.duration_since(UNIX_EPOCH).ok());
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: born.and_then(|age| i64::try_from(age.as_nanos()).ok()),
        }
    }

    /// The same file, as far as what is known of both can tell.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.device == other.device
            && self.inode == other.inode
            && (self.born == other.born || self.born.is_none() || other.born.is_none())
    }
}

/// When a file came to be: birth, or its last change where births are not kept. Orders generations of a log.
pub(crate) fn age_key(metadata: &Metadata) -> i64 {
    FileId::of(metadata).born.unwrap_or_else(|| modified(metadata))
}

/// When its content changed last: nanoseconds since 1970 by the clock of its filesystem.
pub(crate) fn modified(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_renamed_file_stays_itself_and_its_successor_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one\n").unwrap();
        let first = FileId::of(&fs::metadata(&path).unwrap());
        fs::rename(&path, folder.path().join("log.1")).unwrap();
        fs::write(&path, "one\n").unwrap();
        assert!(first.is(&FileId::of(&fs::metadata(folder.path().join("log.1")).unwrap())));
        assert!(!first.is(&FileId::of(&fs::metadata(&path).unwrap())));
    }
}
