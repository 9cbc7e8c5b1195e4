//! How far a text was read, told by the text itself: its first bytes, and the last ones that were read of it.
//!
//! A name goes to other files and an inode is used again. A text is the same text wherever it lies: renamed, copied before
//! its file was emptied, or compressed. Its beginning alone does not tell it, since a program may begin every log alike.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text's beginning is known by at most this many bytes.
pub(crate) const HEAD_BYTES: usize = 1024;
/// Bytes before the place that was reached, by which it is known.
pub(crate) const BEFORE_BYTES: usize = 256;

/// SHA-256 (its first 64 bits) of some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) length: usize,
    hash: String,
}

impl Fingerprint {
    pub(crate) fn over(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self { length: bytes.len(), hash: hex::encode(digest.get(..8).unwrap_or_default()) }
    }

    /// Of no bytes nothing is known: that fits anything.
    fn fits_start(&self, bytes: &[u8]) -> bool {
        self.length == 0 || bytes.get(..self.length).is_some_and(|start| Self::over(start) == *self)
    }

    fn fits_end(&self, bytes: &[u8]) -> bool {
        let start = bytes.len().checked_sub(self.length);
        self.length == 0
            || start.and_then(|start| bytes.get(start..)).is_some_and(|end| Self::over(end) == *self)
    }
}

/// A place in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The text's first bytes, at most [`HEAD_BYTES`], as they were when the place was reached.
    #[serde(rename = "fingerprint")]
    pub(crate) head: Fingerprint,
    /// Bytes of the text before the place.
    pub(crate) offset: u64,
    /// The last of them, at most [`BEFORE_BYTES`].
    #[serde(default)]
    pub(crate) before: Fingerprint,
}

impl Mark {
    pub(crate) fn of(head: &[u8], offset: u64, before: &[u8]) -> Self {
        Self { head: Fingerprint::over(head), offset, before: Fingerprint::over(before) }
    }

    /// Whether a text is known by it at all.
    pub(crate) const fn tells(&self) -> bool {
        self.head.length > 0
    }

    pub(crate) fn fits_head(&self, head: &[u8]) -> bool {
        self.head.fits_start(head)
    }

    /// Whether the bytes that lie before the place in some text are those that were read.
    pub(crate) fn fits_before(&self, before: &[u8]) -> bool {
        self.before.fits_end(before)
    }
}

/// The last bytes that were read of a text, and the last before the end of its last whole line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    read: Vec<u8>,
    lines: Vec<u8>,
}

impl Recent {
    /// At the start of a line, with what lies before it.
    pub(crate) fn at(before: &[u8]) -> Self {
        let before = end(before).to_vec();
        Self { read: before.clone(), lines: before }
    }

    /// Takes in what was read next; `ended` of its bytes, if any, are before the end of a line.
    pub(crate) fn take(&mut self, piece: &[u8], ended: usize) {
        if ended > 0 {
            self.lines = joined(&self.read, piece.get(..ended).unwrap_or_default());
        }
        self.read = joined(&self.read, piece);
    }

    pub(crate) fn read(&self) -> &[u8] {
        &self.read
    }

    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }
}

fn end(bytes: &[u8]) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(BEFORE_BYTES)..).unwrap_or_default()
}

fn joined(before: &[u8], piece: &[u8]) -> Vec<u8> {
    let room = BEFORE_BYTES.saturating_sub(piece.len());
    let kept = before.get(before.len().saturating_sub(room)..).unwrap_or_default();
    [kept, end(piece)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_texts_that_begin_alike_apart() {
        let mark = Mark::of(b"banner\n", 12, b"banner\none\n\n");
        assert!(mark.tells() && mark.fits_head(b"banner\none\n\ntwo\n") && !mark.fits_head(b"other"));
        assert!(mark.fits_before(b"banner\none\n\n") && !mark.fits_before(b"banner\ntwo\n\n"));
        assert!(!mark.fits_before(b"one"), "shorter than what was read");
        assert!(
            Mark::default().fits_head(b"x") && Mark::default().fits_before(b"") && !Mark::default().tells()
        );
    }

    #[test]
    fn the_last_bytes_are_kept_however_they_come() {
        let text: Vec<u8> = (0..700_u32).map(|number| number.to_le_bytes()[0]).collect();
        for size in [1, 7, 255, 256, 257, 700] {
            let mut recent = Recent::default();
            for piece in text.chunks(size) {
                recent.take(piece, piece.len() / 2);
            }
            assert_eq!(recent.read(), &text[700 - BEFORE_BYTES..], "{size}");
        }
        let mut recent = Recent::at(b"before\n");
        recent.take(b"hal", 0);
        assert_eq!((recent.lines(), recent.read()), (&b"before\n"[..], &b"before\nhal"[..]));
        recent.take(b"f\nnext", 2);
        assert_eq!((recent.lines(), recent.read()), (&b"before\nhalf\n"[..], &b"before\nhalf\nnext"[..]));
    }
}
