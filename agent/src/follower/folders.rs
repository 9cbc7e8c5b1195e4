//! The names in the folders of logs, listed when a folder changed and for all logs in it together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changes::{Changes, changed_in};

/// A folder with more entries is not searched to its end.
const MAX_ENTRIES: usize = 100_000;

/// Every folder that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    listed: BTreeMap<PathBuf, Listed>,
    step: u64,
    now_ms: u64,
}

#[derive(Debug)]
struct Listed {
    changes: Changes,
    folder: Arc<Folder>,
    step: u64,
}

/// A folder as it was listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Its last change before it was listed, nanoseconds since 1970; `None` where it is not there.
    pub(crate) changed: Option<i64>,
    /// A handle of a file in it may come to be one of another file: no handle is kept.
    pub(crate) swaps_handles: bool,
    names: BTreeSet<String>,
    /// Names in it that are followed.
    followed: Arc<BTreeSet<String>>,
}

impl Folders {
    /// Begins a look at all logs: from here on each folder is asked once whether it changed.
    pub(crate) fn begin(&mut self, now_ms: u64) {
        self.step += 1;
        self.now_ms = now_ms;
    }

    /// The folder that the log at `path` lies in.
    pub(crate) fn of(&mut self, path: &Path) -> Arc<Folder> {
        let path = folder(path);
        if let Some(listed) = self.listed.get(path).filter(|listed| listed.step == self.step) {
            return Arc::clone(&listed.folder);
        }
        let changed = changed_in(path);
        let listed = self.listed.entry(path.to_owned()).or_insert_with(|| Listed {
            changes: Changes::default(),
            folder: Arc::default(),
            step: 0,
        });
        listed.step = self.step;
        if changed.is_none() || !listed.changes.is_settled(changed) {
            listed.changes.see(changed, self.now_ms);
            listed.folder = Arc::new(Folder::list(path, changed, Arc::clone(&listed.folder.followed)));
            listed.changes.settle(self.now_ms);
        }
        Arc::clone(&listed.folder)
    }

    /// Notes that the log at `path` is followed.
    pub(crate) fn follow(&mut self, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        drop(self.of(path));
        let Some(listed) = self.listed.get_mut(folder(path)) else { return };
        Arc::make_mut(&mut Arc::make_mut(&mut listed.folder).followed).insert(name.to_owned());
    }
}

impl Folder {
    /// The folder as it is now.
    pub(crate) fn again(&self) -> Self {
        Self::list(&self.path, changed_in(&self.path), Arc::clone(&self.followed))
    }

    fn list(path: &Path, changed: Option<i64>, followed: Arc<BTreeSet<String>>) -> Self {
        let entries = fs::read_dir(path).into_iter().flatten().take(MAX_ENTRIES).flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        Self { path: path.to_owned(), changed, swaps_handles: swaps_handles(path), names, followed }
    }

    /// Whether nothing moved from one listing to the other.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        (self.changed, &self.names) == (other.changed, &other.names)
    }

    /// The names that begin so.
    pub(crate) fn beginning(&self, start: &str) -> impl Iterator<Item = &str> {
        let names =
            self.names.range::<str, _>((Bound::Included(start), Bound::Unbounded)).map(String::as_str);
        names.take_while(move |name| name.starts_with(start))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether a file has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether the log of this name is followed, be it there or not.
    pub(crate) fn is_followed(&self, name: &str) -> bool {
        self.followed.contains(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether the folder lies on a user-space filesystem. Those may know a file by its path alone, as sshfs does: after
/// another host has renamed it, what its handle says is of the file that has the name now.
fn swaps_handles(folder: &Path) -> bool {
    const FUSE: u32 = 0x6573_5546;
    rustix::fs::statfs(folder).is_ok_and(|about| about.f_type as u32 == FUSE)
}

/// Where the files beside `path` lie.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_anew_when_it_changed_and_once_for_all_its_logs() {
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("a.log");
        let mut folders = Folders::default();
        let mut names = |now_ms: u64, begin: bool| {
            if begin {
                folders.begin(now_ms);
            }
            let folder = folders.of(&log);
            folder.names().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(0, true), Vec::<String>::new());
        fs::write(&log, "").unwrap();
        assert_eq!(names(0, false), Vec::<String>::new(), "within one look");
        assert_eq!(names(1, true), ["a.log"]);
        fs::write(scratch.path().join("a.log.1"), "").unwrap();
        fs::write(scratch.path().join("b.log"), "").unwrap();
        assert_eq!(names(2, true).len(), 3, "however soon after the last");
        assert_eq!(names(500, true).len(), 3);
        folders.follow(&log);
        let folder = folders.of(&log).again();
        assert!(folder.is_followed("a.log") && !folder.is_followed("b.log"));
        assert_eq!(folder.beginning("a").collect::<Vec<_>>(), ["a.log", "a.log.1"]);
        assert_eq!(folders.of(Path::new("/none/x")).changed, None);
    }
}
