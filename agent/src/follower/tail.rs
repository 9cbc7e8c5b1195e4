//! One followed path through all its rotations: no line lost, none twice.
//!
//! The newest generation has the path's name; older ones are read to their end and let go when they have a
//! successor and stayed quiet. Truncation in place is answered by reading the rest from the copy that holds what was read,
//! plain or compressed. What cannot be read any more is said as a gap, in words and where possible in bytes.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::changes::Changes;
use super::folders::Folder;
use super::generation::{Generation, Position, Reached, open_regular};
use super::identity::FileId;
use super::mark::Mark;
use super::siblings::{Sibling, rotated};
use super::text::Text;

mod beside;
mod rest;
mod resume;

use beside::Done;
use rest::Outside;

/// A generation with a successor is let go when it has not grown for this long: writers that are told to reopen
/// their log do so within a moment.
const QUIET_MS: u64 = 10_000;
/// Looks at a folder whose names move all the time, for one file.
const MOST_LOOKS: usize = 2_000;
/// Generations kept open at once; older ones are let go first.
const MAX_GENERATIONS: usize = 64;
/// Texts that are remembered after they were read to their end, and of these the last once nothing moves any more.
const MAX_DONE: usize = 256;
const SETTLED_DONE: usize = 16;

/// How far a path is read. Without generations the path is watched and no file had it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Positions {
    /// Oldest first.
    pub(crate) generations: Vec<Position>,
    /// What was read to its end last.
    #[serde(default)]
    pub(crate) done: Vec<Done>,
    /// The folder's change up to which every file in it is judged, nanoseconds since 1970.
    #[serde(default)]
    pub(crate) settled: Option<i64>,
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
    done: VecDeque<Done>,
    beside: Changes,
    /// What the path was when all of it was read.
    rests: Option<Outside>,
    /// Its handles are closed; it goes on from here when the path changes.
    sleeps: Option<Positions>,
}

impl Tail {
    fn new(path: PathBuf, beside: Changes) -> Self {
        Self { path, generations: VecDeque::new(), done: VecDeque::new(), beside, rests: None, sleeps: None }
    }

    /// Whether one of its generations is this file.
    pub(crate) fn holds(&self, id: &FileId) -> bool {
        let asleep = self.sleeps.iter().flat_map(|positions| &positions.generations);
        self.generations.iter().any(|generation| generation.id().is(id)) || { asleep }
            .any(|one| one.id.is(id))
    }

