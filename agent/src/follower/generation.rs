//! One file that has, or had, the log's name: its text, what it is, and how far it is read.
//!
//! A plain file is read by position, so a handle is never shared state. Every piece is checked after it was read: if what
//! lies before it is not what was read there, the piece is thrown away and the file was rewritten in place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::FileId;
use super::lines::Splitter;
use super::mark::{HEAD_BYTES, Mark, Recent};
use super::siblings::Sibling;
use super::text::{Text, before};

/// Bytes of one read.
const PIECE_BYTES: usize = 256 * 1024;
/// How far back the end of the last complete line is looked for when a log is enrolled at its end.
const LAST_LINE_BYTES: u64 = 64 * 1024;

/// How far one file is read, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) id: FileId,
    /// The byte after the last complete line that was taken in.
    #[serde(flatten)]
    pub(crate) mark: Mark,
    /// Nanoseconds since 1970; orders the generations.
    pub(crate) age: i64,
    /// Nothing was left to read when this was stored.
    pub(crate) at_end: bool,
}

/// What a read came to.
#[derive(Debug)]
pub(crate) enum Reached {
    /// Nothing more is there now.
    End,
    /// The budget is used up.
    Budget,
    /// The file is shorter, or holds other text, than what was read of it.
    Rewritten,
    /// A compressed file that cannot be read to its end, said once.
    Damaged(io::Error),
}

/// An open generation of a log.
#[derive(Debug)]
pub(crate) struct Generation {
    text: Text,
    id: FileId,
    age: i64,
    head: Vec<u8>,
    recent: Recent,
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
    /// Takes a text from its start.
    pub(crate) fn whole(text: Text, file: &Sibling, now_ms: u64) -> io::Result<Self> {
        Self::from(text, file, 0, &[], now_ms)
    }

    /// Takes a text from the place of `mark`; `None` where it is another text.
    pub(crate) fn at(mut text: Text, file: &Sibling, mark: &Mark, now_ms: u64) -> io::Result<Option<Self>> {
        let found = text.find(mark)?;
        found.map(|before| Self::from(text, file, mark.offset, &before, now_ms)).transpose()
    }

