//! Recorded files as commands read them: plain or compressed by their first bytes, `-` for standard input, a line at a time.
//!
//! Nothing of a file is held but its current line, which the follower's own splitter bounds. Where a person waits for a
//! large file, standard error says how far it is.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nearmiss_agent_core::log;
use nearmiss_shared::time::Timestamp;

use crate::follower::Splitter;
use crate::output;
use crate::unpack;

const PIECE_BYTES: usize = 256 * 1024;
/// Below this nobody waits.
const WORTH_WAITING: u64 = 32 * 1024 * 1024;

/// Reads `path` to its end and hands out each line; the bytes that were read, decompressed.
///
/// # Errors
/// It cannot be read, or is compressed and not whole; the lines before that were handed out.
pub(super) fn lines(path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let mut bytes = 0;
    blocks(path, &mut bytes, &mut |block| log::lines(block).for_each(&mut *each)).map(|()| bytes)
}

/// The same, in blocks of whole lines; what was read is added to `bytes`.
///
/// # Errors
/// As [`lines`].
pub(super) fn blocks(path: &Path, bytes: &mut u64, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let (mut source, progress) = open(path)?;
    let mut splitter = Splitter::at(0);
    let mut piece = vec![0; PIECE_BYTES];
    let read = loop {
        match source.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                *bytes += length as u64;
                splitter.feed(piece.get(..length).unwrap_or_default(), each);
                progress.tell();
            }
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => break Err(fault),
        }
    };
    splitter.finish(each);
    output::progress("");
    read
}

/// When the file was written last; `None` for standard input.
pub(super) fn modified(path: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    jiff::Timestamp::try_from(modified).ok().map(Timestamp::from)
}

fn open(path: &Path) -> io::Result<(Box<dyn Read + Send>, Progress)> {
    let read = Arc::new(AtomicU64::new(0));
    let name = path.display().to_string();
    let (raw, size): (Box<dyn Read + Send>, u64) = if path == Path::new("-") {
        (Box::new(io::stdin()), 0)
    } else {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        (Box::new(file), size)
    };
    let counted = Counted { inner: raw, read: Arc::clone(&read) };
    let source = unpack::text(BufReader::with_capacity(PIECE_BYTES, counted))?;
    Ok((source, Progress { name, size, read, told: AtomicU64::new(u64::MAX) }))
}

/// Counts what is read of the file itself, compressed or not.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

struct Progress {
    name: String,
    /// 0 where it is not known.
    size: u64,
    read: Arc<AtomicU64>,
    told: AtomicU64,
}

impl Progress {
    fn tell(&self) {
        if self.size < WORTH_WAITING {
            return;
        }
        let percent = self.read.load(Ordering::Relaxed).saturating_mul(100) / self.size;
        if self.told.swap(percent, Ordering::Relaxed) != percent {
            output::progress(&format!("{}: {percent} %", self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(path: &Path) -> (Vec<String>, io::Result<u64>) {
        let mut found = Vec::new();
        let read = lines(path, &mut |line| found.push(String::from_utf8_lossy(line).into_owned()));
        (found, read)
    }

    #[test]
    fn plain_and_compressed_files_give_the_same_lines_and_a_torn_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, packed, torn) =
            (folder.path().join("a.log"), folder.path().join("a.log.2"), folder.path().join("torn.gz"));
        let text = b"one\ntwo\nlast";
        std::fs::write(&plain, text).unwrap();
        // Rotated files are appended to each other: two members are one text.
        let mut bytes = Vec::new();
        for part in [&text[..5], &text[5..]] {
            let mut encoder = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
            encoder.write_all(part).unwrap();
            encoder.finish().unwrap();
        }
        std::fs::write(&packed, &bytes).unwrap();
        std::fs::write(&torn, &bytes[..bytes.len() - 6]).unwrap();
        for path in [&plain, &packed] {
            let (found, read) = read(path);
            assert_eq!(
                (found, read.unwrap()),
                (vec!["one".to_owned(), "two".to_owned(), "last".to_owned()], 12)
            );
        }
        assert!(read(&torn).1.is_err());
        assert!(read(&folder.path().join("none")).1.is_err());
    }
}
