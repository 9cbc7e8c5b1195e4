//! How a drive is spoken to: bridges that smartctl does not know, members behind a controller, JSON where there is some.

use super::*;

const UNKNOWN: &str = "smartctl 7.3 2022-02-28 r5338 [x86_64-linux] (local build)\n\
                       /dev/sdb: Unknown USB bridge [0x1234:0x5678 (0x100)]\n\
                       Please specify device type with the -d option.\n";
const REFUSED: &str =
    "# sdb -d scsi # sdb, SCSI device open failed: Unknown USB bridge [0x1234:0x5678 (0x100)]\n";

/// A drive in a bridge that smartctl does not know; it answers to `kind`.
fn bridged(kind: &str) -> Drives {
    let drives = Drives::new();
    drives.write("scan", REFUSED);
    drives.write("sdb", UNKNOWN);
    drives.holds(&format!("{kind}@sdb"), "B1");
    drives
}

fn kind(readings: &Readings, serial: &str) -> Option<(String, String)> {
    let of_drive = readings.readings.iter().find(|reading| reading.subject.ends_with(serial))?;
    Some((of_drive.labels["device"].clone(), of_drive.labels["type"].clone()))
}

#[tokio::test]
async fn a_bridge_that_smartctl_does_not_know_is_asked_in_every_way_once_and_then_in_the_one_that_works() {
    let drives = bridged("usbjmicron");
    let mut probe = drives.probe();
    let clock = Clock::real();
    let first = probe.read(&clock).await;
    let found = Some(("sdb".to_owned(), "usbjmicron".to_owned()));
    assert_eq!(kind(&first, "B1"), found, "{first:?}");
    assert_eq!(first.not_applicable, []);

    // Every other way would give another drive from here on: they are not tried any more.
    drives.holds("sat@sdb", "WRONG");
    assert_eq!(kind(&probe.read(&clock).await, "B1"), found);
    let mut restarted = drives.probe();
    let mut known = known("B1", "sdb");
    known.labels.insert("type".to_owned(), "usbjmicron".to_owned());
    restarted.expect(&known);
    assert_eq!(kind(&restarted.read(&clock).await, "B1"), found, "nor after a restart");
}

#[tokio::test]
async fn a_bridge_that_is_plugged_in_anew_is_spoken_to_as_before() {
    let drives = bridged("usbjmicron");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.read(&clock).await;
    drives.write("scan", &REFUSED.replace("sdb", "sdc"));
    drives.write("sdc", UNKNOWN);
    drives.holds("usbjmicron@sdc", "B1");
    drives.holds("sat@sdc", "WRONG");
    let readings = probe.read(&clock).await;
    assert_eq!(kind(&readings, "B1"), Some(("sdc".to_owned(), "usbjmicron".to_owned())), "{readings:?}");
    assert_eq!(kind(&readings, "WRONG"), None);
}

#[tokio::test]
async fn a_bridge_that_answers_to_nothing_is_said_once_and_not_asked_in_every_way_each_time() {
    let drives = bridged("usbjmicron");
    fs::remove_file(drives.folder.path().join("usbjmicron@sdb")).unwrap();
    let mut probe = drives.probe();
    let clock = Clock::real();
    let readings = probe.read(&clock).await;
    let [excuse] = &readings.not_applicable[..] else { panic!("{readings:?}") };
    assert!(excuse.why.ends_with("name it in [probe.disk] devices, like \"sdb -d TYPE\""), "{}", excuse.why);
    assert_eq!(readings.readings, []);

    drives.holds("usbjmicron@sdb", "B1");
    assert_eq!(probe.read(&clock).await, Readings::default(), "not before an hour has gone");
    assert!(probe.mute.contains_key("sdb"));
    let long_ago = clock.stamp().plus(Span::from_millis(-TRIED_AGAIN.as_millis()));
    probe.mute.insert("sdb".to_owned(), long_ago);
    let readings = probe.read(&clock).await;
    assert!(kind(&readings, "B1").is_some(), "{readings:?}");
    assert!(probe.mute.is_empty() && !readings.not_applicable[0].holds);
}

#[tokio::test]
async fn members_behind_a_controller_are_drives_of_their_own() {
    let drives = Drives::new();
    drives.write(
        "scan",
        "sda -d scsi # sda, SCSI device\nbus0 -d megaraid,0 # bus0 [megaraid_disk_00], SCSI device\n\
         bus0 -d megaraid,1 # bus0 [megaraid_disk_01], SCSI device\n",
    );
    drives.write(
        "sda",
        "smartctl 7.3\nVendor:               ACME\nProduct:              RAID 9361-8i\n\
         Serial number:        00aa\nSMART support is:     Unavailable - device lacks SMART capability.\n",
    );
    drives.holds("megaraid,0@bus0", "M0");
    drives.holds("megaraid,1@bus0", "M1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    let readings = probe.read(&clock).await;
    for (serial, member) in [("M0", "megaraid,0"), ("M1", "megaraid,1")] {
        assert_eq!(kind(&readings, serial), Some(("bus0".to_owned(), member.to_owned())), "{readings:?}");
    }
    let [excuse] = &readings.not_applicable[..] else { panic!("{readings:?}") };
    assert!(excuse.why.starts_with("sda (ACME RAID 9361-8i) tells nothing of its health"), "{}", excuse.why);

    // One of them is changed: the other has nothing to do with it.
    drives.holds("megaraid,1@bus0", "M2");
    let readings = probe.read(&clock).await;
    let why = "bus0 -d megaraid,1 now holds ACME SPINNER 4000 M2".to_owned();
    assert!(
        measures(&readings, "M1").iter().all(|measure| **measure == Measure::Retired { why: why.clone() })
    );
    assert!(measures(&readings, "M0").iter().all(|measure| !matches!(measure, Measure::Retired { .. })));
}

#[tokio::test]
async fn a_device_of_the_configuration_may_bring_its_type() {
    let drives = Drives::new();
    drives.holds("cciss,1@sda", "C1");
    let config = DiskConfig { devices: vec!["sda -d cciss,1".to_owned()], ..drives.config.clone() };
    let mut probe = DiskProbe::new(&config, Span::from_minutes(10), Captures::default());
    assert!(kind(&probe.read(&Clock::real()).await, "C1").is_some());
}

/// A smartctl that says which version it is, and how it was asked.
async fn asked(version: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("smartctl");
    let script = format!(
        "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n\
         if [ \"$1\" = --version ]; then echo 'smartctl {version} 2020-01-01 r1 [x86_64]'; else printf '%s\\n' \"$*\" >>asked; fi\n"
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = DiskConfig { devices: vec!["sda".to_owned()], ..DiskConfig::default() };
    config.command[0] = program.display().to_string();
    DiskProbe::new(&config, Span::from_minutes(10), Captures::default()).read(&Clock::real()).await;
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    asked.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_json_is_asked_for_where_smartctl_knows_it() {
    let rest = "-n standby -i -H -c -A -l error -l selftest -d auto sda";
    assert_eq!(asked("6.6").await, [rest]);
    assert_eq!(asked("7.0").await, [format!("--json=o {rest}")]);
}