    /// Whether no file has had the path yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.generations.is_empty()
            && self.sleeps.as_ref().is_none_or(|positions| positions.generations.is_empty())
    }

    /// Files that are open.
    pub(crate) fn handles(&self) -> usize {
        self.generations.len()
    }

    pub(crate) fn positions(&self) -> Positions {
        if let Some(asleep) = &self.sleeps {
            return asleep.clone();
        }
        Positions {
            generations: self.generations.iter().map(Generation::position).collect(),
            done: self.done.iter().cloned().collect(),
            settled: self.beside.settled(),
        }
    }

    /// Looks at the path and reads what is new. `appeared` are handles of files that were seen to take the name
    /// since the last look, `folder` is the path's; `each` gets every complete line once, in blocks of whole lines.
    pub(crate) fn poll(
        &mut self,
        appeared: Vec<fs::File>,
        folder: &Folder,
        now_ms: u64,
        budget: &mut usize,
        each: &mut dyn FnMut(&[u8]),
    ) -> Polled {
        let mut polled = Polled::default();
        let outside = Outside::of(&self.path, folder);
        if appeared.is_empty() && self.rests == Some(outside) {
            return polled;
        }
        if let Err(fault) = self.wake(folder, now_ms, &mut polled.gaps) {
            polled.fault = Some(fault.to_string());
            return polled;
        }
        if let Err(fault) = self.adopt(appeared, folder, now_ms, each, &mut polled) {
            polled.fault = Some(fault.to_string());
        }
        let mut index = 0;
        while index < self.generations.len() {
            index += match self.read(index, folder, now_ms, budget, each, &mut polled) {
                Ok(added) => 1 + added,
                Err(fault) => {
                    polled.fault = Some(fault.to_string());
                    1
                }
            };
        }
        self.let_go(now_ms, each);
        self.rests = self.is_resting(&polled, outside, now_ms).then_some(outside);
        if folder.swaps_handles {
            self.close();
        }
        polled
    }

    /// Takes up the files that got the name since the generations that are held, in the order of their birth; the
    /// one that has the name now comes last.
    fn adopt(
        &mut self,
        appeared: Vec<fs::File>,
        folder: &Folder,
        now_ms: u64,
        each: &mut dyn FnMut(&[u8]),
        polled: &mut Polled,
    ) -> io::Result<()> {
        for file in appeared {
            self.take_up(file, now_ms)?;
        }
        let named = match open_regular(&self.path) {
            Ok(file) => Some(self.take_up(file, now_ms)?),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        if !self.beside.is_settled(folder.changed) {
            // What lies beside them may be a copy of what the held files hold now.
            let mut index = 0;
            while index < self.generations.len() {
                index += 1 + self.check(index, folder, now_ms, each, polled)?;
            }
            self.look_beside(folder, now_ms, &mut polled.gaps);
        }
        let is_named = |one: &Generation| named.is_some_and(|named| one.id().is(&named));
        let index = self.generations.iter().position(is_named);
        if let Some(generation) = index.and_then(|index| self.generations.remove(index)) {
            self.generations.push_back(generation);
        }
        Ok(())
    }

    /// Takes up a file that has or had the name from its start, unless it is known.
    fn take_up(&mut self, file: fs::File, now_ms: u64) -> io::Result<FileId> {
        let about = Sibling::of(self.path.clone(), &file.metadata()?);
        if !self.knows(&about) {
            self.insert(Generation::whole(Text::Plain(file), &about, now_ms)?);
        }
        Ok(about.id)
    }

    /// Before all that are younger.
    fn insert(&mut self, generation: Generation) {
        let index = self.generations.iter().position(|other| other.age() > generation.age());
        self.generations.insert(index.unwrap_or(self.generations.len()), generation);
    }

    /// Reads one generation. A rewritten one is preceded by the copy that holds its rest; the result is how many
    /// generations were put before it.
    fn read(
        &mut self,
        index: usize,
        folder: &Folder,
        now_ms: u64,
        budget: &mut usize,
        each: &mut dyn FnMut(&[u8]),
        polled: &mut Polled,
    ) -> io::Result<usize> {
        let Some(generation) = self.generations.get_mut(index) else { return Ok(0) };
        match generation.read(budget, now_ms, each)? {
            Reached::End => {}
            Reached::Budget => polled.more = true,
            Reached::Damaged(fault) => {
                let path = self.path.display();
                polled.gaps.push(format!("lines of {path} missed: what was compressed is damaged: {fault}"));
            }
            Reached::Rewritten => return self.rewritten(index, folder, now_ms, each, polled),
        }
        Ok(0)
    }

    /// Sees to a generation that was rewritten, without reading on.
    fn check(
        &mut self,
        index: usize,
        folder: &Folder,
        now_ms: u64,
        each: &mut dyn FnMut(&[u8]),
        polled: &mut Polled,
    ) -> io::Result<usize> {
        let Some(generation) = self.generations.get_mut(index) else { return Ok(0) };
        if generation.is_unchanged()? {
            return Ok(0);
        }
        self.rewritten(index, folder, now_ms, each, polled)
    }

    /// Starts a rewritten generation again, after the copy of what it was; how many were put in.
    fn rewritten(
        &mut self,
        index: usize,
        folder: &Folder,
        now_ms: u64,
        each: &mut dyn FnMut(&[u8]),
        polled: &mut Polled,
    ) -> io::Result<usize> {
        let Some(generation) = self.generations.get_mut(index) else { return Ok(0) };
        polled.more = true;
        let rest = generation.unread_bytes();
        let copy = copy_of(&self.path, folder, generation);
        if copy.is_none() {
            generation.splitter.finish(each);
            if rest > 0 {
                let path = self.path.display();
                polled
                    .gaps
                    .push(format!("{rest} bytes of {path} missed: it was emptied before they were read"));
            }
        }
        generation.restart(now_ms)?;
        let Some(copy) = copy else { return Ok(0) };
        self.insert(copy);
        Ok(1)
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
                self.finished(Done { id: *generation.id(), mark: generation.mark() });
            }
        }
    }

    fn finished(&mut self, done: Done) {
        self.done.push_back(done);
        self.remember(MAX_DONE);
    }

    fn remember(&mut self, most: usize) {
        let excess = self.done.len().saturating_sub(most);
        self.done.drain(..excess);
    }
}

/// The newest sibling that holds what was read of `generation` before it was rewritten, opened where reading stopped.
fn copy_of(path: &Path, folder: &Folder, generation: &Generation) -> Option<Generation> {
    let mark = generation.mark();
    if !mark.tells() {
        return None;
    }
    among(path, &folder.again(), |siblings| {
        let others = siblings.iter().rev().filter(|sibling| !sibling.id.is(generation.id()));
        { others }.find_map(|sibling| copy_at(sibling, &mark, generation.grew_at))
    })
}

/// What `find` finds among the rotated files. Where it finds nothing while names move, a file may have had another name, or
/// have been replaced by its compressed form, between the listing and its opening: then it looks again.
fn among<T>(path: &Path, folder: &Folder, find: impl Fn(&[Sibling]) -> Option<T>) -> Option<T> {
    if let Some(found) = find(&rotated(path, folder)) {
        return Some(found);
    }
    let mut last = folder.again();
    for _ in 0..MOST_LOOKS {
        if let Some(found) = find(&rotated(path, &last)) {
            return Some(found);
        }
        let now = folder.again();
        if last.is_as(&now) {
            return None;
        }
        last = now;
    }
    None
}

/// This file from the place of `mark`, where it holds that text.
fn copy_at(sibling: &Sibling, mark: &Mark, now_ms: u64) -> Option<Generation> {
    let text = sibling.open().ok()??;
    let mut copy = Generation::at(text, sibling, mark, now_ms).ok()??;
    copy.is_copy = true;
    Some(copy)
}

#[cfg(test)]
mod tests;
