//! Bytes in, blocks of whole lines out.
//!
//! A line counts when its end is there; until then it is held, up to the bound of what is matched of a line. What is longer is
//! cut to that, and still counts as one line at its end, so that reading again from the end of the last complete line gives
//! the same lines. Lines that are whole as they come are handed on together: nobody copies them.

use memchr::{memchr, memrchr};
use nearmiss_agent_core::log::MAX_LINE_BYTES;

/// One more byte than is matched, so that a line which is longer is seen to be.
const HELD_BYTES: usize = MAX_LINE_BYTES + 1;

/// Cuts a growing file into lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    line_end: u64,
    pending: u64,
    held: Vec<u8>,
}

impl Splitter {
    /// Starts at byte `offset`, which is the start of a line.
    pub(crate) fn at(offset: u64) -> Self {
        Self { line_end: offset, pending: 0, held: Vec::new() }
    }

    /// The byte after the last complete line: where reading starts again after a crash.
    pub(crate) fn line_end(&self) -> u64 {
        self.line_end
    }

    /// The byte after the last one taken in.
    pub(crate) fn read_end(&self) -> u64 {
        self.line_end.saturating_add(self.pending)
    }

    /// Takes in the bytes at [`Self::read_end`] and hands out the lines that they end, in blocks: whole lines, each with
    /// its end.
    pub(crate) fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        let Some(last) = memrchr(b'\n', bytes) else { return self.hold(bytes) };
        let (mut block, rest) = bytes.split_at(last + 1);
        if self.pending > 0 {
            let first = memchr(b'\n', block).map_or(block.len(), |end| end + 1);
            let (end, after) = block.split_at(first);
            self.hold(end.strip_suffix(b"\n").unwrap_or(end));
            self.pending += 1;
            self.end_held(each);
            block = after;
        }
        if !block.is_empty() {
            self.line_end += block.len() as u64;
            each(block);
        }
        self.hold(rest);
    }

    /// The file will not grow: what is held is its last line.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        if self.pending > 0 {
            self.end_held(each);
        }
    }

    fn end_held(&mut self, each: &mut dyn FnMut(&[u8])) {
        self.held.push(b'\n');
        each(&self.held);
        // What one long line needed is not kept for all that are short.
        self.held = Vec::new();
        self.line_end += self.pending;
        self.pending = 0;
    }

    /// NULs at the start are no part of a line: a file that was emptied under its writer may begin with gigabytes of them.
    fn hold(&mut self, piece: &[u8]) {
        self.pending += piece.len() as u64;
        let piece = if self.held.is_empty() {
            let start = piece.iter().position(|byte| *byte != 0).unwrap_or(piece.len());
            piece.get(start..).unwrap_or_default()
        } else {
            piece
        };
        let room = HELD_BYTES.saturating_sub(self.held.len()).min(piece.len());
        self.held.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_agent_core::log;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Splitter) {
        let mut splitter = Splitter::at(100);
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.feed(piece, &mut |block| lines.extend(log::lines(block).map(<[u8]>::to_vec)));
        }
        (lines, splitter)
    }

    #[test]
    fn a_line_counts_when_its_end_is_there() {
        let (got, splitter) = lines(&[b"one\ntw", b"", b"o\r\nthr"]);
        assert_eq!(got, [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!((splitter.line_end(), splitter.read_end()), (109, 112));
    }

    #[test]
    fn every_cut_into_pieces_gives_the_same_lines() {
        let text: &[u8] = b"\0\0a\xff\n\nlast\n\0\0\0b\n";
        let (whole, end) = lines(&[text]);
        assert_eq!(whole, [b"a\xff".to_vec(), b"".to_vec(), b"last".to_vec(), b"b".to_vec()]);
        for cut in 0..text.len() {
            let (first, second) = text.split_at(cut);
            let (got, splitter) = lines(&[first, second]);
            assert_eq!(got, whole, "cut at {cut}");
            assert_eq!(splitter.line_end(), end.line_end());
        }
    }

    #[test]
    fn lines_that_come_whole_come_together() {
        let mut blocks = Vec::new();
        let mut splitter = Splitter::at(0);
        for piece in [&b"one\ntwo\nthr"[..], b"ee\nfour\n", b"five\n"] {
            splitter.feed(piece, &mut |block| blocks.push(block.to_vec()));
        }
        assert_eq!(blocks, [&b"one\ntwo\n"[..], b"three\n", b"four\n", b"five\n"]);
    }

    #[test]
    fn a_longer_line_is_cut_and_one() {
        let long = vec![b'x'; MAX_LINE_BYTES * 3];
        let (got, splitter) = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE_BYTES, 4]);
        assert_eq!(splitter.line_end(), 100 + 6 * MAX_LINE_BYTES as u64 + 6);
        assert!(splitter.held.is_empty());
    }

    #[test]
    fn a_file_that_ends_without_a_newline_ends_with_a_line() {
        let (mut got, mut splitter) = lines(&[b"one\ntwo"]);
        for _ in 0..2 {
            splitter.finish(&mut |block| got.extend(log::lines(block).map(<[u8]>::to_vec)));
        }
        assert_eq!(got, [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(splitter.line_end(), 107);
    }
}
