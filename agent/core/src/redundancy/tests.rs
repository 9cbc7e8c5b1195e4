//! Arrays in their own words, whole and broken.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::reading::{Measure, Stamp};

const MDSTAT: &str = "\
Personalities : [raid1] [raid6] [raid5] [raid4] [raid10] [raid0]
md0 : active raid1 sdb1[1] sda1[0]
      976630464 blocks super 1.2 [2/2] [UU]
      bitmap: 0/8 pages [0KB], 65536KB chunk

md1 : active raid1 sdd1[1] sdc1[0](F)
      976630464 blocks super 1.2 [2/1] [_U]

md2 : active (auto-read-only) raid6 sdh[3] sdg[2] sdf[1] sde[0](F) sdi[4](S)
      1953260544 blocks super 1.2 level 6, 512k chunk, algorithm 2 [4/3] [_UUU]
      [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec

md3 : active raid10 nvme0n1p1[0] nvme1n1p1[1] nvme2n1p1[2] nvme3n1p1[3](F)
      2095104 blocks super 1.2 512K chunks 2 near-copies [4/3] [UUU_]

md4 : active raid5 sdj[0] sdk[1](F) sdl[2](F)
      2095104 blocks level 5, 64k chunk, algorithm 2 [3/1] [U__]

md5 : inactive sdm1[2](S)
      1048576 blocks

md6 : active raid0 sdn[0] sdo[1]
      4190208 blocks super 1.2 512k chunks

unused devices: <none>
";

const ZPOOL: &str = "\
  pool: tank
 state: DEGRADED
status: One or more devices are faulted in response to persistent errors.
action: Replace the faulted device, or use 'zpool clear' to mark the device repaired.
  scan: resilver in progress since Tue Nov 24 10:00:00 2026
config:

\tNAME                STATE     READ WRITE CKSUM
\ttank                DEGRADED     0     0     0
\t  raidz2-0          DEGRADED     0     0     0
\t    /dev/sda1       ONLINE       0     0     0
\t    /dev/sdb1       FAULTED      3     0     0  too many errors
\t    replacing-2     DEGRADED     0     0     0
\t      /dev/sdc1     OFFLINE      0     0     0
\t      /dev/sdd1     ONLINE       0     0     0
\t    /dev/sde1       ONLINE       0     0     0
\t  mirror-1          ONLINE       0     0     0
\t    /dev/sdf1       ONLINE       0     0     0
\t    /dev/sdg1       ONLINE       0     0     0
\t    /dev/sdh1       ONLINE       0     0     0
\tlogs
\t  /dev/nvme0n1p1    ONLINE       0     0     0
\tspares
\t  /dev/sdz          AVAIL

errors: No known data errors

  pool: backup
 state: ONLINE
  scan: none requested
config:

\tNAME        STATE     READ WRITE CKSUM
\tbackup      ONLINE       0     0     0
\t  /dev/sdy  ONLINE       0     0     0

errors: No known data errors

  pool: old
 state: ONLINE
config:

\tNAME        STATE     READ WRITE CKSUM
\told         ONLINE       0     0     0
\t  mirror-0  ONLINE       0     0     0
\t    sdv     ONLINE       0     0     0
\t    sdw     ONLINE       0     0     0

errors: 4 data errors, use '-v' for a list
";

const LVS: &str = r#"{"report": [{"lv": [
 {"vg_name":"vg0","lv_name":"home","segtype":"raid1","stripes":"2","lv_attr":"rwi-aor-p-","lv_health_status":"partial","devices":"home_rimage_0(0),home_rimage_1(0)"},
 {"vg_name":"vg0","lv_name":"[home_rimage_0]","segtype":"linear","stripes":"1","lv_attr":"iwi-aor---","lv_health_status":"","devices":"/dev/sda1(1)"},
 {"vg_name":"vg0","lv_name":"[home_rimage_1]","segtype":"linear","stripes":"1","lv_attr":"iwi-aor-p-","lv_health_status":"partial","devices":"[unknown](1)"},
 {"vg_name":"vg0","lv_name":"root","segtype":"linear","stripes":"1","lv_attr":"-wi-ao----","lv_health_status":"","devices":"/dev/sda2(0)"}
]}]}"#;

