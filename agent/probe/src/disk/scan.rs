//! Which drives there are: `smartctl --scan-open`, else the kernel's list of block devices.

use std::fs;
use std::path::Path;

use nearmiss_agent_core::config::DiskConfig;

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

/// Lines such as `/dev/sda -d scsi # /dev/sda, SCSI device`; a drive that could not be opened stands behind `#`.
fn scanned(text: &str) -> (Vec<Device>, Vec<String>) {
    let (mut devices, mut refused) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let (device, remark) = line.split_once('#').unwrap_or((line, ""));
        let mut words = device.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(name), Some("-d"), Some(kind)) => {
                devices.push(Device { name: name.to_owned(), kind: kind.to_owned() });
            }
            _ if remark.contains("open failed") => {
                let name = remark.split_whitespace().next().unwrap_or("a drive");
                refused.push(refusal(name, remark.as_bytes()));
            }
            _ => {}
        }
    }
    (devices, refused)
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
    fn a_scan_names_drives_their_type_and_those_it_may_not_open() {
        let text = "/dev/sda -d sat # /dev/sda [SAT], ATA device\n\
                    /dev/bus/0 -d megaraid,4 # /dev/bus/0 [megaraid_disk_04], SCSI device\n\
                    # /dev/sdb -d scsi # /dev/sdb, SCSI device open failed: Permission denied\n\n";
        let (devices, refused) = scanned(text);
        let told: Vec<(&str, &str)> =
            devices.iter().map(|device| (device.name.as_str(), device.kind.as_str())).collect();
        assert_eq!(told, [("/dev/sda", "sat"), ("/dev/bus/0", "megaraid,4")]);
        assert_eq!(refused, ["/dev/sdb may not be opened by this user: run the disk probe as root"]);
    }

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
