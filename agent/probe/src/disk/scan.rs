//! Which drives there are: `smartctl --scan-open`, else the kernel's list of block devices.

use std::fs;
use std::path::Path;

use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::smart;

use super::ask::{bounded, printed};
use super::device::Device;

/// Drives asked at most.
const MAX_DEVICES: usize = 128;

/// The drives, and why others cannot be asked.
pub(super) async fn scan(config: &DiskConfig) -> (Vec<Device>, Vec<String>) {
    let program = config.command.first().cloned().unwrap_or_default();
    let argv = vec![program, "--scan-open".to_owned()];
    match printed(bounded(argv, config)).await {
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

/// What smartctl only does not know how to speak with is asked all the same: a type may be found that works.
fn scanned(text: &str) -> (Vec<Device>, Vec<String>) {
    let scan = smart::scan(text);
    let (untyped, refused): (Vec<_>, Vec<_>) =
        scan.refused.into_iter().partition(|(_, why)| smart::is_kind_unknown(why));
    let drives = scan.drives.into_iter().map(Device::from);
    let drives = drives.chain(untyped.iter().map(|(device, _)| Device::named(device)));
    let refused = refused.iter().map(|(device, why)| refusal(device, why.as_bytes()));
    (drives.collect(), refused.collect())
}

/// Whole drives of the kernel's list, without those that are made of software.
fn listed(folder: &Path) -> Vec<Device> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let real = |name: &String| ["sd", "hd", "nvme"].iter().any(|prefix| name.starts_with(prefix));
    names.into_iter().filter(real).map(|name| Device::named(&format!("/dev/{name}"))).collect()
}

/// Why smartctl gave no report, and what to do, in one sentence.
pub(super) fn refusal(device: &str, text: &[u8]) -> String {
    let text = smart::printed(text);
    if text.contains("Permission denied") || text.contains("Operation not permitted") {
        return format!("{device} may not be opened by this user: run the disk probe as root");
    }
    if smart::is_kind_unknown(&text) {
        return format!(
            "no type of `smartctl -d` that was tried gives a report of {device}: where one is known, name it in \
             [probe.disk] devices, like \"{device} -d TYPE\""
        );
    }
    let said = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing");
    let said: String = said.chars().filter(|letter| !letter.is_control()).take(200).collect();
    format!("smartctl gives no report of {device}; it says: {said}")
}

/// What answers and is no drive.
pub(super) fn without_smart(device: &str, model: Option<&str>) -> String {
    let model = model.map_or_else(String::new, |model| format!(" ({model})"));
    format!(
        "{device}{model} tells nothing of its health: of a virtual disk watch the host below it, of a RAID controller's \
         volume its members (`smartctl --scan-open`, or [probe.disk] devices, like \"{device} -d cciss,0\")"
    )
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