    /// Takes a plain file from the end of its last complete line: what was there before is not ours to judge.
    pub(crate) fn from_end(file: File, about: &Sibling, now_ms: u64) -> io::Result<Self> {
        let size = file.metadata()?.len();
        let start = size.saturating_sub(LAST_LINE_BYTES);
        let tail = before(&file, size, usize::try_from(size - start).unwrap_or(0))?;
        let offset = match tail.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => start + newline as u64 + 1,
            None if start == 0 => 0,
            None => size,
        };
        let mut text = Text::Plain(file);
        let before = text.go(offset)?;
        Self::from(text, about, offset, &before, now_ms)
    }

    fn from(text: Text, file: &Sibling, offset: u64, before: &[u8], now_ms: u64) -> io::Result<Self> {
        Ok(Self {
            id: file.id,
            age: file.age,
            head: text.head()?,
            recent: Recent::at(before),
            splitter: Splitter::at(offset),
            seen_size: offset,
            at_end: false,
            grew_at: now_ms,
            is_copy: matches!(text, Text::Packed(_)),
            text,
        })
    }

    pub(crate) const fn id(&self) -> &FileId {
        &self.id
    }

    pub(crate) const fn age(&self) -> i64 {
        self.age
    }

    /// The end of the last complete line.
    pub(crate) fn mark(&self) -> Mark {
        Mark::of(&self.head, self.splitter.line_end(), self.recent.lines())
    }

    pub(crate) fn position(&self) -> Position {
        Position {
            id: self.id,
            mark: self.mark(),
            age: self.age,
            at_end: self.at_end && self.splitter.line_end() == self.splitter.read_end(),
        }
    }

    /// Whether `other`, which begins with `head`, may be a copy of this text that has not got what was read of it yet.
    pub(crate) fn is_being_copied_to(&self, other: &Text, head: &[u8]) -> io::Result<bool> {
        let known = self.splitter.line_end().max(self.head.len() as u64);
        Ok(self.head.starts_with(head) && other.is_shorter(known)?)
    }

    /// Bytes that were there and are gone unread; meaningful after [`Reached::Rewritten`].
    pub(crate) fn unread_bytes(&self) -> u64 {
        self.seen_size.saturating_sub(self.splitter.read_end())
    }

    /// Whether all that was there at the last read is read.
    pub(crate) const fn at_end(&self) -> bool {
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
            if let Some(reached) = self.next(PIECE_BYTES.min(*budget), &mut piece)? {
                return Ok(reached);
            }
            *budget = budget.saturating_sub(piece.len());
            self.grew_at = now_ms;
            let from = self.splitter.read_end();
            self.splitter.feed(&piece, each);
            let ended = self.splitter.line_end().saturating_sub(from);
            self.recent.take(&piece, usize::try_from(ended).unwrap_or(piece.len()));
        }
    }

    /// The next piece of at most `room` bytes, or why there is none.
    fn next(&mut self, room: usize, piece: &mut Vec<u8>) -> io::Result<Option<Reached>> {
        let from = self.splitter.read_end();
        let file = match &mut self.text {
            Text::Plain(file) => file,
            Text::Packed(_) if self.at_end => return Ok(Some(Reached::End)),
            Text::Packed(_) if room == 0 => return Ok(Some(Reached::Budget)),
            Text::Packed(packed) => {
                piece.resize(room, 0);
                let read = packed.read(piece);
                piece.truncate(*read.as_ref().unwrap_or(&0));
                self.at_end = piece.is_empty();
                return Ok(match read {
                    Ok(0) => Some(Reached::End),
                    Ok(_) => None,
                    Err(fault) => Some(Reached::Damaged(fault)),
                });
            }
        };
        let size = file.metadata()?.len();
        if size < from {
            return Ok(Some(Reached::Rewritten));
        }
        self.seen_size = self.seen_size.max(size);
        self.at_end = size == from;
        if room == 0 && !self.at_end {
            return Ok(Some(Reached::Budget));
        }
        piece.resize(room.min(usize::try_from(size - from).unwrap_or(room)), 0);
        let read = file.read_at(piece, from)?;
        piece.truncate(read);
        // A file that was emptied and has grown to the very same size is not at its end.
        Ok(match self.holds(piece)? {
            false => Some(Reached::Rewritten),
            true => piece.is_empty().then_some(Reached::End),
        })
    }

    /// Whether what was read still lies there; takes in what was appended to the first bytes since.
    pub(crate) fn is_unchanged(&mut self) -> io::Result<bool> {
        self.holds(&[])
    }

    /// The same, of what was read and of `piece`, which was read behind it just now: all of it was there together.
    fn holds(&mut self, piece: &[u8]) -> io::Result<bool> {
        let Text::Plain(file) = &self.text else { return Ok(true) };
        let (read, from) = (self.recent.read(), self.splitter.read_end());
        if before(file, from, read.len())? != read {
            return Ok(false);
        }
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        if self.head.len() < HEAD_BYTES || from < HEAD_BYTES {
            let head = self.text.head()?;
            let room = HEAD_BYTES.saturating_sub(from).min(piece.len());
            let in_head = head.get(from..).and_then(|rest| rest.get(..room)).unwrap_or_default();
            if !head.starts_with(&self.head) || in_head != piece.get(..room).unwrap_or_default() {
                return Ok(false);
            }
            self.head = head;
        }
        Ok(true)
    }

    /// Starts again at the first byte of a file that was rewritten in place.
    pub(crate) fn restart(&mut self, now_ms: u64) -> io::Result<()> {
        self.head = self.text.head()?;
        self.recent = Recent::default();
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
