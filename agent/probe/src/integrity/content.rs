//! Reading guarded files: blocking, streamed, within bounds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use nearmiss_agent_core::integrity::{Content, Guard, Kept, MAX_KEPT, Sums, manifest};
use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::Span;
use sha2::{Digest, Sha256};

use crate::files::{Found, Pattern};

/// A file beyond this is not read.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Bytes that one look reads.
const MAX_LOOK: u64 = 512 * 1024 * 1024;
const MAX_MANIFEST: u64 = 1024 * 1024;
/// Read again after this though it looks unchanged: disks rot silently.
const AGAIN: Span = Span::from_days(1);
/// A file that was written to as it was read may change without looking so.
const RACY: Span = Span::from_seconds(2);

/// What was read of each file, by path.
pub(super) type Cache = BTreeMap<String, Cached>;

/// A file's content, and how the file looked then.
#[derive(Clone, Debug)]
pub(super) struct Cached {
    file: Found,
    read: Stamp,
    pub(super) content: Content,
}

/// What one look is about.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) pattern: Pattern,
    pub(super) manifest: Option<String>,
    pub(super) guard: Guard,
    pub(super) cache: Cache,
    pub(super) at: Stamp,
}

/// What one look came to.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) cache: Cache,
    pub(super) sums: Option<Sums>,
    pub(super) fault: Option<String>,
}

/// Finds the files and reads those that look changed.
pub(super) fn look(job: &Job) -> Looked {
    let mut looked = Looked::default();
    let files = match &job.manifest {
        Some(path) => match sums(path) {
            Ok(sums) => {
                let files = sums.keys().filter_map(|path| found(path, &mut looked.fault)).collect();
                looked.sums = Some(sums);
                files
            }
            Err(why) => return Looked { fault: Some(format!("{path}: {why}")), ..Looked::default() },
        },
        None => {
            let walk = job.pattern.walk();
            looked.fault = walk.fault;
            // One more than are kept says that there are too many.
            walk.files.into_iter().take(MAX_KEPT + 1).collect()
        }
    };
    looked.read(job, files);
    looked
}

impl Looked {
    fn read(&mut self, job: &Job, files: Vec<Found>) {
        let (mut left, mut later) = (MAX_LOOK, 0);
        for file in files {
            let path = file.path.display().to_string();
            if let Some(cached) = job.cache.get(&path).filter(|cached| cached.stands_for(&file, job.at)) {
                self.cache.insert(path, cached.clone());
                continue;
            }
            if file.size > MAX_FILE {
                self.fault.get_or_insert(format!("{path} is larger than {} MiB", MAX_FILE / 1024 / 1024));
            } else if file.size > left {
                later += 1;
            } else {
                left -= file.size;
                match content(&file, job.guard.beginning(&path)) {
                    Ok(content) => drop(self.cache.insert(path, Cached { file, read: job.at, content })),
                    Err(fault) => {
                        self.fault.get_or_insert(format!(
                            "{path} cannot be read: {fault}; let the agent's user read it"
                        ));
                    }
                }
            }
        }
        if later > 0 {
            self.fault.get_or_insert(format!("{later} more files are read at the next looks"));
        }
    }
}

impl Cached {
    /// Whether the file looks as it did when it was read, which is not too long ago.
    fn stands_for(&self, file: &Found, now: Stamp) -> bool {
        let still = self.read.wall.since(self.file.modified) >= RACY;
        self.file == *file && still && now.since(self.read) < AGAIN
    }
}

fn sums(path: &str) -> Result<Sums, String> {
    let failed = |fault: std::io::Error| format!("it cannot be read: {fault}");
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(MAX_MANIFEST).read_to_string(&mut text).map_err(failed)?;
    let folder = Path::new(path).parent().unwrap_or(Path::new("/")).display().to_string();
    manifest::parse(&text, folder.trim_end_matches('/'))
}

/// A file that a manifest names; `None` when it is not there, which the manifest's judge tells.
fn found(path: &str, fault: &mut Option<String>) -> Option<Found> {
    match fs::metadata(path) {
        Ok(metadata) => metadata.is_file().then(|| Found::of(path.into(), &metadata)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
        Err(why) => {
            fault.get_or_insert(format!("{path} cannot be read: {why}"));
            None
        }
    }
}

/// Hashes the file, and apart its first `beginning` bytes.
fn content(file: &Found, beginning: Option<u64>) -> Result<Content, std::io::Error> {
    let mut stream = File::open(&file.path)?.take(MAX_FILE);
    let mut hasher = Sha256::new();
    let mut begun = None;
    let (mut bytes, mut rows) = (0_u64, 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        let until = beginning.and_then(|beginning| usize::try_from(beginning.checked_sub(bytes)?).ok());
        if let Some((head, tail)) =
            until.and_then(|until| read.split_at_checked(until)).filter(|_| begun.is_none())
        {
            hasher.update(head);
            begun = Some(hasher.clone());
            hasher.update(tail);
        } else {
            hasher.update(read);
        }
        if count == 0 {
            break;
        }
        bytes += count as u64;
        rows += read.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    let kept = Kept { sha256: hex::encode(hasher.finalize()), bytes, rows };
    let beginning = begun.map(|hasher| hex::encode(hasher.finalize()));
    Ok(Content { kept, beginning, modified: file.modified })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_hashed_wherever_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let text = "0123456789\n".repeat(20_000);
        fs::write(&path, &text).unwrap();
        let file = Found::of(path.clone(), &fs::metadata(&path).unwrap());
        let sum = |text: &str| hex::encode(Sha256::digest(text));
        for end in [0, 1, 65_535, 65_536, 65_537, 131_072, text.len()] {
            let read = content(&file, Some(end as u64)).unwrap();
            assert_eq!(read.beginning, Some(sum(&text[..end])), "{end}");
            assert_eq!((read.kept.sha256, read.kept.rows), (sum(&text), 20_000));
        }
        assert_eq!(content(&file, Some(text.len() as u64 + 1)).unwrap().beginning, None);
    }
}
