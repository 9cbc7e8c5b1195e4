//! Starting to follow a path: for the first time, or from what was stored before the agent stopped.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Positions, Tail};
use crate::follower::generation::{Generation, Position, open_regular};
use crate::follower::siblings::{Sibling, rotated};

impl Tail {
    /// Enrols a path. A file that is there is followed from its end; one that comes later, from its start.
    ///
    /// # Errors
    /// The file is there and cannot be read. Nothing is enrolled then: try again later.
    pub(crate) fn enrol(path: &Path, now_ms: u64) -> io::Result<Self> {
        let mut tail = Self::empty(path.to_owned());
        match open_regular(path) {
            Ok(file) => tail.generations.push_back(Generation::from_end(file, now_ms)?),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
        Ok(tail)
    }

    /// Goes on where `stored` ended: first the rest of what was rotated away meanwhile, then every generation
    /// since, then the path's own file. What is gone is returned as gaps.
    ///
    /// # Errors
    /// The path's file is there and cannot be read; try again later.
    pub(crate) fn resume(path: &Path, stored: &Positions, now_ms: u64) -> io::Result<(Self, Vec<String>)> {
        let mut tail = Self::empty(path.to_owned());
        let mut gaps = Vec::new();
        let mut candidates = candidates(path)?;
        let mut unread_since = None;
        for (index, position) in stored.generations.iter().enumerate() {
            let is_newest = index + 1 == stored.generations.len();
            let kept_name =
                candidates.last().is_some_and(|last| last.at_path && last.sibling.id.is(&position.id));
            unread_since = (!kept_name).then_some(position.age);
            if let Some(candidate) = take(&mut candidates, position) {
                unread_since = (!candidate.at_path).then_some(candidate.sibling.age);
                let mut generation = Generation::from(candidate.file, position.offset, now_ms)?;
                generation.is_copy = !generation.id().is(&position.id);
                tail.generations.push_back(generation);
            } else if is_newest || !position.at_end {
                gaps.push(gap(path, position, &candidates));
            }
        }
        // Only a newest generation that lost the name can have unread files between itself and the path's own;
        // where it kept the name, its younger siblings are copies of what was read.
        for candidate in candidates {
            let unread = unread_since.is_some_and(|age| candidate.sibling.age >= age);
            if candidate.at_path || (unread && !candidate.sibling.compressed) {
                tail.generations.push_back(Generation::from(candidate.file, 0, now_ms)?);
            }
        }
        Ok((tail, gaps))
    }

    fn empty(path: PathBuf) -> Self {
        Self { path, generations: VecDeque::new(), closed: VecDeque::new() }
    }
}

struct Candidate {
    sibling: Sibling,
    file: File,
    at_path: bool,
}

/// The rotated siblings, oldest first, and last the path's own file.
fn candidates(path: &Path) -> io::Result<Vec<Candidate>> {
    let mut all: Vec<Candidate> = rotated(path)
        .into_iter()
        .filter_map(|sibling| Some(Candidate { file: sibling.open()?, sibling, at_path: false }))
        .collect();
    match open_regular(path) {
        Ok(file) => {
            let sibling = Sibling::of(path.to_owned(), &file.metadata()?);
            all.push(Candidate { file, sibling, at_path: true });
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    Ok(all)
}

/// The file of this position: the same file that still begins the same, else a copy of it that is long enough.
fn take(candidates: &mut Vec<Candidate>, position: &Position) -> Option<Candidate> {
    let begins_alike = |candidate: &Candidate| {
        candidate.sibling.size >= position.offset
            && position.fingerprint.fits(&candidate.file).unwrap_or(false)
    };
    let same = candidates
        .iter()
        .position(|candidate| candidate.sibling.id.is(&position.id) && begins_alike(candidate));
    let copy = || {
        candidates.iter().rposition(|candidate| {
            position.fingerprint.length > 0 && !candidate.sibling.compressed && begins_alike(candidate)
        })
    };
    let index = same.or_else(copy)?;
    Some(candidates.remove(index))
}

fn gap(path: &Path, position: &Position, candidates: &[Candidate]) -> String {
    let packed = candidates
        .iter()
        .any(|candidate| candidate.sibling.compressed && candidate.sibling.age >= position.age);
    let how = if packed { "was compressed" } else { "was emptied, deleted or replaced" };
    let (path, offset) = (path.display(), position.offset);
    format!("what {path} held after byte {offset} may be missed: the file {how} while nothing read it")
}