fn named<'a>(arrays: &'a [Array], subject: &str) -> &'a Array {
    arrays.iter().find(|array| array.subject == subject).unwrap_or_else(|| panic!("no {subject}: {arrays:?}"))
}

#[test]
fn md_arrays_survive_what_their_level_leaves() {
    let arrays = md::arrays(MDSTAT, |_| None);
    for (name, level, designed, health) in [
        ("md0", "raid1", 1, Some(1)),
        ("md1", "raid1", 1, Some(0)),
        ("md2", "raid6", 2, Some(1)),
        ("md3", "raid10", 1, Some(0)),
        ("md4", "raid5", 1, None),
        ("md5", "unknown", 0, None),
        ("md6", "raid0", 0, Some(0)),
    ] {
        let array = named(&arrays, name);
        assert_eq!((array.level.as_str(), array.designed), (level, designed), "{name}");
        match (&array.health, health) {
            (Health::Survives(left), Some(expected)) => assert_eq!(*left, expected, "{name}"),
            (Health::Survives(_), None) | (_, Some(_)) => panic!("{array:?}"),
            _ => {}
        }
    }
    assert!(matches!(named(&arrays, "md4").health, Health::Lost { .. }));
    assert!(matches!(named(&arrays, "md5").health, Health::Unknown { .. }));
    assert_eq!(named(&arrays, "md1").members, ["sdd1"]);
    let remarks = ["sde is faulty", "1 of 4 members do not work", "recovery at 12.6%"];
    assert_eq!(named(&arrays, "md2").remarks, remarks);
}

#[test]
fn the_kernels_own_word_that_an_array_is_broken_counts() {
    let arrays = md::arrays(MDSTAT, |name| (name == "md6").then(|| "broken".to_owned()));
    assert!(matches!(named(&arrays, "md6").health, Health::Lost { .. }));
}

#[test]
fn a_pool_survives_what_its_weakest_vdev_does_and_data_errors_are_a_loss() {
    let pools = zfs::pools(ZPOOL);
    let tank = named(&pools, "zfs tank");
    assert_eq!((tank.designed, &tank.health), (2, &Health::Survives(1)));
    assert_eq!(tank.level, "raidz2");
    let remarks = ["/dev/sdb1 is FAULTED: too many errors", "/dev/sdc1 is OFFLINE", "resilvering"];
    assert_eq!(tank.remarks, remarks);
    assert_eq!(named(&pools, "zfs backup").designed, 0);
    assert!(matches!(named(&pools, "zfs old").health, Health::Lost { .. }));
}

#[test]
fn an_lvm_volume_whose_image_lies_on_a_missing_device_is_degraded() {
    let volumes = lvm::volumes(LVS).unwrap();
    assert_eq!(volumes.len(), 1);
    let home = named(&volumes, "lvm vg0/home");
    assert_eq!((home.designed, &home.health), (1, &Health::Survives(0)));
    assert_eq!(home.members, ["/dev/sda1"]);
    assert!(lvm::volumes("{}").is_err());
}

