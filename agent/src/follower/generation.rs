//! One file that has, or had, the log's name: an open handle, what it is, and how far it is read.
//!
//! Reading is by position, so a handle is never shared state. Every piece is checked after it was read: if the
//! file no longer begins as it did, the piece is thrown away and the file was rewritten in place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::{FileId, Fingerprint, age_key};
use super::lines::Splitter;

/// Bytes of one read.
const PIECE_BYTES: usize = 256 * 1024;
/// How far back the end of the last complete line is looked for when a log is enrolled at its end.
const LAST_LINE_BYTES: u64 = 64 * 1024;

/// How far one file is read, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub id: FileId,
    pub fingerprint: Fingerprint,
    /// Nanoseconds since 1970; orders the generations.
    pub age: i64,
    /// The byte after the last complete line that was taken in.
    pub offset: u64,
    /// Nothing was left to read when this was stored.
    pub at_end: bool,
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Nothing more is there now.
    End,
    /// The budget is used up.
    Budget,
    /// The file is shorter, or begins otherwise, than what was read of it.
    Rewritten,
}

/// An open generation of a log.
#[derive(Debug)]
pub(crate) struct Generation {
    file: File,
    id: FileId,
    age: i64,
    fingerprint: Fingerprint,
    pub(crate) splitter: Splitter,
    /// The largest size seen; what is above [`Splitter::read_end`] when a file is rewritten was lost.
    seen_size: u64,
    at_end: bool,
    /// Boot milliseconds of the last growth.
    pub(crate) grew_at: u64,
    /// A copy that nobody writes to: it is done at its end.
    pub(crate) is_copy: bool,
}

impl Generation {
    /// Takes `file` from byte `offset`, the start of a line.
    pub(crate) fn from(file: File, offset: u64, now_ms: u64) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            id: FileId::of(&metadata),
            age: age_key(&metadata),
            fingerprint: Fingerprint::of(&file)?,
            splitter: Splitter::at(offset),
            seen_size: metadata.len().max(offset),
            at_end: false,
            grew_at: now_ms,
            is_copy: false,
            file,
        })
    }

    /// Takes `file` from the end of its last complete line: what was there before is not ours to judge.
    pub(crate) fn from_end(file: File, now_ms: u64) -> io::Result<Self> {
        let size = file.metadata()?.len();
        let start = size.saturating_sub(LAST_LINE_BYTES);
        let mut tail = vec![0; usize::try_from(size - start).unwrap_or(0)];
        let read = file.read_at(&mut tail, start)?;
        tail.truncate(read);
        let offset = match tail.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => start + newline as u64 + 1,
            None if start == 0 => 0,
            None => size,
        };
        Self::from(file, offset, now_ms)
    }

    pub(crate) fn id(&self) -> &FileId {
        &self.id
    }

    pub(crate) fn age(&self) -> i64 {
        self.age
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(crate) fn position(&self) -> Position {
        Position {
            id: self.id,
            fingerprint: self.fingerprint.clone(),
            age: self.age,
            offset: self.splitter.line_end(),
            at_end: self.at_end && self.splitter.line_end() == self.splitter.read_end(),
        }
    }

    /// Bytes that were there and are gone unread; meaningful after [`Reached::Rewritten`].
    pub(crate) fn unread_bytes(&self) -> u64 {
        self.seen_size.saturating_sub(self.splitter.read_end())
    }

    /// Whether all that was there at the last read is read.
    pub(crate) fn at_end(&self) -> bool {
        self.at_end
    }

    /// Reads on, at most `budget` bytes, and hands out the complete lines, in blocks.
    pub(crate) fn read(
        &mut self,
        budget: &mut usize,
        now_ms: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Reached> {
        let mut piece = Vec::new();
        loop {
            let from = self.splitter.read_end();
            let size = self.file.metadata()?.len();
            if size < from {
                return Ok(Reached::Rewritten);
            }
            self.seen_size = self.seen_size.max(size);
            self.at_end = size == from;
            if self.at_end {
                // A file that was emptied and has grown to the very same size is not at its end.
                return Ok(if self.fingerprint.follow(&self.file)? {
                    Reached::End
                } else {
                    Reached::Rewritten
                });
            }
            if *budget == 0 {
                return Ok(Reached::Budget);
            }
            piece
                .resize(PIECE_BYTES.min(*budget).min(usize::try_from(size - from).unwrap_or(PIECE_BYTES)), 0);
            let read = self.file.read_at(&mut piece, from)?;
            if !self.fingerprint.follow(&self.file)? {
                return Ok(Reached::Rewritten);
            }
            if read == 0 {
                return Ok(Reached::End);
            }
            *budget = budget.saturating_sub(read);
            self.grew_at = now_ms;
            self.splitter.feed(piece.get(..read).unwrap_or_default(), each);
        }
    }

    /// Starts again at the first byte of a file that was rewritten in place.
    pub(crate) fn restart(&mut self, now_ms: u64) -> io::Result<()> {
        self.fingerprint = Fingerprint::of(&self.file)?;
        self.splitter = Splitter::at(0);
        self.seen_size = 0;
        self.at_end = false;
        self.grew_at = now_ms;
        Ok(())
    }
}

/// Opens the regular file at `path`; a FIFO or device of that name is refused without waiting for it.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    File::open(path)
}
