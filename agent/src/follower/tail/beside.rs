//! Which files beside a log hold text that nobody read.
//!
//! They are looked at whenever their folder changed: renamed, copied and compressed files are new entries in it. A file that
//! was born before the one that has the name now had that name itself, and is known by what it is. Any other may be a copy, and
//! is known by its text as well: what is being read, or was read to its end, lies there a second time.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::{SETTLED_DONE, Tail};
use crate::follower::folders::Folder;
use crate::follower::generation::Generation;
use crate::follower::identity::FileId;
use crate::follower::mark::Mark;
use crate::follower::siblings::{Form, Sibling, rotated};

/// A copy that has not grown whole by then never will.
const MAKING_MS: u64 = 10_000;

/// A text that was read to its end, or was there before its log was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) id: FileId,
    /// Its end; of what was never read, nothing.
    #[serde(flatten)]
    pub(crate) mark: Mark,
}

/// What a file beside the log is.
enum Judged {
    Known,
    /// Perhaps a copy of what is read, not whole yet; or it cannot be read, and why.
    Making(Option<io::Error>),
    Unread(Box<Generation>),
    Gone,
}

impl Tail {
    /// Takes up every file beside the log in `folder` that holds unread text. What cannot be read is told as gaps.
    pub(super) fn look_beside(&mut self, folder: &Folder, now_ms: u64, gaps: &mut Vec<String>) {
        self.beside.see(folder.changed, now_ms);
        let since = self.beside.settled().unwrap_or(i64::MAX);
        let patient = self.beside.for_ms(now_ms) < MAKING_MS;
        let siblings = rotated(&self.path, folder);
        // After the others, so that none of them is younger than it for having taken the name meanwhile.
        let own = fs::metadata(&self.path).ok().map(|metadata| FileId::of(&metadata));
        let mut making = false;
        for sibling in siblings {
            if sibling.modified < since || self.knows(&sibling) {
                continue;
            }
            let judged = match had_the_name(&sibling, own) {
                true => whole(&sibling, now_ms),
                false => self.judge(&sibling, patient, now_ms),
            };
            match judged {
                Judged::Unread(generation) => self.insert(*generation),
                Judged::Gone => {}
                Judged::Making(_) if patient => making = true,
                Judged::Making(fault) => {
                    let path = sibling.path.display();
                    gaps.extend(
                        fault.map(|fault| {
                            format!("{path} cannot be read, and its lines may be missed: {fault}")
                        }),
                    );
                    self.finished(Done { id: sibling.id, mark: Mark::default() });
                }
                Judged::Known => self.finished(Done { id: sibling.id, mark: Mark::default() }),
            }
        }
        if !making && self.beside.settle(now_ms) {
            // What ended before is known by when it ended. These may have been written to since.
            self.remember(SETTLED_DONE);
        }
    }

    /// Whether this very file is held, or was read to its end. Where births are not kept, its number alone does not tell.
    pub(super) fn knows(&self, file: &Sibling) -> bool {
        let is_same = |done: &Done| file.id.born.is_some() || !done.mark.tells() || lies_in(file, &done.mark);
        self.holds(&file.id) || self.done.iter().any(|done| done.id.is(&file.id) && is_same(done))
    }

    fn judge(&self, sibling: &Sibling, patient: bool, now_ms: u64) -> Judged {
        if sibling.form == Form::Unread {
            // Whether it holds what was read cannot be seen; where it held what was not, the place that is stored is not found.
            return Judged::Known;
        }
        let held = self.generations.iter().map(Generation::mark);
        let marks = held.chain(self.done.iter().map(|done| done.mark.clone()));
        if marks.filter(Mark::tells).any(|mark| lies_in(sibling, &mark)) {
            return Judged::Known;
        }
        match self.is_in_the_making(sibling, patient) {
            Ok(false) => whole(sibling, now_ms),
            Ok(true) => Judged::Making(None),
            Err(fault) => Judged::Making(Some(fault)),
        }
    }

    /// Whether it may be a copy of what is read that has not got it all yet. An empty one may be; later it is one that its
    /// writer has yet to fill.
    fn is_in_the_making(&self, sibling: &Sibling, patient: bool) -> io::Result<bool> {
        let Some(text) = sibling.open()? else { return Ok(false) };
        let head = text.head()?;
        if head.is_empty() && !patient {
            return Ok(false);
        }
        let mut copied =
            self.generations.iter().map(|generation| generation.is_being_copied_to(&text, &head));
        copied.try_fold(false, |any, copied| Ok(any || copied?))
    }
}

/// Whether it was the log itself before the file that is it now. Births are told apart to a few milliseconds only; copies are
/// not made that soon.
fn had_the_name(file: &Sibling, own: Option<FileId>) -> bool {
    let is_older = |own: FileId| file.id.born.zip(own.born).is_some_and(|(born, own)| born <= own);
    file.form == Form::Plain && own.is_none_or(is_older)
}

fn whole(file: &Sibling, now_ms: u64) -> Judged {
    let opened =
        file.open().and_then(|text| text.map(|text| Generation::whole(text, file, now_ms)).transpose());
    match opened {
        Ok(Some(generation)) => Judged::Unread(Box::new(generation)),
        Ok(None) => Judged::Gone,
        Err(fault) => Judged::Making(Some(fault)),
    }
}

/// Whether the text of `mark` lies in this file, at least as far.
fn lies_in(file: &Sibling, mark: &Mark) -> bool {
    let found = || file.open()?.map(|mut text| text.find(mark)).transpose();
    matches!(found(), Ok(Some(Some(_))))
}
