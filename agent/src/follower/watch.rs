//! Hints that a followed file changed, from the kernel's watch on its folder.
//!
//! Only hints: whatever is missed here is found by the next look. A file that takes a followed name is opened at
//! once, so that it can be read to its end however soon it is renamed or deleted.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tracing::warn;

use super::generation::open_regular;

/// Hints that wait; with more waiting another one tells nothing new.
const MAX_WAITING: usize = 4096;

/// A file changed; the file itself when it just took the name.
type Hint = Option<(PathBuf, File)>;

/// Watches folders, or nothing where the kernel refuses.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
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
        Self { watcher: watcher.ok(), folders: BTreeSet::new(), files, hints, _sender: sender }
    }

    /// Watches the folders of these files and these folders, as far as they are there.
    pub(super) fn cover<'p>(
        &mut self,
        files: impl Iterator<Item = &'p PathBuf>,
        folders: impl Iterator<Item = &'p Path>,
    ) {
        let files: BTreeSet<PathBuf> = files.cloned().collect();
        let mut wanted: BTreeSet<PathBuf> = folders.map(Path::to_owned).collect();
        wanted.extend(files.iter().filter_map(|path| path.parent()).map(Path::to_owned));
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = files;
        // A folder that was removed and made again needs a new watch.
        self.folders.retain(|folder| folder.is_dir());
        let Some(watcher) = &mut self.watcher else { return };
        for folder in wanted {
            if self.folders.contains(&folder) || !folder.is_dir() {
                continue;
            }
            if let Err(fault) = watcher.watch(&folder, RecursiveMode::NonRecursive) {
                warn!(folder = %folder.display(), %fault, "not watched: its files are looked at every 2 s");
            }
            self.folders.insert(folder);
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
