//! Bytes set aside on the disk that may fill: given up when it does, taken again when there is room.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

/// The file that holds the reserve.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    wanted: u64,
    held: u64,
}

impl Reserve {
    /// Sets `wanted` bytes aside in `folder`; [`Self::held`] says how many it came to.
    pub fn take(folder: &Path, wanted: u64) -> Self {
        let mut reserve = Self { path: folder.join("reserve"), wanted, held: 0 };
        reserve.refill();
        reserve
    }

    /// Bytes set aside now.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Sets the bytes aside again where they were given up. False when there is still no room.
    pub fn refill(&mut self) -> bool {
        if self.held < self.wanted && allocate(&self.path, self.wanted).is_ok() {
            self.held = self.wanted;
        }
        self.held == self.wanted
    }

    /// Gives the bytes back to the filesystem; false when there were none.
    pub fn give_up(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        held > 0 && std::fs::remove_file(&self.path).is_ok()
    }
}

fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let allocated = match bytes {
        0 => Ok(()),
        _ => fallocate(&file, FallocateFlags::empty(), 0, bytes),
    };
    if allocated.is_err() {
        // Half a reserve on a full disk only takes room from others.
        drop(std::fs::remove_file(path));
    }
    Ok(allocated?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_held_given_up_and_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut reserve = Reserve::take(folder.path(), 65_536);
        assert_eq!(reserve.held(), 65_536);
        assert_eq!(std::fs::metadata(folder.path().join("reserve")).unwrap().len(), 65_536);
        assert!(reserve.give_up());
        assert!(!folder.path().join("reserve").exists());
        assert!(!reserve.give_up());
        assert!(reserve.refill());
    }
}
