//! The mount table as a test writes it, and a real filesystem where the test may mount one.

use std::path::Path;
use std::process::Command;

use super::*;

fn told(blocks: u64, free: u64, available: u64, inodes: u64, inodes_available: u64) -> Space {
    Space { blocks, free, available, inodes, inodes_available }
}

#[test]
fn space_is_what_an_unprivileged_user_has() {
    for (told, free, inodes) in [
        // 50 reserved for the superuser: 100 of 950 are left.
        (told(1000, 150, 100, 200, 50), 100.0 / 950.0, Some(0.25)),
        (told(1000, 50, 0, 0, 0), 0.0, None),
        (told(1000, 10, u64::MAX - 5, 10, 20), 0.0, Some(1.0)),
        (told(1000, 1000, 1000, 10, 0), 1.0, Some(0.0)),
    ] {
        let left = left(&told);
        assert!((left.free - free).abs() < 1e-12 && left.inodes == inodes, "{told:?}: {left:?}");
    }
}

fn mount(read_only: bool) -> Mount {
    Mount {
        device_number: "7:3".to_owned(),
        root: "/".to_owned(),
        point: "/srv".to_owned(),
        kind: "ext4".to_owned(),
        source: "/dev/loop3".to_owned(),
        read_only,
    }
}

fn stamp() -> Stamp {
    Stamp { wall: nearmiss_shared::time::Timestamp::from_millis(0), boot_ms: 0 }
}

#[test]
fn nothing_left_and_a_turn_to_read_only_are_consequences() {
    let full = judge(&mount(false), Ok(told(1000, 50, 0, 10, 0)), stamp());
    let reasons: Vec<(&str, &Measure)> =
        full.iter().map(|reading| (reading.signal.as_str(), &reading.measure)).collect();
    assert_eq!(reasons[0], (READ_ONLY, &Measure::Value(0.0)));
    for (signal, of) in [(FREE, "byte"), (INODES, "inode")] {
        let reason = format!("no {of} is left on /srv for an unprivileged user");
        let expected = Measure::Consequence { value: Some(0.0), reason };
        assert!(reasons.contains(&(signal, &expected)), "{reasons:?}");
    }
    assert_eq!(full[0].labels["device"], "/dev/loop3");
    assert_eq!(full[0].labels["fstype"], "ext4");

    let turned = judge(&mount(true), Ok(told(10, 5, 5, 0, 0)), stamp());
    let expected = Measure::Consequence { value: Some(1.0), reason: "/srv turned read-only".to_owned() };
    assert_eq!(turned[0].measure, expected);
}

#[tokio::test]
async fn mounts_come_go_and_turn_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let point = folder.path().to_string_lossy().into_owned();
    let table = folder.path().join("mountinfo");
    let write = |lines: &[String]| fs::write(&table, lines.concat()).unwrap();
    let line =
        |point: &str, superblock: &str| format!("30 22 7:3 / {point} rw - ext4 /dev/loop3 {superblock}\n");
    let mut probe = FilesystemProbe::of_table(&table.to_string_lossy(), Span::from_seconds(15));
    let clock = Clock::real();

    write(&[]);
    assert_eq!(probe.read(&clock).await, Readings::default());

    write(&[line(&point, "ro")]);
    assert_eq!(probe.read(&clock).await.readings, [], "an image that was never writable");
    write(&[line(&point, "rw")]);
    let signals = |readings: &Readings| -> Vec<String> {
        readings.readings.iter().map(|reading| reading.signal.clone()).collect()
    };
    assert_eq!(signals(&probe.read(&clock).await), [READ_ONLY, FREE, INODES]);
    write(&[line(&point, "ro")]);
    assert!(matches!(probe.read(&clock).await.readings[0].measure, Measure::Consequence { .. }));

    write(&[]);
    let gone = probe.read(&clock).await;
    assert_eq!(gone.readings.len(), 3);
    assert!(gone.readings.iter().all(|reading| matches!(reading.measure, Measure::Retired { .. })));
    assert_eq!(probe.read(&clock).await, Readings::default());
}

#[tokio::test]
async fn a_mount_that_went_away_while_the_agent_was_down_is_retired() {
    let mut probe = FilesystemProbe::new(Span::from_seconds(15));
    probe.take_up(FREE, "/no/such/mount");
    probe.take_up("disk.wear", "ACME S1");
    let clock = Clock::real();
    let readings = probe.read(&clock).await.readings;
    let retired: Vec<&str> = readings
        .iter()
        .filter(|reading| matches!(reading.measure, Measure::Retired { .. }))
        .map(|reading| reading.subject.as_str())
        .collect();
    assert_eq!(retired, ["/no/such/mount"; 3]);
    assert!(readings.iter().any(|reading| reading.subject == "/" && reading.signal == FREE), "{readings:?}");
}

/// A real tmpfs that is filled to its last page. Only root may mount.
#[tokio::test]
async fn a_real_filesystem_that_appears_later_is_watched_and_its_last_byte_is_a_consequence() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let point = folder.path().join("lab data");
    fs::create_dir(&point).unwrap();
    let mut probe = FilesystemProbe::new(Span::from_seconds(15));
    let clock = Clock::real();
    probe.read(&clock).await;
    if !run("mount", &["-t", "tmpfs", "-o", "size=256k", "tmpfs"], &point) {
        return;
    }
    let subject = point.to_string_lossy().into_owned();
    let free = |readings: &Readings| {
        let found = |reading: &&Reading| reading.signal == FREE && reading.subject == subject;
        readings.readings.iter().find(found).map(|reading| reading.measure.clone())
    };
    assert_eq!(free(&probe.read(&clock).await), Some(Measure::Value(1.0)));
    fs::write(point.join("half"), vec![1; 128 * 1024]).unwrap();
    assert_eq!(free(&probe.read(&clock).await), Some(Measure::Value(0.5)));
    fs::write(point.join("rest"), vec![1; 256 * 1024]).unwrap_err();
    assert!(matches!(free(&probe.read(&clock).await), Some(Measure::Consequence { value: Some(0.0), .. })));
    assert!(run("umount", &[], &point));
    assert!(matches!(free(&probe.read(&clock).await), Some(Measure::Retired { .. })));
}

fn run(program: &str, arguments: &[&str], point: &Path) -> bool {
    Command::new(program).args(arguments).arg(point).status().is_ok_and(|status| status.success())
}
