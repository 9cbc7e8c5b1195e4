//! `smart parse`: the parser of the disk probe over files. A file that is no report is told, and the others still are.

use std::io::Read;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::smart::{self, Report};
use serde_json::json;

use super::{Ended, Exit};
use crate::output;

/// Of a file, this much is read; the parser takes less.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

pub(super) fn parse(files: &[PathBuf], as_json: bool) -> Ended {
    let mut exit = Exit::Fine;
    for file in files.iter().flat_map(|file| walk(file)) {
        let name = file.to_string_lossy();
        let parsed = read(&file).and_then(|bytes| smart::parse(&bytes).map_err(|fault| fault.to_string()));
        match parsed {
            Ok(report) if as_json => {
                output::line(&smart::line(&name, &report).map_err(std::io::Error::from)?)?;
            }
            Ok(report) => output::line(&told(&name, &report))?,
            Err(error) => {
                exit = Exit::Unreachable;
                if as_json {
                    output::json(&json!({"file": name, "error": error}))?;
                } else {
                    output::problem(&format!("{name}: {error}"));
                }
            }
        }
    }
    Ok(exit)
}

/// The file itself, or every regular file below the folder in the order of their names: a pipe or a device that lies there has
/// no end. Links to folders are not followed.
pub(super) fn walk(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let mut entries: Vec<std::fs::DirEntry> =
        std::fs::read_dir(path).map(|entries| entries.flatten().collect()).unwrap_or_default();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let is_link = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_symlink());
    let is_walked = |entry: &std::fs::DirEntry| match std::fs::metadata(entry.path()) {
        Ok(metadata) => metadata.is_file() || (metadata.is_dir() && !is_link(entry)),
        // Opening it says why.
        Err(_) => true,
    };
    let below = entries.into_iter().filter(is_walked);
    below.flat_map(|entry| walk(&entry.path())).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
    };
    read.map(|_| bytes).map_err(|fault| fault.to_string())
}

fn told(name: &str, report: &Report) -> String {
    let subject =
        report.subject().or_else(|| report.model.clone()).unwrap_or_else(|| "unknown drive".to_owned());
    let verdict = report.verdict.map_or("no verdict", |verdict| verdict.as_str());
    let problems = match report.problems.len() {
        0 => String::new(),
        count => format!(", {count} not understood"),
    };
    format!("{:<12} {name}: {subject}, says {verdict}{problems}", report.state().as_str())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_a_file_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c", "a", "b/d"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("device")).unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
        assert!(made.success());
        let below = |name: &str| folder.path().join(name);
        assert_eq!(walk(folder.path()), [below("a"), below("b/d"), below("c")]);
        assert_eq!(walk(Path::new("-")), [PathBuf::from("-")]);
    }
}
