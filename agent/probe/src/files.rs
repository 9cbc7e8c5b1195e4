//! The files that a path or a glob names: a bounded walk that follows no links to folders.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use nearmiss_shared::time::Timestamp;
use walkdir::WalkDir;

/// Entries that one walk looks at.
const MAX_ENTRIES: usize = 50_000;

/// What a rule names: a path, or a glob whose `*` stays within one folder and whose `**` does not.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    /// The folder the walk begins at, or the path itself.
    base: PathBuf,
    glob: Option<GlobMatcher>,
    depth: usize,
}

/// A file as the walk found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) inode: u64,
    pub(crate) modified: Timestamp,
}

/// All files of a pattern.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    /// In the order of their paths.
    pub(crate) files: Vec<Found>,
    /// Places that could not be looked at, the first of them.
    pub(crate) fault: Option<String>,
}

impl Pattern {
    /// `text` as a rule writes it; rules are checked, so what is no glob is taken for a path.
    pub(crate) fn new(text: &str) -> Self {
        let path = Path::new(text);
        let is_pattern = |part: &Path| part.to_string_lossy().contains(['*', '?', '[', '{']);
        let glob = GlobBuilder::new(text).literal_separator(true).build().ok();
        let glob = glob.filter(|_| is_pattern(path)).map(|glob| glob.compile_matcher());
        let base = match glob {
            Some(_) => path.ancestors().find(|part| !is_pattern(part)).unwrap_or(path),
            None => path,
        };
        let depth = match glob {
            Some(_) if !text.contains("**") => path.components().count() - base.components().count(),
            _ => usize::MAX,
        };
        Self { text: text.to_owned(), base: base.to_owned(), glob, depth }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is a glob rather than one path.
    pub(crate) const fn is_glob(&self) -> bool {
        self.glob.is_some()
    }

    /// Whether a file of this name would be found.
    pub(crate) fn names(&self, path: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(path),
            None => Path::new(path).starts_with(&self.base),
        }
    }

    /// Looks; blocking. A path that is not there has no files and no fault.
    pub(crate) fn walk(&self) -> Walk {
        let mut walk = Walk::default();
        let entries = WalkDir::new(&self.base).max_depth(self.depth).sort_by_file_name();
        for (count, entry) in entries.into_iter().enumerate() {
            if count == MAX_ENTRIES {
                walk.miss(format!("more than {MAX_ENTRIES} entries below {}", self.base.display()));
                break;
            }
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if self.glob.as_ref().is_none_or(|glob| glob.is_match(entry.path())) => {
                    walk.take(entry.into_path());
                }
                Ok(_) => {}
                Err(fault) if is_gone(fault.io_error()) => {}
                Err(fault) => {
                    let path = fault.path().unwrap_or(&self.base).display().to_string();
                    let why = fault.io_error().map_or_else(|| fault.to_string(), ToString::to_string);
                    walk.miss(format!("{path} cannot be read: {why}"));
                }
            }
        }
        walk
    }
}

impl Walk {
    fn take(&mut self, path: PathBuf) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => self.files.push(Found::of(path, &metadata)),
            Ok(_) => {}
            Err(fault) if is_gone(Some(&fault)) => {}
            Err(fault) => self.miss(format!("{} cannot be read: {fault}", path.display())),
        }
    }

    fn miss(&mut self, why: String) {
        self.fault.get_or_insert(why);
    }
}

impl Found {
    pub(crate) fn of(path: PathBuf, metadata: &fs::Metadata) -> Self {
        let milliseconds =
            metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000);
        let modified = Timestamp::from_millis(milliseconds);
        Self { path, size: metadata.len(), inode: metadata.ino(), modified }
    }
}

fn is_gone(fault: Option<&io::Error>) -> bool {
    fault.is_some_and(|fault| fault.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_a_folder_and_globs_name_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("live/a.example")).unwrap();
        for file in ["live/a.example/cert.pem", "live/README", "top.pem"] {
            fs::write(root.join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink("cert.pem", root.join("live/a.example/link.pem")).unwrap();
        std::os::unix::fs::symlink("/nonexistent", root.join("live/a.example/gone.pem")).unwrap();
        let found = |pattern: &str| -> Vec<String> {
            let pattern = Pattern::new(&format!("{}/{pattern}", root.display()));
            let walk = pattern.walk();
            assert_eq!(walk.fault, None);
            assert!(walk.files.iter().all(|file| pattern.names(&file.path.to_string_lossy())));
            let name = |file: &Found| file.path.strip_prefix(root).unwrap().display().to_string();
            walk.files.iter().map(name).collect()
        };
        assert_eq!(found("top.pem"), ["top.pem"]);
        assert_eq!(found("live/*/*.pem"), ["live/a.example/cert.pem", "live/a.example/link.pem"]);
        assert_eq!(found("*.pem"), ["top.pem"]);
        assert_eq!(found("**/*.pem"), ["live/a.example/cert.pem", "live/a.example/link.pem", "top.pem"]);
        assert_eq!(found("live"), ["live/README", "live/a.example/cert.pem", "live/a.example/link.pem"]);
        assert_eq!(found("nothing/*"), [] as [String; 0]);
    }
}