#[test]
fn a_btrfs_survives_what_its_weakest_profile_does() {
    let device = |id, missing| Device { id, missing, errors: String::new() };
    let group = |name: &str, profiles: &str| {
        (name.to_owned(), profiles.split_whitespace().map(str::to_owned).collect::<Vec<String>>())
    };
    for (data, metadata, missing, designed, health) in [
        ("raid1", "raid1", 0, 1, Some(1)),
        ("raid1c3", "raid1c4", 1, 2, Some(1)),
        ("raid1", "raid1", 1, 1, Some(0)),
        // As mkfs makes it by default over several devices: its data were never redundant.
        ("single", "raid1", 0, 0, Some(0)),
        // Written to while a member was missing.
        ("raid1 single", "raid1 single", 0, 1, Some(0)),
        ("raid1", "raid1", 2, 1, None),
        ("", "", 0, 0, None),
    ] {
        let system = Filesystem {
            label: "data".to_owned(),
            groups: vec![group("data", data), group("metadata", metadata)],
            devices: (0..3).map(|id| device(id, id < missing)).collect(),
            ..Filesystem::default()
        };
        let array = system.array();
        assert_eq!(array.designed, designed, "{data}");
        let left = match array.health {
            Health::Survives(left) => Some(left),
            _ => None,
        };
        assert_eq!(left, health, "{data} {missing}");
        assert_eq!(array.remarks.iter().any(|remark| remark.contains("balance")), data == "raid1 single");
    }
}

#[test]
fn errors_that_reached_a_btrfs_are_added_and_named() {
    let errors = "write_errs 0\nread_errs 3\nflush_errs 0\ncorruption_errs 2\ngeneration_errs 0\n".to_owned();
    let device = Device { id: 1, missing: false, errors };
    let system = Filesystem { devices: vec![device], ..Filesystem::default() };
    assert_eq!(system.errors(), Some((5, "device 1: read_errs 3, device 1: corruption_errs 2".to_owned())));
    assert_eq!(Filesystem::default().errors(), None);
}

fn judged(array: &Array, near: &[(&str, &str)]) -> (f64, String) {
    let near: BTreeMap<String, String> =
        near.iter().map(|(device, drive)| ((*device).to_owned(), (*drive).to_owned())).collect();
    let at = Stamp { wall: Timestamp::from_millis(0), boot_ms: 0 };
    let reading = readings(std::slice::from_ref(array), &near, at).pop().unwrap();
    let limits = reading.limits.unwrap();
    assert!(limits.are_ordered(), "{limits:?}");
    match reading.measure {
        Measure::Value(value) => (limits.proximity(value), String::new()),
        Measure::Trigger { value, reason } => (limits.proximity(value.unwrap()), reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_degraded_array_with_a_second_drive_near_failure_is_the_closest_call() {
    let arrays = md::arrays(MDSTAT, |_| None);
    let near = [("sda", "ACME S1"), ("sdd", "ACME S4"), ("sdg", "ACME S7")];
    let (whole, said) = judged(named(&arrays, "md0"), &near);
    assert_eq!((whole, said.as_str()), (0.0, ""), "one near member of a whole array speaks for itself");
    let (degraded, _) = judged(named(&arrays, "md1"), &[]);
    let (closest, said) = judged(named(&arrays, "md1"), &near);
    assert!(degraded < closest && closest < 1.0, "{degraded} {closest}");
    assert!(said.contains("sdd1 (ACME S4) is itself near failure: the closest call there is"), "{said}");
    let (raid6, _) = judged(named(&arrays, "md2"), &[]);
    assert!(raid6 < degraded, "with one failure left it is farther off than with none");
}

#[test]
fn members_are_told_to_their_drives() {
    for (member, drive) in [
        ("sda1", "sda"),
        ("/dev/sdaa12", "sdaa"),
        ("sdb", "sdb"),
        ("nvme0n1p2", "nvme0"),
        ("/dev/nvme12n1", "nvme12"),
        ("/dev/nvme0", "nvme0"),
        ("mmcblk0p1", "mmcblk0"),
        ("loop7", "loop7"),
    ] {
        assert_eq!(drive_of(member), drive);
    }
}

proptest! {
    #[test]
    fn whatever_the_text_nothing_panics(text in "(?s).{0,400}") {
        drop(md::arrays(&text, |_| None));
        drop(zfs::pools(&text));
        drop(lvm::volumes(&text));
        let pieces = format!("md0 : active {text}\n      {text}\n  pool: x\n\t{text}\n");
        drop(md::arrays(&pieces, |_| None));
        drop(zfs::pools(&pieces));
        assert!(text.contains(drive_of(&text)));
    }
}
