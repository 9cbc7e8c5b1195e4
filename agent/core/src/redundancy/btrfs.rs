//! btrfs: what `/sys/fs/btrfs/UUID` tells anybody (btrfs(5), the kernel's `fs/btrfs/sysfs.c`): the profiles of data
//! and metadata, and each device's state and errors.

use super::{Array, Health};

/// A mounted file system as sysfs shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filesystem {
    pub uuid: String,
    /// Empty where it has none.
    pub label: String,
    /// `data`, `metadata` and `system`, each with the profiles in use by it: `raid1`, `single`, `dup`.
    pub groups: Vec<(String, Vec<String>)>,
    /// The kernel's names of those that are there.
    pub members: Vec<String>,
    pub devices: Vec<Device>,
}

/// One of its devices. sysfs does not say which name an id has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    pub id: u32,
    pub missing: bool,
    /// `error_stats`, as the kernel prints it (since 5.14): a name and a count a line, since they were reset.
    pub errors: String,
}

/// Failures that a profile survives (mkfs.btrfs(8), PROFILES).
fn tolerance(profile: &str) -> u32 {
    match profile {
        "raid1" | "raid10" | "raid5" => 1,
        "raid1c3" | "raid6" => 2,
        "raid1c4" => 3,
        _ => 0,
    }
}

impl Filesystem {
    pub fn subject(&self) -> String {
        let named = if self.label.is_empty() { &self.uuid } else { &self.label };
        format!("btrfs {named}")
    }

    /// The whole as an array: made to survive what its weakest kind of blocks is, and surviving what the weakest
    /// blocks do. A mirror that was written to while degraded keeps blocks that are not mirrored.
    pub fn array(&self) -> Array {
        let of =
            |profiles: &[String]| -> Vec<u32> { profiles.iter().map(|profile| tolerance(profile)).collect() };
        let groups: Vec<Vec<u32>> =
            self.groups.iter().map(|(_, profiles)| of(profiles)).filter(|group| !group.is_empty()).collect();
        let designed = groups.iter().filter_map(|group| group.iter().copied().max()).min().unwrap_or(0);
        let survived = groups.iter().flatten().copied().min().unwrap_or(0);
        let missing = self.devices.iter().filter(|device| device.missing).count();
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let health = if groups.is_empty() {
            Health::Unknown { why: "sysfs tells no profile".to_owned() }
        } else if missing > designed {
            Health::Lost { why: format!("{missing} devices are missing, and it survives {designed}") }
        } else {
            Health::Survives(survived.saturating_sub(missing))
        };
        Array {
            subject: self.subject(),
            level: self.level(),
            designed,
            health,
            members: self.members.clone(),
            remarks: self.remarks(designed),
        }
    }

    /// Of the data, or of whatever there is.
    fn level(&self) -> String {
        let strongest = |(_, profiles): &(String, Vec<String>)| {
            profiles.iter().max_by_key(|profile| tolerance(profile)).cloned()
        };
        self.groups.iter().find_map(strongest).unwrap_or_default()
    }

    fn remarks(&self, designed: u32) -> Vec<String> {
        let lost = self.devices.iter().filter(|device| device.missing);
        let mut remarks: Vec<String> = lost.map(|lost| format!("device {} is missing", lost.id)).collect();
        for (group, profiles) in self.groups.iter().filter(|(_, profiles)| profiles.len() > 1) {
            if let Some(weak) = profiles.iter().find(|profile| tolerance(profile) < designed) {
                remarks.push(format!(
                    "some {group} is {weak}: btrfs balance with convert makes it redundant again"
                ));
            }
        }
        remarks
    }

    /// Errors of all devices that reached the file system, and in words which.
    pub fn errors(&self) -> Option<(u64, String)> {
        let mut sum: Option<u64> = None;
        let mut words = Vec::new();
        for device in &self.devices {
            for line in device.errors.lines() {
                let Some((kind, count)) = line.split_once(' ') else { continue };
                let Ok(count) = count.trim().parse::<u64>() else { continue };
                sum = Some(sum.unwrap_or(0).saturating_add(count));
                if count > 0 {
                    words.push(format!("device {}: {kind} {count}", device.id));
                }
            }
        }
        sum.map(|sum| (sum, words.join(", ")))
    }
}
