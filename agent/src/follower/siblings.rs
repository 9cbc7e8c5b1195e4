//! The rotated files beside a log: `auth.log.1`, `auth.log-20261123`, `auth.log.2.gz`, `app-20261123.log`.
//!
//! Found by name, told apart by identity. Listing is bounded, and an entry that vanishes meanwhile is left out.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::folders::Folder;
use super::identity::{FileId, age_key, modified};
use super::text::Text;

/// Endings of compressed files; what [`crate::unpack`] reads is told apart from the others by their first bytes.
const READ: &[&str] = &[".gz", ".xz", ".zst"];
const UNREAD: &[&str] = &[".bz2", ".lz4", ".Z", ".lzma", ".br"];

/// A file that once had the log's name, or is a copy of what had it.
#[derive(Debug)]
pub(crate) struct Sibling {
    pub(crate) path: PathBuf,
    pub(crate) id: FileId,
    /// Orders the generations: birth, or of what is compressed, when its text ended. Nanoseconds since 1970.
    pub(crate) age: i64,
    /// When its text changed last.
    pub(crate) modified: i64,
    pub(crate) form: Form,
}

/// How a rotated file lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// Compressed, and read.
    Packed,
    /// Compressed in a way that is not read.
    Unread,
}

impl Sibling {
    pub(crate) fn of(path: PathBuf, metadata: &Metadata) -> Self {
        let form = form(&path.to_string_lossy());
        let modified = modified(metadata);
        // Compressing makes a new file of an old text, and keeps the time of its end.
        let age = if form == Form::Plain { age_key(metadata) } else { modified };
        Self { id: FileId::of(metadata), age, modified, form, path }
    }

    /// Opens it, unless the name has meanwhile gone to another file.
    ///
    /// # Errors
    /// It is there and cannot be read, or is compressed and not whole at its start.
    pub(crate) fn open(&self) -> io::Result<Option<Text>> {
        let file = match File::open(&self.path) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        if !FileId::of(&file.metadata()?).is(&self.id) {
            return Ok(None);
        }
        match self.form {
            Form::Unread => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "it is compressed in a way that is not read"))
            }
            form => Text::open(file, form == Form::Packed).map(Some),
        }
    }
}

/// All rotated siblings of the log at `path`, which lies in `folder`, oldest first. One that is just being compressed is left
/// out as long as it lies there uncompressed as well.
pub(crate) fn rotated(path: &Path, folder: &Folder) -> Vec<Sibling> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let names: BTreeSet<&str> = folder.beginning(stem).filter(|other| is_rotated_name(name, other)).collect();
    let is_whole = |other: &&&str| form(other) == Form::Plain || !names.contains(uncompressed(other));
    let sibling = |other: &&str| {
        let path = folder.path().join(other);
        // A link is no rotated file.
        let metadata = fs::symlink_metadata(&path).ok().filter(Metadata::is_file)?;
        Some(Sibling::of(path, &metadata))
    };
    let mut found: Vec<Sibling> = names.iter().filter(is_whole).filter_map(sibling).collect();
    found.sort_by(|one, other| one.age.cmp(&other.age).then_with(|| other.path.cmp(&one.path)));
    found
}

/// Whether `other` is what rotation calls an older `name`.
pub(crate) fn is_rotated_name(name: &str, other: &str) -> bool {
    let plain = uncompressed(other);
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
    form(name) != Form::Plain
        || name.rsplit_once(['.', '-']).is_some_and(|(stem, end)| {
            !stem.is_empty()
                && (end == "old" || end.bytes().all(|byte| byte.is_ascii_digit()) && !end.is_empty())
        })
}

/// The name without the ending that compressing gave it.
fn uncompressed(name: &str) -> &str {
    READ.iter().chain(UNREAD).find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn form(name: &str) -> Form {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match (ends(READ), ends(UNREAD)) {
        (true, _) => Form::Packed,
        (_, true) => Form::Unread,
        _ => Form::Plain,
    }
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
    fn siblings_come_oldest_first_and_none_that_is_just_being_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for name in ["log", "log.bak", "log.d", "log.3.gz", "log.2", "log.1", "log.1.gz"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = rotated(&path, &Folder::now(&path));
        let names: Vec<_> = found.iter().filter_map(|sibling| sibling.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["log.3.gz", "log.2", "log.1"]);
        assert_eq!((found[0].form, found[1].form), (Form::Packed, Form::Plain));
    }
}
