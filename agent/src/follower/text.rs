//! The bytes of one generation of a log: a plain file, read at any place, or a compressed one, read once from its start.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use super::mark::{BEFORE_BYTES, HEAD_BYTES, Mark};
use crate::unpack;

const PIECE_BYTES: usize = 64 * 1024;

/// What is read of a generation.
#[derive(Debug)]
pub(crate) enum Text {
    Plain(File),
    Packed(Packed),
}

/// A compressed text.
pub(crate) struct Packed {
    text: Box<dyn Read + Send>,
    head: Vec<u8>,
    /// Bytes of the text that were given out.
    at: u64,
}

impl Text {
    /// # Errors
    /// It cannot be read; what is compressed otherwise than [`unpack`] knows is taken for a plain text.
    pub(crate) fn open(file: File, packed: bool) -> io::Result<Self> {
        Ok(if packed { Self::Packed(Packed::open(file)?) } else { Self::Plain(file) })
    }

    /// Its first bytes, at most [`HEAD_BYTES`].
    pub(crate) fn head(&self) -> io::Result<Vec<u8>> {
        match self {
            // In one read: what was appended after the file was emptied in between would be another text's.
            Self::Plain(file) => once(file, 0, HEAD_BYTES),
            Self::Packed(packed) => Ok(packed.head.clone()),
        }
    }

    /// Goes to byte `offset` and gives the bytes before it, at most [`BEFORE_BYTES`]; less where the text is shorter.
    pub(crate) fn go(&mut self, offset: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(file) => before(file, offset, BEFORE_BYTES),
            Self::Packed(packed) => packed.skip(offset),
        }
    }

    /// Goes to the place of `mark` and gives the bytes before it; `None` where this is another text.
    pub(crate) fn find(&mut self, mark: &Mark) -> io::Result<Option<Vec<u8>>> {
        if !mark.fits_head(&self.head()?) || self.is_shorter(mark.offset)? {
            return Ok(None);
        }
        let before = self.go(mark.offset)?;
        let is_there = before.len() as u64 == mark.offset.min(BEFORE_BYTES as u64);
        Ok((is_there && mark.fits_before(&before)).then_some(before))
    }

    /// Of a compressed text it is not known.
    pub(crate) fn is_shorter(&self, offset: u64) -> io::Result<bool> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len() < offset),
            Self::Packed(_) => Ok(false),
        }
    }
}

impl Packed {
    fn open(file: File) -> io::Result<Self> {
        let mut text = unpack::text(BufReader::with_capacity(PIECE_BYTES, file))?;
        let mut head = Vec::new();
        text.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        Ok(Self { text, head, at: 0 })
    }

    /// The next bytes; 0 at the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(self.at).unwrap_or(usize::MAX);
        let read = match self.head.get(start..).filter(|left| !left.is_empty()) {
            Some(mut left) => left.read(into)?,
            None => self.text.read(into)?,
        };
        self.at += read as u64;
        Ok(read)
    }

    fn skip(&mut self, offset: u64) -> io::Result<Vec<u8>> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut last = super::mark::Recent::default();
        while self.at < offset {
            let room = usize::try_from(offset - self.at).unwrap_or(usize::MAX).min(piece.len());
            match self.read(piece.get_mut(..room).unwrap_or_default()) {
                Ok(0) => break,
                Ok(read) => last.take(piece.get(..read).unwrap_or_default(), 0),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(if self.at == offset { last.read().to_vec() } else { Vec::new() })
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Packed").field("at", &self.at).finish_non_exhaustive()
    }
}

/// The bytes before `offset`, at most `most`.
pub(crate) fn before(file: &File, offset: u64, most: usize) -> io::Result<Vec<u8>> {
    let start = offset.saturating_sub(most as u64);
    once(file, start, usize::try_from(offset - start).unwrap_or(most))
}

/// The bytes from `start` on, as many as one read gives of `length`.
fn once(file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = loop {
        match file.read_at(&mut bytes, start) {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    bytes.truncate(read);
    Ok(bytes)
}
