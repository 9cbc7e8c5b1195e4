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
pub(crate) struct Positions {
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
}

/// A followed path.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    generations: VecDeque<Generation>,
    closed: VecDeque<FileId>,
}

impl Tail {
    /// Whether one of its generations is this file.
    pub(crate) fn holds(&self, id: &FileId) -> bool {
        self.generations.iter().any(|generation| generation.id().is(id))
    }

    /// Whether no file has had the path yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.generations.is_empty()
    }

    pub(crate) fn positions(&self) -> Positions {
        Positions { generations: self.generations.iter().map(Generation::position).collect() }
    }

    /// Looks at the path and reads what is new. `appeared` are handles of files that were seen to take the name
    /// since the last look; `each` gets every complete line once, in blocks of whole lines.
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
        self.let_go(now_ms, each);
        polled
    }

    /// Takes up the files that got the name since the generations that are held, in the order of their birth; the
    /// one that has the name now comes last.
    fn adopt(&mut self, appeared: Vec<File>, now_ms: u64) -> io::Result<()> {
        for file in appeared {
            self.insert(file, now_ms)?;
        }
        let named = match fs::metadata(&self.path) {
            Ok(metadata) => Some(FileId::of(&metadata)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        if let Some(since) = self.unread_since(named.as_ref()) {
            for sibling in rotated(&self.path) {
                if sibling.age >= since && !sibling.compressed && !self.knows(&sibling.id) {
                    sibling.open().map(|file| self.insert(file, now_ms)).transpose()?;
                }
            }
        }
        let Some(named) = named else { return Ok(()) };
        if !self.knows(&named) {
            self.insert(open_regular(&self.path)?, now_ms)?;
        }
        let index = self.generations.iter().position(|generation| generation.id().is(&named));
        if let Some(generation) = index.and_then(|index| self.generations.remove(index)) {
            self.generations.push_back(generation);
        }
        Ok(())
    }

    /// The age from which rotated siblings may be unread generations. `None` where rotation is by copying (the
    /// youngest file held is not the last) or has not happened: then a younger sibling is a copy of what was read.
    /// The oldest generation held counts, not the newest: a listing of a folder misses names that move meanwhile.
    fn unread_since(&self, named: Option<&FileId>) -> Option<i64> {
        let (first, last) = (self.generations.front()?, self.generations.back()?);
        let rotates = self.generations.len() > 1 || !named.is_some_and(|named| named.is(last.id()));
        let by_name = self.generations.iter().all(|generation| generation.age() <= last.age());
        (rotates && by_name).then(|| first.age())
    }

    fn knows(&self, id: &FileId) -> bool {
        self.holds(id) || self.closed.iter().any(|closed| closed.is(id))
    }

    /// Takes up a file from its start, unless it is known, before all that are younger.
    fn insert(&mut self, file: File, now_ms: u64) -> io::Result<()> {
        let metadata = file.metadata()?;
        if !metadata.is_file() || self.knows(&FileId::of(&metadata)) {
            return Ok(());
        }
        let age = age_key(&metadata);
        let index = self.generations.iter().position(|generation| generation.age() > age);
        let generation = Generation::from(file, 0, now_ms)?;
        self.generations.insert(index.unwrap_or(self.generations.len()), generation);
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
                polled
                    .gaps
                    .push(format!("{rest} bytes of {path} missed: it was emptied before they were read"));
                Ok(0)
            }
            None => Ok(0),
        }
    }

    /// Lets go of generations that are done.
    fn let_go(&mut self, now_ms: u64, each: &mut dyn FnMut(&[u8])) {
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
