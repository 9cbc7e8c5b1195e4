//! The rotated files beside a log: `auth.log.1`, `auth.log-20261123`, `auth.log.2.gz`, `app-20261123.log`.
//!
//! Found by name, told apart by identity. Listing is bounded, and an entry that vanishes meanwhile is left out. What is followed
//! itself is nobody's rotated file, and what may be several logs' is the one's whose name says more.

use std::borrow::Cow;
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
    let is_of_another =
        |other: &str| bases(other).any(|base| base.len() > name.len() && folder.is_followed(&base));
    let is_sibling =
        |other: &&str| is_rotated_name(name, other) && !folder.is_followed(other) && !is_of_another(other);
    let names: BTreeSet<&str> = folder.beginning(stem).filter(is_sibling).collect();
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
fn is_rotated_name(name: &str, other: &str) -> bool {
    bases(other).any(|base| base == name)
}

/// Whether a file of this name, found by a pattern such as `*.log*`, is a rotated one and no log of its own: by how rotation
/// names its files, or where the name is that of a log with a number.
pub(crate) fn looks_rotated(name: &str, is_log: impl Fn(&str) -> bool) -> bool {
    let ends_so = name.rsplit_once(['.', '-']).is_some_and(|(stem, end)| {
        let is_number = end.bytes().all(|byte| byte.is_ascii_digit()) && !end.is_empty();
        let is_numbered = is_number && (name.as_bytes().get(stem.len()) == Some(&b'.') || is_date(end));
        !stem.is_empty() && (end == "old" || is_numbered)
    });
    form(name) != Form::Plain || ends_so || bases(name).any(|base| is_log(&base))
}

/// The names of the logs whose rotated file this may be.
fn bases(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let plain = uncompressed(name);
    let behind = starts(plain).filter(|(_, suffix)| is_rotation_suffix(suffix));
    let within = plain.rsplit_once('.').into_iter().flat_map(|(stem, extension)| {
        let suffixed = starts(stem).filter(|(_, suffix)| is_inner_suffix(suffix));
        suffixed.map(move |(start, _)| Cow::Owned(format!("{start}.{extension}")))
    });
    behind.map(|(start, _)| Cow::Borrowed(start)).chain(within)
}

/// Every start of the name that a suffix may follow, with the rest.
fn starts(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let marks = name.match_indices(['.', '-', '_']).filter(|(index, _)| *index > 0);
    marks.map(|(index, _)| name.split_at(index))
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

/// Before the extension, `worker-2.log` is another log beside `worker.log`, and only `worker-20261123.log` is an older one.
fn is_inner_suffix(suffix: &str) -> bool {
    let digits: String = suffix.chars().filter(char::is_ascii_digit).collect();
    is_rotation_suffix(suffix) && (suffix.starts_with('.') || is_date(&digits))
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

/// Whether these digits are a day as rotation writes it (logrotate(8), `dateformat`): 20261123 and perhaps a time, 23112026,
/// 261123, 202611, or seconds since 1970.
fn is_date(digits: &str) -> bool {
    let part = |from: usize| digits.get(from..from + 2).and_then(|part| part.parse().ok()).unwrap_or(0);
    let is_day = |month: usize, day: usize| (1..=12).contains(&part(month)) && (1..=31).contains(&part(day));
    let is_year = |from: usize| matches!(part(from), 19 | 20);
    match digits.len() {
        ..6 => false,
        6 => is_day(2, 4) || (is_year(0) && is_day(4, 4)),
        8 if is_year(4) && is_day(2, 0) => true,
        10 if digits.starts_with('1') => true,
        _ => is_year(0) && is_day(4, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follower::folders::Folders;

    #[test]
    fn rotated_names_are_known_and_others_are_not() {
        for name in
            ["auth.log.1", "auth.log.12.gz", "auth.log-20261123", "auth.log.2026-11-23T10:00", "auth.log.old"]
        {
            assert!(is_rotated_name("auth.log", name), "{name}");
        }
        for name in ["app-20261123.log", "app-2026-11-23T10-00-00.log.gz", "app.1.log", "app.log-2"] {
            assert!(is_rotated_name("app.log", name), "{name}");
        }
        for name in ["auth.log", "auth.log.bak", "auth.logger", "auth.log.", "auth.log.d", "other.log.1"] {
            assert!(!is_rotated_name("auth.log", name), "{name}");
        }
        assert!(!is_rotated_name("worker.log", "worker-2.log") && !is_rotated_name("worker.log", ".log"));
    }

    #[test]
    fn a_name_with_a_number_is_a_log_of_its_own_unless_the_name_without_it_is_one() {
        for (name, alone, beside) in [
            ("syslog.1", true, "syslog"),
            ("a.log.gz", true, "a.log"),
            ("a.log-20261123", true, "a.log"),
            ("a.log-1795651200", true, "a.log"),
            ("job-261123", true, "job"),
            ("job-7", false, "job"),
            ("job-999999", false, "job"),
            ("app.log-2", false, "app.log"),
            ("app-20261123.log", false, "app.log"),
        ] {
            assert_eq!(looks_rotated(name, |_| false), alone, "{name}");
            assert!(looks_rotated(name, |log| log == beside), "{name}");
        }
        for name in ["auth.log", "postgresql-main.log", "worker-2.log"] {
            assert!(!looks_rotated(name, |log| log != name), "{name}");
        }
    }

    #[test]
    fn siblings_come_oldest_first_and_none_that_is_just_being_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for name in ["log", "log.bak", "log.d", "log.3.gz", "log.2", "log.1", "log.1.gz"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let mut folders = Folders::default();
        let found = rotated(&path, &folders.of(&path));
        let names: Vec<_> = found.iter().filter_map(|sibling| sibling.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["log.3.gz", "log.2", "log.1"]);
        assert_eq!((found[0].form, found[1].form), (Form::Packed, Form::Plain));
        folders.follow(&folder.path().join("log.2"));
        assert_eq!(rotated(&path, &folders.of(&path)).len(), 2, "what is followed itself");
        fs::write(folder.path().join("log.2.7"), "").unwrap();
        folders.begin(0);
        assert_eq!(rotated(&path, &folders.of(&path)).len(), 2, "and what is rotated of that");
    }
}
