//! One followed path through all its rotations: no line lost, none twice.
//!
//! The newest generation has the path's name; older ones are read to their end and let go when they have a
//! successor and stayed quiet. Truncation in place is answered by reading the rest from the copy whose first
//! bytes are ours. What cannot be read any more is said as a gap, in words and where possible in bytes.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::generation::{Generation, Position, Reached, open_regular};
use super::identity::{FileId, age_key};
use super::siblings::{Sibling, rotated};

mod resume;

/// A generation with a successor is let go when it has not grown for this long: writers that are told to reopen
/// their log do so within a moment.
const QUIET_MS: u64 = 10_000;
/// Generations kept open at once; older ones are let go first.
const MAX_GENERATIONS: usize = 64;
/// Generations whose identity is remembered after they were let go.
const MAX_CLOSED: usize = 256;

/// How far a path is read: its generations, oldest first. Empty: the path is watched, no file had it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    pub generations: Vec<Position>,
}

/// What one look at a path came to.
#[derive(Debug, Default)]
pub(crate) struct Polled {
    pub(crate) gaps: Vec<String>,
    /// Why the path cannot be read; `None` also when there is no such file.
    pub(crate) fault: Option<String>,
    /// More is waiting to be read.
    pub(crate) more: bool,
    pub(crate) cut_lines: u64,
}

/// A followed path.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    generations: VecDeque<Generation>,
    closed: VecDeque<FileId>,
}

impl Tail {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether one of its generations is this file.
    pub(crate) fn holds(&self, id: &FileId) -> bool {
        self.generations.iter().any(|generation| generation.id().is(id))
    }

    pub(crate) fn positions(&self) -> Positions {
        Positions { generations: self.generations.iter().map(Generation::position).collect() }
    }

    /// Looks at the path and reads what is new. `appeared` are handles of files that were seen to take the name
    /// since the last look; `each` gets every complete line once.
    pub(crate) fn poll(
        &mut self,
        appeared: Vec<File>,
        now_ms: u64,
        budget: &mut usize,
        each: &mut dyn FnMut(&[u8]),
    ) -> Polled {
        let mut polled = Polled::default();
        if let Err(fault) = self.adopt(appeared, now_ms) {
            polled.fault = Some(fault.to_string());
        }
        let mut index = 0;
        while index < self.generations.len() {
            index += match self.read(index, now_ms, budget, each, &mut polled) {
                Ok(added) => 1 + added,
                Err(fault) => {
                    polled.fault = Some(fault.to_string());
                    1
                }
            };
        }
        self.let_go(now_ms, each, &mut polled);
        for generation in &mut self.generations {
            polled.cut_lines += generation.splitter.take_cut_lines();
        }
        polled
    }

