//! Which drives there are: `smartctl --scan-open`, else the kernel's list of block devices.

use std::fs;
use std::path::Path;

use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::smart;

use super::ask::{ask, bounded};

/// Drives asked at most.
const MAX_DEVICES: usize = 128;

/// Where a drive is found and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) name: String,
    /// smartctl's `-d`.
    pub(super) kind: String,
}

impl Device {
    pub(super) fn named(name: String) -> Self {
        Self { name, kind: "auto".to_owned() }
    }
}

/// The drives, and why others cannot be asked.
pub(super) async fn scan(config: &DiskConfig) -> (Vec<Device>, Vec<String>) {
    let program = config.command.first().cloned().unwrap_or_default();
    let argv = vec![program, "--scan-open".to_owned()];
    match ask(bounded(argv, config)).await.text {
        Ok(text) => {
            let (mut devices, mut refused) = scanned(&String::from_utf8_lossy(&text));
            if devices.is_empty() && refused.is_empty() {
                devices = listed(Path::new("/sys/block"));
            }
            devices.truncate(MAX_DEVICES);
            refused.truncate(MAX_DEVICES);
            (devices, refused)
        }
        Err(why) => (Vec::new(), vec![why]),
    }
}

fn scanned(text: &str) -> (Vec<Device>, Vec<String>) {
    let scan = smart::scan(text);
    let drives = scan.drives.into_iter().map(|found| Device { name: found.device, kind: found.kind });
    let refused = scan.refused.iter().map(|(device, why)| refusal(device, why.as_bytes()));
    (drives.collect(), refused.collect())
}

/// Whole drives of the kernel's list, without those that are made of software.
fn listed(folder: &Path) -> Vec<Device> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let real = |name: &String| ["sd", "hd", "nvme"].iter().any(|prefix| name.starts_with(prefix));
    names.into_iter().filter(real).map(|name| Device::named(format!("/dev/{name}"))).collect()
}

/// Why smartctl gave no report, and what to do, in one sentence.
pub(super) fn refusal(device: &str, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    if text.contains("Permission denied") || text.contains("Operation not permitted") {
        return format!("{device} may not be opened by this user: run the disk probe as root");
    }
    let said = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing");
    let said: String = said.chars().filter(|letter| !letter.is_control()).take(200).collect();
    format!("smartctl gives no report of {device}; it says: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_devices_are_no_drives() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["loop0", "zram0", "md0", "dm-0", "vda", "sr0", "nvme0n1", "sda"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let names: Vec<String> = listed(folder.path()).into_iter().map(|device| device.name).collect();
        assert_eq!(names, ["/dev/nvme0n1", "/dev/sda"]);
    }
}
