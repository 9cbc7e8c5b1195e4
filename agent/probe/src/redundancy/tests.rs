//! The probe on trees of files as the kernel lays them out.

use std::fs;
use std::path::Path;

use super::*;

struct Host {
    folder: tempfile::TempDir,
    probe: RedundancyProbe,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut probe = RedundancyProbe::new(Span::from_minutes(1), Captures::default());
        probe.kernel = Kernel { proc: folder.path().join("proc"), sys: folder.path().join("sys") };
        Self { folder, probe }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn md(&self, members: &str) {
        self.write(
            "proc/mdstat",
            &format!("Personalities : [raid1]\nmd0 : active raid1 {members}\n\nunused devices: <none>\n"),
        );
    }

    async fn look(&mut self) -> Vec<(String, String, Measure)> {
        let readings = self.probe.look(&Clock::real()).await.readings;
        readings.into_iter().map(|reading| (reading.signal, reading.subject, reading.measure)).collect()
    }
}

fn redundancy(subject: &str, measure: Measure) -> (String, String, Measure) {
    (REDUNDANCY.to_owned(), subject.to_owned(), measure)
}

#[tokio::test]
async fn a_host_without_arrays_says_nothing() {
    assert_eq!(Host::new().look().await, []);
}

#[tokio::test]
async fn a_whole_array_that_is_stopped_was_taken_down_and_a_degraded_one_is_dark() {
    let mut host = Host::new();
    host.md("sdb1[1] sda1[0]\n      1000 blocks super 1.2 [2/2] [UU]");
    assert_eq!(host.look().await, [redundancy("md0", Measure::Value(1.0))]);
    fs::remove_file(host.folder.path().join("proc/mdstat")).unwrap();
    let why = "md0 was taken down while it was whole".to_owned();
    assert_eq!(host.look().await, [redundancy("md0", Measure::Retired { why })]);
    assert_eq!(host.look().await, []);

    host.md("sdb1[1] sda1[0](F)\n      1000 blocks super 1.2 [2/1] [_U]");
    assert!(matches!(host.look().await[..], [(_, _, Measure::Trigger { value: Some(0.0), .. })]));
    fs::remove_file(host.folder.path().join("proc/mdstat")).unwrap();
    for _ in 0..2 {
        assert!(matches!(host.look().await[..], [(_, _, Measure::Invalid { .. })]));
    }
}

#[tokio::test]
async fn a_btrfs_with_a_missing_device_and_with_errors() {
    let mut host = Host::new();
    let uuid = Path::new("sys/fs/btrfs/299735c3-24db-4f74-9913-37c5df14ff82");
    let file = |name: &str| uuid.join(name).display().to_string();
    host.write(&file("label"), "data\n");
    host.write(&file("allocation/data/raid1/total_bytes"), "33554432\n");
    host.write(&file("allocation/data/single/total_bytes"), "0\n");
    host.write(&file("allocation/metadata/raid1/total_bytes"), "33554432\n");
    host.write(&file("devices/sda"), "");
    host.write(&file("devinfo/1/missing"), "0\n");
    host.write(&file("devinfo/1/error_stats"), "write_errs 0\nread_errs 2\n");
    host.write(&file("devinfo/2/missing"), "1\n");
    let told = host.look().await;
    let Measure::Trigger { value: Some(value), reason } = &told[0].2 else { panic!("{told:?}") };
    assert_eq!((told[0].1.as_str(), *value), ("btrfs data", 0.0));
    assert!(reason.contains("device 2 is missing"), "{reason}");
    assert_eq!(told[1], (ERRORS.to_owned(), "btrfs data".to_owned(), Measure::Value(2.0)));
}

#[tokio::test]
async fn a_degraded_array_names_the_member_whose_own_drive_is_near_failure() {
    let mut host = Host::new();
    host.md("sdb1[1] sda1[0](F)\n      1000 blocks super 1.2 [2/1] [_U]");
    host.probe.captures.keep_near("/dev/sdb", Some("ACME S2"));
    let told = host.look().await;
    assert!(
        matches!(&told[0].2, Measure::Trigger { reason, .. } if reason.contains("sdb1 (ACME S2)")),
        "{told:?}"
    );
    host.probe.captures.keep_near("/dev/sdb", None);
    let told = host.look().await;
    assert!(matches!(&told[0].2, Measure::Trigger { value: Some(0.0), .. }), "{told:?}");
}
