//! Starting to follow a path: for the first time, or from what was stored before the agent stopped.

use std::io;
use std::path::Path;

use super::beside::Done;
use super::{Positions, Tail, among, copy_at};
use crate::follower::changes::Changes;
use crate::follower::folders::Folder;
use crate::follower::generation::{Generation, Position, open_regular};
use crate::follower::mark::Mark;
use crate::follower::siblings::{Form, Sibling, rotated};
use crate::follower::text::Text;

impl Tail {
    /// Enrols a path in `folder`. A file that is there is followed from its end; one that comes later, from its start. What lies beside
    /// it is nothing that is still to be read.
    ///
    /// # Errors
    /// The file is there and cannot be read. Nothing is enrolled then: try again later.
    pub(crate) fn enrol(path: &Path, folder: &Folder, now_ms: u64) -> io::Result<Self> {
        let mut tail = Self::new(path.to_owned(), Changes::after(folder.changed));
        for sibling in rotated(path, folder) {
            let mark = end_of(&sibling).unwrap_or_default();
            tail.finished(Done { id: sibling.id, mark });
        }
        match open_regular(path) {
            Ok(file) => {
                let about = Sibling::of(path.to_owned(), &file.metadata()?);
                tail.generations.push_back(Generation::from_end(file, &about, now_ms)?);
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
        Ok(tail)
    }

    /// Goes on where `stored` ended: first the rest of what was rotated away meanwhile. The generations since are found by the
    /// first look. What is gone is returned as gaps.
    ///
    /// # Errors
    /// The path's file is there and cannot be read; try again later.
    pub(crate) fn resume(
        path: &Path,
        folder: &Folder,
        stored: &Positions,
        now_ms: u64,
    ) -> io::Result<(Self, Vec<String>)> {
        let oldest = stored.generations.first().map(|position| position.age);
        let settled = stored.settled.or(oldest).or(folder.changed);
        let mut tail = Self::new(path.to_owned(), Changes::after(settled));
        tail.done = stored.done.iter().cloned().collect();
        let own = match open_regular(path) {
            Ok(file) => Some(Sibling::of(path.to_owned(), &file.metadata()?)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        let mut gaps = Vec::new();
        for (index, position) in stored.generations.iter().enumerate() {
            let is_newest = index + 1 == stored.generations.len();
            let find =
                |siblings: &[Sibling]| found(own.iter().chain(siblings.iter().rev()), position, now_ms);
            if let Some(generation) = among(path, folder, find) {
                tail.generations.push_back(generation);
            } else if position.mark.tells() && (is_newest || !position.at_end) {
                gaps.push(gap(path, position, &rotated(path, folder)));
            }
        }
        Ok((tail, gaps))
    }
}

/// The file of this position: the same file that still holds what was read of it, else the newest copy that does.
fn found<'s>(
    files: impl Iterator<Item = &'s Sibling> + Clone,
    position: &Position,
    now_ms: u64,
) -> Option<Generation> {
    let same = files.clone().find(|file| file.id.is(&position.id));
    let at_place = |file: &Sibling| Generation::at(file.open().ok()??, file, &position.mark, now_ms).ok()?;
    if let Some(generation) = same.and_then(at_place) {
        return Some(generation);
    }
    let mut copies = { files }.filter(|file| position.mark.tells() && !file.id.is(&position.id));
    copies.find_map(|file| copy_at(file, &position.mark, now_ms))
}

/// The end of a text that is not to be read.
fn end_of(sibling: &Sibling) -> Option<Mark> {
    let Text::Plain(file) = sibling.open().ok()?? else { return None };
    let size = file.metadata().ok()?.len();
    let mut text = Text::Plain(file);
    let before = text.go(size).ok()?;
    Some(Mark::of(&text.head().ok()?, size, &before))
}

fn gap(path: &Path, position: &Position, siblings: &[Sibling]) -> String {
    let unread = siblings.iter().any(|file| file.form == Form::Unread && file.modified >= position.age);
    let how = if unread {
        "was compressed in a way that is not read (gzip, xz and zstd are)"
    } else {
        "was emptied, deleted or replaced"
    };
    let (path, offset) = (path.display(), position.mark.offset);
    format!("what {path} held after byte {offset} may be missed: the file {how} while nothing read it")
}