    /// Takes up the files that got the name since the newest generation did, in the order of their birth.
    fn adopt(&mut self, appeared: Vec<File>, now_ms: u64) -> io::Result<()> {
        let mut found: Vec<(i64, File)> = Vec::new();
        let known = |id: &FileId, found: &[(i64, File)]| {
            self.closed.iter().any(|closed| closed.is(id))
                || self.generations.iter().any(|generation| generation.id().is(id))
                || found.iter().any(|(_, file)| file.metadata().is_ok_and(|other| FileId::of(&other).is(id)))
        };
        for file in appeared {
            let metadata = file.metadata()?;
            if metadata.is_file() && !known(&FileId::of(&metadata), &found) {
                found.push((age_key(&metadata), file));
            }
        }
        let at_path = match fs::metadata(&self.path) {
            Ok(metadata) => Some(FileId::of(&metadata)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        let current = at_path.as_ref().filter(|id| !known(id, &found)).map(|_| open_regular(&self.path));
        // Files between our newest and the path's own: only rotation by renaming leaves some. Where the newest
        // still has the name, a younger sibling is a copy of it.
        let newest = self.generations.back().map(|newest| (*newest.id(), newest.age()));
        if let Some((id, age)) = newest
            && at_path.is_some_and(|at_path| !at_path.is(&id))
        {
            for sibling in rotated(&self.path) {
                if sibling.age >= age && !sibling.compressed && !known(&sibling.id, &found) {
                    found.extend(sibling.open().map(|file| (sibling.age, file)));
                }
            }
        }
        found.sort_by_key(|(age, _)| *age);
        if let Some(current) = current.transpose()? {
            let metadata = current.metadata()?;
            if !known(&FileId::of(&metadata), &found) {
                found.push((age_key(&metadata), current));
            }
        }
        for (_, file) in found {
            self.generations.push_back(Generation::from(file, 0, now_ms)?);
        }
        Ok(())
    }

    /// Reads one generation. A rewritten one is preceded by the copy that holds its rest; the result is how many
    /// generations were put before it.
    fn read(
        &mut self,
        index: usize,
        now_ms: u64,
        budget: &mut usize,
        each: &mut dyn FnMut(&[u8]),
        polled: &mut Polled,
    ) -> io::Result<usize> {
        let Some(generation) = self.generations.get_mut(index) else { return Ok(0) };
        match generation.read(budget, now_ms, each)? {
            Reached::End => return Ok(0),
            Reached::Budget => {
                polled.more = true;
                return Ok(0);
            }
            Reached::Rewritten => {}
        }
        let rest = generation.unread_bytes();
        let copy = copy_of(&self.path, generation);
        if copy.is_none() {
            generation.splitter.finish(each);
        }
        generation.restart(now_ms)?;
        polled.more = true;
        match copy {
            Some(mut copy) => {
                // The copy ends where the truncation cut: its last bytes may be half a line, and they are its last.
                copy.read(budget, now_ms, each)?;
                self.generations.insert(index, copy);
                Ok(1)
            }
            None if rest > 0 => {
                let path = self.path.display();
                polled.gaps.push(format!("{rest} bytes of {path} missed: it was emptied before they were read"));
                Ok(0)
            }
            None => Ok(0),
        }
    }

    /// Lets go of generations that are done.
    fn let_go(&mut self, now_ms: u64, each: &mut dyn FnMut(&[u8]), polled: &mut Polled) {
        let mut index = 0;
        while index + 1 < self.generations.len() {
            let crowded = self.generations.len() > MAX_GENERATIONS && index == 0;
            let done = self.generations.get(index).is_some_and(|generation| {
                let quiet = generation.is_copy || now_ms.saturating_sub(generation.grew_at) >= QUIET_MS;
                generation.at_end() && (quiet || crowded)
            });
            if !done {
                index += 1;
                continue;
            }
            if let Some(mut generation) = self.generations.remove(index) {
                generation.splitter.finish(each);
                polled.cut_lines += generation.splitter.take_cut_lines();
                self.closed.push_back(*generation.id());
                if self.closed.len() > MAX_CLOSED {
                    self.closed.pop_front();
                }
            }
        }
    }
}

/// The sibling that begins as `generation` did before it was rewritten and holds at least what was read of it,
/// opened where reading stopped.
fn copy_of(path: &Path, generation: &Generation) -> Option<Generation> {
    if generation.fingerprint().length == 0 {
        return None;
    }
    let fits = |sibling: &Sibling| {
        let file = sibling.open()?;
        generation.fingerprint().fits(&file).ok().filter(|fits| *fits).map(|_| file)
    };
    let offset = generation.splitter.line_end();
    let file = rotated(path)
        .iter()
        .rev()
        .filter(|sibling| !sibling.compressed && sibling.size >= offset && !sibling.id.is(generation.id()))
        .find_map(fits)?;
    let mut copy = Generation::from(file, offset, generation.grew_at).ok()?;
    copy.is_copy = true;
    Some(copy)
}

#[cfg(test)]
mod tests;
