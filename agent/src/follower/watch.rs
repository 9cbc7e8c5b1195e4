//! Hints that a followed file changed, from the kernel's watch on its folder.
//!
//! Only hints: whatever is missed here is found by the next look. Where each folder is watched and its filesystem tells
//! of every change, that look may be late. A file that takes a followed name is opened at once, so that it can be read to its
//! end however soon it is renamed or deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tracing::warn;

use super::generation::open_regular;
use super::identity::FileId;

/// Hints that wait; with more waiting another one tells nothing new.
const MAX_WAITING: usize = 4096;

/// A file changed; the file itself when it just took the name.
type Hint = Option<(PathBuf, File)>;

/// A folder that is watched, or would be.
#[derive(Debug)]
struct Watched {
    id: FileId,
    /// All that happens in it is told.
    tells: bool,
}

/// What the watch is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    /// A folder is watched from now on: what happened in it before was not told.
    pub(super) is_new: bool,
    /// Every change of a followed file is told.
    pub(super) is_whole: bool,
}

/// Watches folders, or nothing where the kernel refuses.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeMap<PathBuf, Watched>,
    files: Arc<RwLock<BTreeSet<PathBuf>>>,
    hints: mpsc::Receiver<Hint>,
    // Keeps the channel open where there is no watcher.
    _sender: mpsc::Sender<Hint>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let (sender, hints) = mpsc::channel(MAX_WAITING);
        let files: Arc<RwLock<BTreeSet<PathBuf>>> = Arc::default();
        let (followed, heard) = (Arc::clone(&files), sender.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            for hint in hints_of(event, &followed) {
                // Full: the reader is behind and will look at everything anyway.
                drop(heard.try_send(hint));
            }
        });
        let watcher =
            watcher.map_err(|fault| warn!(%fault, "no folder can be watched: files are looked at every 2 s"));
        Self { watcher: watcher.ok(), folders: BTreeMap::new(), files, hints, _sender: sender }
    }

    /// Watches the folders of these files and these folders; of one that is not there, the nearest above it that is.
    pub(super) fn cover<'p>(
        &mut self,
        files: impl Iterator<Item = &'p PathBuf> + Clone,
        folders: impl Iterator<Item = &'p Path>,
    ) -> Cover {
        let wanted: BTreeSet<&Path> = folders.chain(files.clone().filter_map(|path| path.parent())).collect();
        let mut cover = Cover { is_new: false, is_whole: self.watcher.is_some() };
        let mut covered = BTreeMap::new();
        for folder in wanted {
            let Some((folder, id)) = nearest(folder) else {
                cover.is_whole = false;
                continue;
            };
            if covered.contains_key(folder) {
                continue;
            }
            let watched = match self.folders.remove(folder) {
                Some(watched) if watched.id == id => watched,
                before => {
                    cover.is_new = true;
                    self.watch(folder, id, before.is_some())
                }
            };
            cover.is_whole &= watched.tells;
            covered.insert(folder.to_owned(), watched);
        }
        for folder in std::mem::replace(&mut self.folders, covered).into_keys() {
            self.unwatch(&folder);
        }
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = files.cloned().collect();
        cover
    }

    /// A folder that was removed and made again needs a new watch.
    fn watch(&mut self, folder: &Path, id: FileId, is_again: bool) -> Watched {
        if is_again {
            self.unwatch(folder);
        }
        let Some(watcher) = &mut self.watcher else { return Watched { id, tells: false } };
        let watched = watcher.watch(folder, RecursiveMode::NonRecursive);
        if let Err(fault) = &watched {
            warn!(folder = %folder.display(), %fault, "not watched: its files are looked at every 2 s");
        }
        Watched { id, tells: watched.is_ok() && tells_all(folder) }
    }

    fn unwatch(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // Of a folder that is gone there is no watch any more.
            drop(watcher.unwatch(folder));
        }
    }

    /// Waits for a hint and takes all that wait; files that took a followed name are added to `appeared`.
    pub(super) async fn heard(&mut self, appeared: &mut Vec<(PathBuf, File)>) {
        let Some(first) = self.hints.recv().await else { return };
        appeared.extend(first);
        while let Ok(hint) = self.hints.try_recv() {
            appeared.extend(hint);
        }
    }
}

