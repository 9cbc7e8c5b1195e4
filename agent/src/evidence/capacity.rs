//! A filling filesystem: how full, what was written last, which programs hold its files open.
//!
//! Walks are bounded in entries and time, stay on the one filesystem, follow no link and read no contents. Below
//! people's homes only the first level is named.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nearmiss_shared::time::Timestamp;

use super::host::pids;
use super::step::{Step, Taken};

/// Files looked at in a walk.
const MAX_ENTRIES: usize = 200_000;
/// Files listed.
const MAX_LISTED: usize = 200;
/// Open files looked at.
const MAX_OPEN: usize = 50_000;

/// What is taken about the filesystem mounted at `mount`.
pub(super) fn steps(mount: &str) -> Vec<Step> {
    let (space, walk, open) = (PathBuf::from(mount), PathBuf::from(mount), PathBuf::from(mount));
    let stop = Stop::default();
    let stopped = stop.flag();
    let walk =
        Step::blocking("recently-written.txt", "walk of the filesystem, most recently written first", {
            move || recently_written(&walk, &stopped)
        });
    vec![
        Step::blocking("filesystem.txt", format!("statvfs {mount}"), move || usage(&space)),
        walk.holding(stop),
        Step::blocking("open-files.txt", "read links in /proc/*/fd, largest first", move || {
            open_files(&open)
        }),
    ]
}

/// Tells a walk to end when nobody waits for it any more.
#[derive(Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn usage(mount: &Path) -> Taken {
    let told = rustix::fs::statvfs(mount).map_err(|fault| format!("{}: {fault}", mount.display()))?;
    let text = format!(
        "block_size {}\nblocks {}\nblocks_free {}\nblocks_available {}\ninodes {}\ninodes_free {}\ninodes_available {}\n",
        told.f_frsize, told.f_blocks, told.f_bfree, told.f_bavail, told.f_files, told.f_ffree, told.f_favail
    );
    Ok(text.into_bytes())
}

/// The most recently written files of one filesystem.
fn recently_written(mount: &Path, stop: &AtomicBool) -> Taken {
    let device = fs::metadata(mount).map_err(|fault| format!("{}: {fault}", mount.display()))?.dev();
    let mut newest: BinaryHeap<Reverse<(i64, u64, PathBuf)>> = BinaryHeap::new();
    let mut folders = vec![mount.to_owned()];
    let (mut seen, mut unreadable) = (0, 0);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            unreadable += 1;
            continue;
        };
        for entry in entries.flatten() {
            seen += 1;
            if seen > MAX_ENTRIES || stop.load(Ordering::Relaxed) {
                folders.clear();
                break;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() && metadata.dev() == device {
                folders.push(entry.path());
            } else if metadata.is_file() {
                newest.push(Reverse((metadata.mtime(), metadata.size(), entry.path())));
                if newest.len() > MAX_LISTED {
                    newest.pop();
                }
            }
        }
    }
    let mut text =
        format!("looked at {} entries; {unreadable} folders could not be read\n", seen.min(MAX_ENTRIES));
    for Reverse((written, size, path)) in newest.into_sorted_vec() {
        let written = Timestamp::from_millis(written.saturating_mul(1000));
        text.push_str(&format!("{written} {size} {}\n", shown(&path)));
    }
    Ok(text.into_bytes())
}

/// Which programs hold files of the filesystem open, deleted ones included: those take room that no walk finds.
fn open_files(mount: &Path) -> Taken {
    let device = fs::metadata(mount).map_err(|fault| format!("{}: {fault}", mount.display()))?.dev();
    let mut found: BTreeMap<(u32, u64), (u64, String)> = BTreeMap::new();
    let (mut seen, mut unreadable) = (0, 0);
    for pid in pids() {
        let Ok(links) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            unreadable += 1;
            continue;
        };
        for link in links.flatten() {
            seen += 1;
            // The link's text first: asking about a file on a dead network mount would wait for it.
            let Ok(target) = fs::read_link(link.path()) else { continue };
            if seen > MAX_OPEN || !target.starts_with(mount) {
                continue;
            }
            let Ok(metadata) = fs::metadata(link.path()) else { continue };
            if metadata.is_file() && metadata.dev() == device {
                found.insert((pid, metadata.ino()), (metadata.size(), open_line(pid, &metadata, &target)));
            }
        }
    }
    let mut lines: Vec<(u64, String)> = found.into_values().collect();
    lines.sort_by(|one, other| other.cmp(one));
    let mut text = format!("files of {unreadable} processes could not be seen\npid size program file\n");
    text.extend(lines.into_iter().take(MAX_LISTED).map(|(_, line)| line));
    Ok(text.into_bytes())
}

fn open_line(pid: u32, metadata: &Metadata, target: &Path) -> String {
    let program = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{pid} {} {} {}\n", metadata.size(), program.trim(), shown(target))
}

/// A path as it may leave the host: below homes only the home, and nothing that would break a line.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let visible = if text.starts_with("/root/") {
        "/root/...".to_owned()
    } else if let Some(rest) = text.strip_prefix("/home/") {
        match rest.split_once('/') {
            Some((person, _)) => format!("/home/{person}/..."),
            None => text.into_owned(),
        }
    } else {
        text.into_owned()
    };
    visible.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_file_written_last_is_listed_and_who_holds_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("growing.dat");
        fs::write(&path, [0; 4096]).unwrap();
        fs::write(folder.path().join("old.dat"), "x").unwrap();
        let held = File::open(&path).unwrap();

        let text =
            String::from_utf8(recently_written(folder.path(), &AtomicBool::new(false)).unwrap()).unwrap();
        assert!(text.contains(&format!(" 4096 {}", path.display())), "{text}");
        let text = String::from_utf8(open_files(folder.path()).unwrap()).unwrap();
        assert!(text.contains(&format!("{} 4096 ", std::process::id())), "{text}");
        drop(held);
        fs::remove_file(&path).unwrap();
        assert!(usage(folder.path()).unwrap().starts_with(b"block_size "));
        assert!(usage(&path).is_err());
    }

    #[test]
    fn a_walk_that_nobody_waits_for_ends() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "x").unwrap();
        let stop = Stop::default();
        let flag = stop.flag();
        drop(stop);
        let text = String::from_utf8(recently_written(folder.path(), &flag).unwrap()).unwrap();
        assert!(!text.contains("/file"), "{text}");
    }

    #[test]
    fn homes_are_named_and_not_told() {
        assert_eq!(shown(Path::new("/home/sana/private/letter.odt")), "/home/sana/...");
        assert_eq!(shown(Path::new("/root/.ssh/id_ed25519")), "/root/...");
        assert_eq!(shown(Path::new("/var/log/a\nb")), "/var/log/a?b");
    }
}
