//! Lines of a block of bytes, as all rules see them.
//!
//! A block is whole lines, each with its end. Bytes are bytes: invalid UTF-8 passes; NULs at a line's start are left out, since
//! a file that was emptied under its writer begins with them; what is longer than the bound is cut.

/// The first bytes of a longer line are all that is matched.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// A line without its end.
pub(super) fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
    let line = line.get(start..).unwrap_or_default();
    let line = line.get(..MAX_LINE_BYTES).unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Every line of `block`.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split_inclusive(|byte| *byte == b'\n').map(trimmed)
}

/// How many lines there are, and how many of them are cut.
pub(super) fn count(block: &[u8]) -> (u64, u64) {
    let ends = memchr::memchr_iter(b'\n', block);
    // A line that is too long has the whole of one of these pieces without an end.
    let may_be_long = block.chunks(MAX_LINE_BYTES / 2).any(|piece| memchr::memchr(b'\n', piece).is_none());
    if !may_be_long {
        return (ends.count() as u64, 0);
    }
    let (mut lines, mut cut, mut start) = (0, 0, 0);
    for end in ends {
        lines += 1;
        cut += u64::from(end - start > MAX_LINE_BYTES);
        start = end + 1;
    }
    (lines, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_their_ends_and_at_the_bound() {
        let long = [b"x".repeat(MAX_LINE_BYTES + 7), b"\n".to_vec()].concat();
        let block = [&b"\0\0one\r\n\n"[..], &long, b"two\n"].concat();
        let lengths: Vec<usize> = lines(&block).map(<[u8]>::len).collect();
        assert_eq!(lengths, [3, 0, MAX_LINE_BYTES, 3]);
        assert_eq!(lines(&block).next(), Some(&b"one"[..]));
        assert_eq!(count(&block), (4, 1));
    }
}
