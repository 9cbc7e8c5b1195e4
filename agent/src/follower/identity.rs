//! Which file this is: device, inode, birth time, and a fingerprint of its first bytes.
//!
//! A name is only an address: rotation gives it to another file. An inode number is used again after a file is
//! deleted, so the birth time stands beside it where the filesystem keeps one, and the fingerprint decides when
//! a copy (copytruncate, a restored backup) has to be told from its original.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A fingerprint covers at most this many bytes from the start of the file.
pub(crate) const FINGERPRINT_BYTES: usize = 1024;

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
    FileId::of(metadata).born.unwrap_or_else(|| {
        metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
    })
}

/// SHA-256 (its first 64 bits) of the first `length` bytes of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub length: usize,
    pub hash: String,
}

impl Fingerprint {
    /// Reads it from the start of `file`; an empty file has the empty fingerprint, which fits every file.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::over(&head(file)?))
    }

    /// Whether `file` still begins with the bytes this was taken of.
    pub(crate) fn fits(&self, file: &File) -> io::Result<bool> {
        Ok(self.fits_head(&head(file)?))
    }

    /// Checks that `file` still begins the same and takes in what was appended to its first bytes since. False
    /// means that the file was rewritten; the fingerprint is then left as it was.
    pub(crate) fn follow(&mut self, file: &File) -> io::Result<bool> {
        let head = head(file)?;
        if !self.fits_head(&head) {
            return Ok(false);
        }
        if head.len() > self.length {
            *self = Self::over(&head);
        }
        Ok(true)
    }

    fn fits_head(&self, head: &[u8]) -> bool {
        head.get(..self.length).is_some_and(|start| Self::over(start).hash == self.hash || self.length == 0)
    }

    fn over(head: &[u8]) -> Self {
        let digest = Sha256::digest(head);
        Self { length: head.len(), hash: hex::encode(digest.get(..8).unwrap_or_default()) }
    }
}

fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; FINGERPRINT_BYTES];
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn a_fingerprint_grows_with_the_file_and_notices_a_rewrite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one\n").unwrap();
        let file = File::open(&path).unwrap();
        let mut fingerprint = Fingerprint::of(&file).unwrap();
        assert_eq!(fingerprint.length, 4);

        let mut writer = File::options().append(true).open(&path).unwrap();
        writer.write_all(&[b'x'; 5000]).unwrap();
        assert!(fingerprint.follow(&file).unwrap());
        assert_eq!(fingerprint.length, FINGERPRINT_BYTES);

        fs::write(&path, "two\n").unwrap();
        assert!(!fingerprint.follow(&file).unwrap());
        assert!(!fingerprint.fits(&file).unwrap());
        assert!(Fingerprint::default().fits(&file).unwrap(), "nothing is known of an empty file");
    }

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
