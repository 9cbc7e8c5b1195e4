//! Bytes in, whole lines out.
//!
//! A line counts when its end is there; until then it is held, up to [`MAX_LINE_BYTES`]. What is longer is cut
//! to that and counted, and still counts as one line at its end, so that reading again from the end of the last
//! complete line gives the same lines. Bytes are bytes: invalid UTF-8 passes, runs of NUL are left out.

use std::io::BufRead;

/// The first bytes of a longer line are all that is matched.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;

/// Cuts a growing file into lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    line_end: u64,
    pending: u64,
    held: Vec<u8>,
    cut_lines: u64,
}

impl Splitter {
    /// Starts at byte `offset`, which is the start of a line.
    pub(crate) fn at(offset: u64) -> Self {
        Self { line_end: offset, pending: 0, held: Vec::new(), cut_lines: 0 }
    }

    /// The byte after the last complete line: where reading starts again after a crash.
    pub(crate) fn line_end(&self) -> u64 {
        self.line_end
    }

    /// The byte after the last one taken in.
    pub(crate) fn read_end(&self) -> u64 {
        self.line_end.saturating_add(self.pending)
    }

    /// Lines that were longer than the bound, since the last call.
    pub(crate) fn take_cut_lines(&mut self) -> u64 {
        std::mem::take(&mut self.cut_lines)
    }

    /// Takes in the bytes at [`Self::read_end`] and hands out each line that they end.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while !bytes.is_empty() {
            let mut rest = bytes;
            let length = rest.skip_until(b'\n').unwrap_or(bytes.len());
            let (piece, after) = bytes.split_at(length);
            bytes = after;
            match piece.strip_suffix(b"\n") {
                Some(end) => self.end_line(end, length, each),
                None => self.hold(piece),
            }
        }
    }

    /// The file will not grow: what is held is its last line.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        if self.pending > 0 {
            self.end_line(b"", 0, each);
        }
    }

    fn end_line(&mut self, end: &[u8], length: usize, each: &mut dyn FnMut(&[u8])) {
        if self.pending == 0 {
            self.emit(end, each);
        } else {
            self.hold(end);
            let held = std::mem::take(&mut self.held);
            self.emit(&held, each);
            self.pending -= end.len() as u64;
        }
        self.line_end += self.pending + length as u64;
        self.pending = 0;
    }

    fn emit(&mut self, line: &[u8], each: &mut dyn FnMut(&[u8])) {
        let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
        let line = line.get(start..).unwrap_or_default();
        self.cut_lines += u64::from(line.len() > MAX_LINE_BYTES || self.pending > MAX_LINE_BYTES as u64);
        let line = line.get(..MAX_LINE_BYTES).unwrap_or(line);
        each(line.strip_suffix(b"\r").unwrap_or(line));
    }

    fn hold(&mut self, piece: &[u8]) {
        self.pending += piece.len() as u64;
        let piece = if self.held.is_empty() {
            let start = piece.iter().position(|byte| *byte != 0).unwrap_or(piece.len());
            piece.get(start..).unwrap_or_default()
        } else {
            piece
        };
        let room = MAX_LINE_BYTES.saturating_sub(self.held.len()).min(piece.len());
        self.held.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Splitter) {
        let mut splitter = Splitter::at(100);
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.feed(piece, &mut |line| lines.push(line.to_vec()));
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
    fn a_longer_line_is_cut_counted_and_one() {
        let long = vec![b'x'; MAX_LINE_BYTES * 3];
        let (got, mut splitter) = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE_BYTES, 4]);
        assert_eq!(splitter.take_cut_lines(), 1);
        assert_eq!(splitter.line_end(), 100 + 6 * MAX_LINE_BYTES as u64 + 6);

        let whole = [long.as_slice(), b"\n"].concat();
        let (got, mut splitter) = lines(&[&whole]);
        assert_eq!((got.len(), splitter.take_cut_lines()), (1, 1));
    }

    #[test]
    fn a_file_that_ends_without_a_newline_ends_with_a_line() {
        let (mut got, mut splitter) = lines(&[b"one\ntwo"]);
        splitter.finish(&mut |line| got.push(line.to_vec()));
        splitter.finish(&mut |line| got.push(line.to_vec()));
        assert_eq!(got, [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(splitter.line_end(), 107);
    }
}
