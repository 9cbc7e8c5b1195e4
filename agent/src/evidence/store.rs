//! The bundle's file: whole or not there, and still there after a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nearmiss_shared::identity::BundleId;

/// Writes `FOLDER/ID.tar`, readable by its owner only; the folder is made where it is missing.
pub(super) fn write(folder: &Path, id: BundleId, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = path(folder, id);
    let aside = path.with_extension("part");
    let written = write_aside(&aside, bytes)
        .and_then(|()| fs::rename(&aside, &path))
        .and_then(|()| File::open(folder)?.sync_all());
    if let Err(fault) = written {
        // Nothing half-written stays; that it cannot be removed either is no news beside the fault itself.
        drop(fs::remove_file(&aside));
        return Err(fault);
    }
    Ok(path)
}

/// Removes a bundle that was delivered or has to make room; one that is gone is no error.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn remove(folder: &Path, id: BundleId) -> io::Result<()> {
    match fs::remove_file(path(folder, id)) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

fn path(folder: &Path, id: BundleId) -> PathBuf {
    folder.join(format!("{id}.tar"))
}

fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