/// The folder, or the nearest above it that is there.
fn nearest(folder: &Path) -> Option<(&Path, FileId)> {
    { folder.ancestors() }.find_map(|folder| {
        let metadata = fs::metadata(folder).ok().filter(fs::Metadata::is_dir)?;
        Some((folder, FileId::of(&metadata)))
    })
}

/// Whether the kernel hears of every change in this folder: of what another host does on a network's filesystem, or
/// what goes past a stacked or user-space one, it does not (inotify(7), "Limitations and caveats").
fn tells_all(folder: &Path) -> bool {
    /// ext2 to ext4, XFS, Btrfs, tmpfs, F2FS, ZFS (statfs(2) and linux/magic.h; ZFS's own sources).
    const LOCAL: [u32; 6] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0xf2f5_2010, 0x2fc1_2fc1];
    // The kernel's field is a word of the machine's width; the numbers have 32 bits.
    rustix::fs::statfs(folder).is_ok_and(|about| LOCAL.contains(&(about.f_type as u32)))
}

fn hints_of(event: notify::Result<Event>, followed: &RwLock<BTreeSet<PathBuf>>) -> Vec<Hint> {
    // A lost event may have been ours.
    let Ok(event) = event else { return vec![None] };
    // Our own reading makes these.
    if event.kind.is_access() {
        return Vec::new();
    }
    if event.need_rescan() {
        return vec![None];
    }
    let arrives = matches!(
        event.kind,
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both))
    );
    let followed = followed.read().unwrap_or_else(PoisonError::into_inner);
    let mut hints = Vec::new();
    for path in event.paths {
        if arrives {
            let file = followed.contains(&path).then(|| open_regular(&path).ok()).flatten();
            hints.push(file.map(|file| (path, file)));
        } else if followed.contains(&path) {
            hints.push(None);
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NEW: Cover = Cover { is_new: true, is_whole: true };
    const KNOWN: Cover = Cover { is_new: false, is_whole: true };

    fn cover(watch: &mut Watch, log: &PathBuf) -> Cover {
        watch.cover(std::iter::once(log), std::iter::empty())
    }

    /// The files that took a followed name, as the next hints tell.
    async fn heard(watch: &mut Watch) -> Vec<PathBuf> {
        let mut appeared = Vec::new();
        let hint = tokio::time::timeout(Duration::from_secs(20), watch.heard(&mut appeared));
        hint.await.expect("a hint comes");
        appeared.into_iter().map(|(path, _)| path).collect()
    }

    #[tokio::test]
    async fn a_folder_that_comes_goes_and_comes_again_is_heard_each_time() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("app");
        let log = folder.join("app.log");
        let mut watch = Watch::start();
        assert_eq!(cover(&mut watch, &log), NEW, "by the folder above");
        for turn in 0..3 {
            fs::create_dir(&folder).unwrap();
            assert_eq!(heard(&mut watch).await, Vec::<PathBuf>::new(), "turn {turn}");
            assert_eq!(cover(&mut watch, &log), NEW, "turn {turn}");
            fs::write(&log, "").unwrap();
            while heard(&mut watch).await != [log.clone()] {}
            assert_eq!(cover(&mut watch, &log), KNOWN, "turn {turn}");
            fs::remove_dir_all(&folder).unwrap();
            heard(&mut watch).await;
            assert_eq!(cover(&mut watch, &log), NEW, "turn {turn}: by the folder above");
        }
    }

    #[test]
    fn of_proc_and_the_like_not_all_is_told() {
        let mut watch = Watch::start();
        assert!(!cover(&mut watch, &PathBuf::from("/proc/self/log")).is_whole);
    }
}
