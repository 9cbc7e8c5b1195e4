//! A folder seen through a user-space filesystem: as on a network's, the kernel tells nobody what happens behind it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::run;

/// A folder and its mount; unmounted when it is dropped.
pub struct SilentMount {
    behind: PathBuf,
    mount: PathBuf,
}

impl SilentMount {
    /// Makes both below `folder`; `None` where bindfs is not installed or may not mount.
    pub fn make(folder: &Path) -> Result<Option<Self>> {
        let (behind, mount) = (folder.join("behind"), folder.join("mount"));
        for folder in [&behind, &mount] {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let made = run("bindfs", ["--no-allow-other".as_ref(), behind.as_os_str(), mount.as_os_str()]);
        Ok(made.is_ok().then_some(Self { behind, mount }))
    }

    /// The folder as another host writes to it.
    pub fn behind(&self) -> &Path {
        &self.behind
    }

    /// The folder as it is seen here.
    pub fn path(&self) -> &Path {
        &self.mount
    }
}

impl Drop for SilentMount {
    fn drop(&mut self) {
        drop(run("umount", ["-l".as_ref(), self.mount.as_os_str()]));
    }
}
