//! The rotated files beside a log: `auth.log.1`, `auth.log-20261123`, `auth.log.2.gz`, `app-20261123.log`.
//!
//! Found by name, told apart by identity. Listing is bounded, and an entry that vanishes meanwhile is left out.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use super::identity::{FileId, age_key};

const COMPRESSED: &[&str] = &[".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z"];
/// A folder with more entries is not searched to its end.
const MAX_ENTRIES: usize = 20_000;

/// A file that once had the log's name, or is a copy of what had it.
#[derive(Debug)]
pub(crate) struct Sibling {
    pub(crate) path: PathBuf,
    pub(crate) id: FileId,
    pub(crate) size: u64,
    /// Nanoseconds since 1970: birth, else last change.
    pub(crate) age: i64,
    pub(crate) compressed: bool,
}

impl Sibling {
    pub(crate) fn of(path: PathBuf, metadata: &Metadata) -> Self {
        Self {
            id: FileId::of(metadata),
            size: metadata.len(),
            age: age_key(metadata),
            compressed: is_compressed(&path.to_string_lossy()),
            path,
        }
    }

    /// Opens it, unless the name has meanwhile gone to another file.
    pub(crate) fn open(&self) -> Option<File> {
        let file = File::open(&self.path).ok()?;
        let id = FileId::of(&file.metadata().ok()?);
        id.is(&self.id).then_some(file)
    }
}

/// All rotated siblings of the log at `path`, oldest first.
pub(crate) fn rotated(path: &Path) -> Vec<Sibling> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    else {
        return Vec::new();
    };
    let mut found: Vec<Sibling> = entries
        .take(MAX_ENTRIES)
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|other| is_rotated_name(name, other)))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
            Some(Sibling::of(entry.path(), &metadata))
        })
        .collect();
    found.sort_by(|one, other| one.age.cmp(&other.age).then_with(|| other.path.cmp(&one.path)));
    found
}

/// Whether `other` is what rotation calls an older `name`.
pub(crate) fn is_rotated_name(name: &str, other: &str) -> bool {
    let plain = COMPRESSED.iter().find_map(|ending| other.strip_suffix(ending)).unwrap_or(other);
    if let Some(suffix) = plain.strip_prefix(name) {
        return is_rotation_suffix(suffix);
    }
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    plain
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(extension))
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(is_rotation_suffix)
}

/// Whether a file of this name, found by a pattern such as `*.log*`, is a rotated one and no log of its own.
pub(crate) fn looks_rotated(name: &str) -> bool {
    is_compressed(name)
        || name.rsplit_once(['.', '-']).is_some_and(|(stem, end)| {
            !stem.is_empty()
                && (end == "old" || end.bytes().all(|byte| byte.is_ascii_digit()) && !end.is_empty())
        })
}

fn is_compressed(name: &str) -> bool {
    COMPRESSED.iter().any(|ending| name.ends_with(ending))
}

fn is_rotation_suffix(suffix: &str) -> bool {
    if suffix == ".old" {
        return true;
    }
    let mut letters = suffix.chars();
    letters.next().is_some_and(|first| ".-_".contains(first))
        && letters.next().is_some_and(|second| second.is_ascii_digit())
        && suffix.len() <= 40
        && letters.all(|letter| letter.is_ascii_digit() || ".-_:TZ".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_are_known_and_others_are_not() {
        for name in
            ["auth.log.1", "auth.log.12.gz", "auth.log-20261123", "auth.log.2026-11-23T10:00", "auth.log.old"]
        {
            assert!(is_rotated_name("auth.log", name), "{name}");
        }
        assert!(is_rotated_name("app.log", "app-20261123.log"));
        for name in ["auth.log", "auth.log.bak", "auth.logger", "auth.log.", "auth.log.d", "other.log.1"] {
            assert!(!is_rotated_name("auth.log", name), "{name}");
        }
        assert!(looks_rotated("syslog.1") && looks_rotated("a.log.gz") && looks_rotated("a.log-20261123"));
        assert!(!looks_rotated("auth.log") && !looks_rotated("postgresql-main.log"));
    }

    #[test]
    fn siblings_come_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for name in ["log", "log.bak", "log.d"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        for name in ["log.3.gz", "log.2", "log.1"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = rotated(&path);
        let names: Vec<_> = found.iter().filter_map(|sibling| sibling.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["log.3.gz", "log.2", "log.1"]);
        assert!(found[0].compressed && !found[1].compressed);
    }
}
