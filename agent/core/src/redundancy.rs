//! Arrays: how many more of their members may fail before data are lost.
//!
//! Linux md, ZFS, btrfs and LVM RAID, each from its own words, as one thing: the failures that the layout survives
//! when whole, and those that it still survives now. Where both depend on which member fails next, the fewest count.

mod btrfs;
mod judge;
mod lvm;
mod md;
mod zfs;

pub use btrfs::{Device, Filesystem};
pub use judge::readings;
pub use lvm::volumes;
pub use md::arrays;
pub use zfs::pools;

/// An array as one look found it.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// `md0`, `zfs tank`, `btrfs data`, `lvm vg0/home`.
    pub subject: String,
    /// In its maker's words: `raid6`, `mirror`, `raid1c3`.
    pub level: String,
    /// Failures that the layout survives when every member is well.
    pub designed: u32,
    pub health: Health,
    /// The members that are there, as the kernel or the tool names them.
    pub members: Vec<String>,
    /// What is wrong with it or goes on in it, in words.
    pub remarks: Vec<String>,
}

/// What is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works and survives this many more failures.
    Survives(u32),
    /// It does not work any more, or has lost data.
    Lost { why: String },
    /// It says too little to tell.
    Unknown { why: String },
}

impl Array {
    pub const fn is_redundant(&self) -> bool {
        self.designed > 0
    }

    /// Every failure that its layout survives by design would be survived now.
    pub const fn is_whole(&self) -> bool {
        matches!(self.health, Health::Survives(left) if left >= self.designed)
    }
}

/// The kernel's name of the whole drive that a member lies on: `sda` for `/dev/sda1`, `mmcblk0` for `mmcblk0p1`. Of NVMe
/// it is the controller, as smartctl names it: `nvme0` for `nvme0n1p2`.
pub fn drive_of(member: &str) -> &str {
    let name = member.strip_prefix("/dev/").unwrap_or(member);
    if let Some(numbered) = name.strip_prefix("nvme") {
        let rest = numbered.trim_start_matches(|letter: char| letter.is_ascii_digit());
        return name.strip_suffix(rest).unwrap_or(name);
    }
    let digits = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if digits.len() == name.len() {
        return name;
    }
    let numbered = ["mmcblk", "loop", "md", "nbd"].iter().any(|prefix| name.starts_with(prefix));
    match (numbered, digits.strip_suffix('p')) {
        (true, Some(drive)) if drive.ends_with(|letter: char| letter.is_ascii_digit()) => drive,
        (true, _) => name,
        (false, _) => digits,
    }
}

#[cfg(test)]
mod tests;
