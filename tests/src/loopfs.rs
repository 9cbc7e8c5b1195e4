//! A small real ext4 on a loop device, mounted for the length of a story.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::run;

/// A mounted filesystem; unmounted when it is dropped.
pub struct LoopFilesystem {
    mount: PathBuf,
}

impl LoopFilesystem {
    /// Makes and mounts an ext4 of `megabytes` MiB without reserved blocks under `folder`.
    pub fn ext4(folder: &Path, megabytes: u64) -> Result<Self> {
        let image = folder.join("disk.img");
        let mount = folder.join("disk");
        fs::create_dir_all(&mount)?;
        fs::File::create(&image)?.set_len(megabytes * 1024 * 1024)?;
        run("/sbin/mkfs.ext4", ["-q", "-m", "0", "-F", &image.to_string_lossy()])?;
        run("mount", ["-o", "loop", &image.to_string_lossy(), &mount.to_string_lossy()])?;
        Ok(Self { mount })
    }

    pub fn path(&self) -> &Path {
        &self.mount
    }

    /// The mount point as the kernel names it.
    pub fn subject(&self) -> String {
        self.mount.canonicalize().unwrap_or_else(|_| self.mount.clone()).to_string_lossy().into_owned()
    }

    /// Writes real bytes until at most `fraction` of the filesystem is free.
    pub fn fill_to_free(&self, fraction: f64) -> Result<()> {
        let space = rustix::fs::statvfs(&self.mount)?;
        let keep = (space.f_blocks as f64 * fraction) as u64;
        let bytes = space.f_bavail.saturating_sub(keep) * space.f_frsize;
        let name = format!("ballast-{}", space.f_bavail);
        fs::write(self.mount.join(name), vec![0x5a; usize::try_from(bytes)?])?;
        Ok(())
    }

    /// Writes until nothing more goes in.
    pub fn fill_to_the_brim(&self) -> Result<()> {
        let mut file = fs::File::create(self.mount.join("ballast-brim"))?;
        // Large pieces stop short of the last blocks; block-sized ones take those too.
        for piece in [&[0x5a; 65_536][..], &[0x5a; 1024]] {
            loop {
                match file.write_all(piece).and_then(|()| file.sync_data()) {
                    Err(fault) if fault.kind() == ErrorKind::StorageFull => break,
                    other => other?,
                }
            }
        }
        Ok(())
    }

    /// Removes what [`Self::fill_to_free`] wrote.
    pub fn free(&self) -> Result<()> {
        for entry in fs::read_dir(&self.mount)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("ballast-") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for LoopFilesystem {
    fn drop(&mut self) {
        drop(run("umount", ["-l".as_ref(), self.mount.as_os_str()]));
    }
}
