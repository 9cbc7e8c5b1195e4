//! A path with globs in it, in any of its parts: the files that fit, bounded, and each folder gone through only when it changed.
//!
//! A glob stands for names within one folder. What was rotated away from a log is no log of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};

use crate::follower::changes::Changes;
use crate::follower::folders::{Folder, Folders};
use crate::follower::siblings::looks_rotated;

/// Files that one pattern may name.
const MAX_FILES: usize = 4096;
/// Folders that one part of it may name; each is asked at every look whether it changed.
const MAX_FOLDERS: usize = 256;

/// A path whose parts from the first glob on are looked for.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The folder before the first glob.
    base: PathBuf,
    /// The last names files, those before it folders.
    parts: Vec<Part>,
    /// More fitted at the last look than are followed.
    is_cut: bool,
}

#[derive(Debug)]
struct Part {
    names: GlobMatcher,
    /// By the folder that was looked into.
    seen: BTreeMap<PathBuf, Seen>,
}

/// What fits in a folder, as it was when the folder changed last.
#[derive(Debug, Default)]
struct Seen {
    changes: Changes,
    fitting: Vec<PathBuf>,
}

/// Whether a path is one that a glob may stand in.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

impl Pattern {
    /// `None` where a part is no glob, which checking the configuration tells.
    pub(super) fn new(path: &Path) -> Option<Self> {
        let has_globs = |path: &&Path| is_pattern(&path.to_string_lossy());
        let base = path.ancestors().find(|path| !has_globs(path))?;
        let part = |name: &std::ffi::OsStr| {
            let names = Glob::new(name.to_str()?).ok()?.compile_matcher();
            Some(Part { names, seen: BTreeMap::new() })
        };
        let parts = path.strip_prefix(base).ok()?.iter().map(part).collect::<Option<Vec<Part>>>()?;
        Some(Self { base: base.to_owned(), parts, is_cut: false })
    }

    /// The folders that were looked into.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().flat_map(|part| part.seen.keys()).map(PathBuf::as_path)
    }

    /// What is left out, and what to do.
    pub(super) fn excess(&self, text: &str) -> Option<String> {
        let why = format!(
            "{text} fits more than is followed of one pattern ({MAX_FILES} files, {MAX_FOLDERS} folders): divide it into several"
        );
        self.is_cut.then_some(why)
    }

    /// The files that fit now. `is_log`: this path is followed, or is to be.
    pub(super) fn matching(
        &mut self,
        folders: &mut Folders,
        now_ms: u64,
        is_log: &dyn Fn(&Path) -> bool,
    ) -> Vec<PathBuf> {
        let mut found = vec![self.base.clone()];
        let last = self.parts.len().saturating_sub(1);
        self.is_cut = false;
        for (index, part) in self.parts.iter_mut().enumerate() {
            part.seen.retain(|folder, _| found.contains(folder));
            let mut fitting = Vec::new();
            for path in found {
                let folder = folders.of(&path.join("name"));
                let seen = part.seen.entry(path).or_default();
                if !seen.changes.is_settled(folder.changed) {
                    seen.changes.see(folder.changed, now_ms);
                    seen.fitting = match index == last {
                        true => files(&folder, &part.names, is_log),
                        false => folders_in(&folder, &part.names),
                    };
                    seen.changes.settle(now_ms);
                }
                // Of a folder that is gone nothing new is seen, and nothing in it is there.
                fitting.extend(seen.fitting.iter().filter(|_| folder.changed.is_some()).cloned());
            }
            let most = if index == last { MAX_FILES } else { MAX_FOLDERS };
            self.is_cut |= fitting.len() > most;
            fitting.truncate(most);
            found = fitting;
        }
        found
    }
}

fn folders_in(folder: &Folder, names: &GlobMatcher) -> Vec<PathBuf> {
    let fitting = folder.names().filter(|name| names.is_match(name)).map(|name| folder.path().join(name));
    fitting.filter(|path| path.is_dir()).take(MAX_FOLDERS + 1).collect()
}

fn files(folder: &Folder, names: &GlobMatcher, is_log: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let path = |name: &str| folder.path().join(name);
    let has_log = |name: &str| folder.has(name) || folder.is_followed(name) || is_log(&path(name));
    // What is followed itself stays so, whatever comes beside it.
    let is_own = |name: &&str| is_log(&path(name)) || !looks_rotated(name, has_log);
    let fitting = folder.names().filter(|name| names.is_match(name)).filter(is_own).map(path);
    let is_file = |path: &PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    fitting.filter(is_file).take(MAX_FILES + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_stand_for_folders_too_that_come_and_go() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        let write = |path: &str| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "").unwrap();
        };
        let mut pattern = Pattern::new(&root.join("li*/log/*.log")).unwrap();
        let (mut folders, mut now_ms) = (Folders::default(), 0);
        let mut look = |pattern: &mut Pattern| -> Vec<String> {
            now_ms += 1_000;
            folders.begin(now_ms);
            let found = pattern.matching(&mut folders, now_ms, &|_| false);
            found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
        };
        assert_eq!(look(&mut pattern), Vec::<String>::new());
        for path in ["live/log/a.log", "live/log/a.log.1", "live/b.log", "other/log/a.log", "lines"] {
            write(path);
        }
        assert_eq!(look(&mut pattern), ["live/log/a.log"]);
        assert_eq!(look(&mut pattern), ["live/log/a.log"]);
        write("lint/log/c.log");
        assert_eq!(look(&mut pattern), ["lint/log/c.log", "live/log/a.log"]);
        assert_eq!(pattern.folders().count(), 5, "{pattern:?}");
        fs::remove_dir_all(root.join("live")).unwrap();
        assert_eq!(look(&mut pattern), ["lint/log/c.log"]);
        assert_eq!(pattern.folders().count(), 3);
    }

    #[test]
    fn more_folders_than_one_pattern_may_name_are_left_out_and_told() {
        let scratch = tempfile::tempdir().unwrap();
        for number in 0..MAX_FOLDERS + 5 {
            let folder = scratch.path().join(format!("d{number}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("log"), "").unwrap();
        }
        let mut pattern = Pattern::new(&scratch.path().join("d*/log")).unwrap();
        assert_eq!(pattern.excess("d*/log"), None);
        assert_eq!(pattern.matching(&mut Folders::default(), 0, &|_| false).len(), MAX_FOLDERS);
        assert!(pattern.excess("d*/log").unwrap().starts_with("d*/log fits more than is followed"));
    }
}
