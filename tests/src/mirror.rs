//! A real btrfs mirror on loop devices: a member is lost, and another takes its place.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::run;

/// Smallest device that btrfs makes a mirror of with room to work.
const MEGABYTES: u64 = 300;

/// A mounted mirror of two devices; all is taken down when it is dropped.
pub struct Mirror {
    folder: PathBuf,
    mount: PathBuf,
    label: String,
    /// Loop devices in use.
    devices: Vec<String>,
}

impl Mirror {
    /// Makes and mounts one under `folder`, with a label that no other has.
    pub fn of_two(folder: &Path) -> Result<Self> {
        let mount = folder.join("mirror");
        fs::create_dir_all(&mount)?;
        let unique = folder.file_name().map_or_else(|| "mirror".into(), |name| name.to_string_lossy());
        let label = format!("mirror{unique}");
        let mut mirror = Self { folder: folder.to_owned(), mount, label, devices: Vec::new() };
        let (one, other) = (mirror.attach("one")?, mirror.attach("other")?);
        run("mkfs.btrfs", ["-q", "-L", &mirror.label, "-d", "raid1", "-m", "raid1", &one, &other])?;
        run("mount", [one.as_str(), &mirror.mount.to_string_lossy()])?;
        Ok(mirror)
    }

    /// As the agent names it.
    pub fn subject(&self) -> String {
        format!("btrfs {}", self.label)
    }

    /// Its second member is not there at the next mount, which comes at once.
    pub fn lose_a_member(&mut self) -> Result<()> {
        run("umount", [self.mount.as_os_str()])?;
        if let Some(lost) = self.devices.pop() {
            run("losetup", ["-d", &lost])?;
        }
        let (left, mount) = (self.devices[0].as_str(), self.mount.to_string_lossy());
        run("mount", ["-o", "degraded", left, &mount])?;
        Ok(())
    }

    /// A new device takes the place of the second, and what was written without it is mirrored again.
    pub fn replace_it(&mut self) -> Result<()> {
        let new = self.attach("new")?;
        run("btrfs", ["replace", "start", "-B", "-f", "2", &new, &self.mount.to_string_lossy()])?;
        let convert = ["-dconvert=raid1,soft", "-mconvert=raid1,soft"];
        run("btrfs", [&["balance", "start"], &convert[..], &[&self.mount.to_string_lossy()]].concat())?;
        Ok(())
    }

    fn attach(&mut self, name: &str) -> Result<String> {
        let image = self.folder.join(format!("{name}.img"));
        fs::File::create(&image)?.set_len(MEGABYTES * 1024 * 1024)?;
        let printed = run("losetup", ["--find", "--show", &image.to_string_lossy()])?;
        let device = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
        self.devices.push(device.clone());
        Ok(device)
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        drop(run("umount", [self.mount.as_os_str()]));
        for device in &self.devices {
            drop(run("losetup", ["-d", device]));
        }
    }
}
