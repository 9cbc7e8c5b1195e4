//! What the kernel tells of arrays in `/proc` and `/sys`, readable by anybody.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::redundancy::{Array, Device, Filesystem, arrays};

/// Of one file, at most this much is read.
const MAX_BYTES: u64 = 256 * 1024;
/// Entries of one folder looked at.
const MAX_ENTRIES: usize = 1024;
/// Block groups that have profiles of their own.
const GROUPS: [&str; 3] = ["data", "metadata", "system"];

/// The two trees, elsewhere in tests.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) proc: PathBuf,
    pub(super) sys: PathBuf,
}

impl Default for Kernel {
    fn default() -> Self {
        Self { proc: "/proc".into(), sys: "/sys".into() }
    }
}

impl Kernel {
    pub(super) fn md(&self) -> Vec<Array> {
        let state = |name: &str| text(&self.sys.join("block").join(name).join("md/array_state"));
        text(&self.proc.join("mdstat")).map_or_else(Vec::new, |mdstat| arrays(&mdstat, state))
    }

    pub(super) fn btrfs(&self) -> Vec<Filesystem> {
        let folder = self.sys.join("fs/btrfs");
        let uuids = entries(&folder).into_iter().filter(|name| name.len() == 36 && name.contains('-'));
        uuids.map(|uuid| filesystem(&folder.join(&uuid), uuid)).collect()
    }

    pub(super) fn has_zfs(&self) -> bool {
        self.proc.join("spl/kstat/zfs").is_dir()
    }

    /// A device-mapper volume is named after the images it is made of.
    pub(super) fn has_lvm_raid(&self) -> bool {
        let folder = self.sys.join("block");
        let mapped = entries(&folder).into_iter().filter(|name| name.starts_with("dm-"));
        mapped
            .filter_map(|name| text(&folder.join(name).join("dm/name")))
            .any(|name| name.contains("_rimage_"))
    }
}

fn filesystem(folder: &Path, uuid: String) -> Filesystem {
    let mut system = Filesystem { uuid, ..Filesystem::default() };
    system.label = text(&folder.join("label")).unwrap_or_default();
    system.groups =
        GROUPS.map(|group| (group.to_owned(), profiles(&folder.join("allocation").join(group)))).into();
    system.members = entries(&folder.join("devices"));
    let ids = entries(&folder.join("devinfo"));
    system.devices = ids.iter().filter_map(|id| device(&folder.join("devinfo").join(id), id)).collect();
    system
}

/// The profiles that hold anything.
fn profiles(group: &Path) -> Vec<String> {
    let used =
        |profile: &String| text(&group.join(profile).join("total_bytes")).is_some_and(|total| total != "0");
    entries(group).into_iter().filter(used).collect()
}

fn device(folder: &Path, id: &str) -> Option<Device> {
    Some(Device {
        id: id.parse().ok()?,
        missing: text(&folder.join("missing")).is_some_and(|told| told == "1"),
        errors: text(&folder.join("error_stats")).unwrap_or_default(),
    })
}

/// The names in a folder, in order; none where there is no such folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_ENTRIES);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// A small file's text without its last line's end.
fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
