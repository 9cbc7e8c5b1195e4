//! Lines of a block of bytes, as all rules see them.
//!
//! A block is whole lines, each with its end. Bytes are bytes: invalid UTF-8 passes; NULs at a line's start are left out, since
//! a file that was emptied under its writer begins with them; what is longer than the bound is cut.

/// The first bytes of a longer line are all that is matched.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// More than any writer counts before it says so.
const MOST_TIMES: u64 = 100_000;

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

/// For how many lines this one stands: rsyslog and syslog-ng may write `sshd[1]: message repeated 30 times: [ ... ]` for those that
/// were the same. It stands first behind the program: further on it is others' text.
pub(super) fn times(line: &[u8]) -> u64 {
    const SAID: &[u8] = b": message repeated ";
    let count = || {
        // Asked of every match: a search for two bytes takes longer to prepare than a few for one.
        let mut colons = memchr::memchr_iter(b':', line);
        let head = colons.find(|colon| line.get(colon + 1) == Some(&b' '))?;
        let rest = line.get(head..)?.strip_prefix(SAID)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = rest.split_at_checked(end)?;
        rest.starts_with(b" times: [").then_some(())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    count().unwrap_or(1).clamp(1, MOST_TIMES)
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

    #[test]
    fn a_line_that_stands_for_several_says_so_behind_its_program_alone() {
        for (line, said) in [
            (
                "Nov 25 10:00:01 h sshd[7]: message repeated 30 times: [ Failed password for root from a port 1 ssh2]",
                30,
            ),
            ("sshd[7]: message repeated 2 times: [ x]", 2),
            ("sshd[7]: message repeated 99999999 times: [ x]", MOST_TIMES),
            ("sshd[7]: message repeated 99999999999999999999999 times: [ x]", 1),
            ("sshd[7]: message repeated times: [ x]", 1),
            ("sshd[7]: Failed password for : message repeated 9 times: [ from a port 1 ssh2", 1),
            ("message repeated 9 times: [ x]", 1),
            ("", 1),
        ] {
            assert_eq!(times(line.as_bytes()), said, "{line}");
        }
    }
}
