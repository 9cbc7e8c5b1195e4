//! Real smartctl, md and LVM on emulated drives: from the hardware through the probe to the judgement, in machines of their own.

use nearmiss_tests::guest::{Drive, Guest, Image, missing};
use nearmiss_tests::process::program;
use nearmiss_tests::wait::within;
use serde_json::Value;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
const CONFIG: &str = "state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"0s\"\n[probe.filesystem]\nenabled = false\n\
                      [probe.service]\nenabled = false\n[probe.log]\nenabled = false\n[probe.host]\nenabled = false\n";
const RULES: &str = "[[disk]]\nname = \"story\"\ninterval = \"1s\"\n\
                     [[disk]]\nname = \"arrays\"\nsignal = \"disk.redundancy\"\ninterval = \"1s\"\n";
const AGENT: &str = "nearmiss-agent --config /etc/nearmiss/agent.toml";

const IDE: &str = "QEMU HARDDISK NM-IDE-1";
const NVME: &str = "QEMU NVMe Ctrl NM-NVME-1";

/// Says what is missing; in CI that is a failure.
fn cannot() -> bool {
    let missing = missing();
    assert!(
        missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"),
        "missing: {}",
        missing.join(", ")
    );
    if !missing.is_empty() {
        eprintln!("skipped: missing: {}", missing.join(", "));
    }
    !missing.is_empty()
}

fn image() -> Image {
    Image::default()
        .program(program("nearmiss-agent"))
        .unwrap()
        .file("/etc/nearmiss/agent.toml", CONFIG)
        .file("/etc/nearmiss/rules.d/story.toml", RULES)
}

async fn runs(guest: &mut Guest) {
    guest.done(&format!("{AGENT} run >/tmp/agent.log 2>&1 &")).await.unwrap();
}

/// One signal as the running agent tells it.
async fn margin(guest: &mut Guest, signal: &str, subject: &str) -> Option<Value> {
    let (_, told) = guest.run(&format!("{AGENT} check --json")).await.ok()?;
    let told: Value = serde_json::from_str(told.lines().find(|line| line.starts_with('{'))?).ok()?;
    let signals = told["signals"].as_array()?;
    signals.iter().find(|one| one["signal"] == signal && one["subject"] == subject).cloned()
}

async fn margin_that_is(guest: &mut Guest, signal: &str, subject: &str, state: &str) -> Value {
    // Nothing is accelerated there.
    within(PATIENCE, &format!("{signal} of {subject} to be {state}"), async || {
        margin(guest, signal, subject).await.filter(|margin| margin["state"] == state)
    })
    .await
}

#[tokio::test]
async fn an_nvme_drive_that_degrades_is_told_by_its_own_smartctl_and_the_drive_beside_it_is_not() {
    if cannot() {
        return;
    }
    let image = image().program("smartctl").unwrap().module("ata_piix").module("sd_mod");
    let drives = [Drive::Ide { serial: "NM-IDE-1" }, Drive::Nvme { serial: "NM-NVME-1", id: "nvme-drive" }];
    let mut guest = Guest::boot(&image, &drives).await.unwrap();
    runs(&mut guest).await;

    for drive in [IDE, NVME] {
        let well = margin_that_is(&mut guest, "disk.verdict", drive, "normal").await;
        assert_eq!((&well["value"], &well["proximity"]), (&0.0.into(), &0.0.into()), "{well}");
    }
    let hours = margin(&mut guest, "disk.temperature", IDE).await.unwrap();
    assert_eq!(hours["value"], 31.0, "as the emulated drive tells it: {hours}");

    // Reliability degraded (bit 2 of the critical warning, NVM Express base specification).
    guest.set("nvme-drive", "smart_critical_warning", 4).await.unwrap();
    let failing = margin_that_is(&mut guest, "disk.verdict", NVME, "approached").await;
    let why = failing["reasons"].to_string();
    assert!(why.contains("critical warning 0x04: reliability degraded (serial NM-NVME-1)"), "{why}");
    let beside = margin(&mut guest, "disk.verdict", IDE).await.unwrap();
    assert_eq!(beside["state"], "normal", "{beside}");

    guest.set("nvme-drive", "smart_critical_warning", 0).await.unwrap();
    margin_that_is(&mut guest, "disk.verdict", NVME, "receding").await;
}

fn two_drives() -> [Drive; 2] {
    [Drive::Virtio { id: "first" }, Drive::Virtio { id: "second" }]
}

#[tokio::test]
async fn an_md_mirror_loses_a_member_and_is_whole_when_the_kernel_has_copied_everything_back() {
    if cannot() {
        return;
    }
    let image = image().program("mdadm").unwrap().module("virtio_pci").module("virtio_blk").module("raid1");
    let mut guest = Guest::boot(&image, &two_drives()).await.unwrap();
    let create = "mdadm --create /dev/md0 --run --assume-clean --metadata=1.2 --level=1 --raid-devices=2 /dev/vda /dev/vdb";
    guest.done(create).await.unwrap();
    runs(&mut guest).await;
    let whole = margin_that_is(&mut guest, "disk.redundancy", "md0", "normal").await;
    assert_eq!(whole["value"], 1.0, "{whole}");

    guest.done("mdadm /dev/md0 --fail /dev/vdb --remove /dev/vdb").await.unwrap();
    let alone = margin_that_is(&mut guest, "disk.redundancy", "md0", "approached").await;
    assert_eq!(alone["value"], 0.0, "{alone}");
    assert!(alone["reasons"].to_string().contains("no further failure is survived"), "{alone}");

    guest.done("mdadm --zero-superblock /dev/vdb && mdadm /dev/md0 --add /dev/vdb").await.unwrap();
    let back = margin_that_is(&mut guest, "disk.redundancy", "md0", "receding").await;
    assert_eq!(back["value"], 1.0, "{back}");
}

#[tokio::test]
async fn an_lvm_mirror_whose_drive_is_gone_survives_no_more() {
    if cannot() {
        return;
    }
    let modules = ["virtio_pci", "virtio_blk", "dm-raid", "raid1"];
    let image =
        modules.into_iter().fold(image().program("lvm").unwrap().program("lvs").unwrap(), Image::module);
    let mut guest = Guest::boot(&image, &two_drives()).await.unwrap();
    let quiet = "--config 'activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }'";
    for line in [
        "lvm pvcreate QUIET /dev/vda /dev/vdb",
        "lvm vgcreate QUIET vg0 /dev/vda /dev/vdb",
        "lvm lvcreate QUIET --yes --type raid1 --mirrors 1 --nosync --size 16M --name home vg0",
    ] {
        guest.done(&line.replace("QUIET", quiet)).await.unwrap();
    }
    runs(&mut guest).await;
    let whole = margin_that_is(&mut guest, "disk.redundancy", "lvm vg0/home", "normal").await;
    assert_eq!(whole["value"], 1.0, "{whole}");

    guest.unplug("second").await.unwrap();
    // The kernel hears of it with the next thing that is written there.
    guest.done("dd if=/dev/urandom of=/dev/mapper/vg0-home bs=4k count=16 conv=fsync 2>&1").await.unwrap();
    let alone = margin_that_is(&mut guest, "disk.redundancy", "lvm vg0/home", "approached").await;
    assert_eq!(alone["value"], 0.0, "{alone}");
}
