//! The disk probe on a smartctl of the tests' own, and on the real one with a recorded drive.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use std::collections::BTreeMap;

use super::*;

mod kinds;
mod outlook;
mod rest;
mod swap;

const REPORT: &str = "smartctl 7.3 2022-02-28 r5338 [x86_64-linux] (local build)

=== START OF INFORMATION SECTION ===
Device Model:     ACME SPINNER 4000
Serial Number:    {serial}
Firmware Version: 1.0

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: PASSED

SMART Attributes Data Structure revision number: 10
Vendor Specific SMART Attributes with Thresholds:
ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
  5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       12
197 Current_Pending_Sector  0x0012   100   100   000    Old_age   Always       -       3
";

/// A smartctl of our own: answers a scan with one drive, and each question with the file of type and device (`sat@sda`), else
/// with the one of the device's name.
struct Drives {
    folder: tempfile::TempDir,
    config: DiskConfig,
}

impl Drives {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("smartctl");
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\n\
                      if [ \"$1\" = --scan-open ]; then cat scan\n\
                      elif [ -e \"$1@$2\" ]; then cat \"$1@$2\"; else cat \"$2\"; fi\nexit 64\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let command = vec![program.display().to_string(), "{type}".to_owned(), "{device}".to_owned()];
        let drives = Self { folder, config: DiskConfig { command, ..DiskConfig::default() } };
        drives.plug(&["sda"]);
        drives
    }

    fn plug(&self, names: &[&str]) {
        let lines: String =
            names.iter().map(|name| format!("{name} -d sat # {name}, ATA device\n")).collect();
        self.write("scan", &lines);
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn holds(&self, name: &str, serial: &str) {
        self.write(name, &REPORT.replace("{serial}", serial));
    }

    fn probe(&self) -> DiskProbe {
        DiskProbe::new(&self.config, Span::from_minutes(10), Captures::default())
    }
}

fn value(readings: &Readings, signal: &str) -> Option<Measure> {
    readings.readings.iter().find(|reading| reading.signal == signal).map(|reading| reading.measure.clone())
}

#[tokio::test]
async fn a_drive_is_its_model_and_serial_and_its_report_is_kept() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let readings = probe.read(&Clock::real()).await;
    assert_eq!(value(&readings, "disk.pending_sectors"), Some(Measure::Value(3.0)), "{readings:?}");
    assert!(readings.readings.iter().all(|reading| reading.subject == "ACME SPINNER 4000 S1"));
    assert!(readings.readings.iter().all(|reading| reading.labels["device"] == "sda"));
    let report = probe.captures.report("ACME SPINNER 4000 S1").unwrap();
    assert!(
        report.text.starts_with(b"smartctl 7.3") && report.method.ends_with("smartctl sat sda"),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_replaced_drive_is_retired_and_a_vanished_one_is_not_read() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.read(&clock).await;

    drives.holds("sda", "S2");
    let readings = probe.read(&clock).await;
    let retired: Vec<&Reading> =
        readings.readings.iter().filter(|reading| reading.subject.ends_with("S1")).collect();
    assert!(!retired.is_empty());
    let why = "sda now holds ACME SPINNER 4000 S2".to_owned();
    assert!(
        retired.iter().all(|reading| reading.measure == Measure::Retired { why: why.clone() }),
        "{retired:?}"
    );

    drives.plug(&["sdb"]);
    drives.holds("sdb", "S3");
    let readings = probe.read(&clock).await;
    let gone: Vec<&Measure> = readings
        .readings
        .iter()
        .filter(|reading| reading.subject.ends_with("S2"))
        .map(|reading| &reading.measure)
        .collect();
    assert!(gone.contains(&&Measure::Invalid { why: "sda is gone".to_owned() }), "{gone:?}");

    drives.plug(&["sdb", "sdc"]);
    drives.holds("sdc", "S2");
    let readings = probe.read(&clock).await;
    let again = readings.readings.iter().any(|reading| {
        reading.subject.ends_with("S2")
            && reading.labels["device"] == "sdc"
            && matches!(reading.measure, Measure::Value(_))
    });
    assert!(again, "a drive keeps its name in another slot: {readings:?}");
}

/// What the store has of a drive that was at `device` before a restart.
fn known(serial: &str, device: &str) -> Known {
    Known {
        signal: "disk.pending_sectors".to_owned(),
        subject: format!("ACME SPINNER 4000 {serial}"),
        labels: BTreeMap::from([("device".to_owned(), device.to_owned())]),
        past: Vec::new(),
    }
}

fn measures<'a>(readings: &'a Readings, serial: &str) -> Vec<&'a Measure> {
    let of_drive = readings.readings.iter().filter(|reading| reading.subject.ends_with(serial));
    of_drive.map(|reading| &reading.measure).collect()
}

#[tokio::test]
async fn a_drive_that_was_replaced_while_the_agent_was_down_is_retired() {
    let drives = Drives::new();
    drives.holds("sda", "S2");
    let mut probe = drives.probe();
    probe.expect(&known("S1", "sda"));
    probe.expect(&Known { signal: "disk.free".to_owned(), subject: "/".to_owned(), ..Known::default() });
    let readings = probe.read(&Clock::real()).await;
    let why = "sda now holds ACME SPINNER 4000 S2".to_owned();
    assert_eq!(measures(&readings, "S1"), [&Measure::Retired { why }]);
    assert!(measures(&probe.read(&Clock::real()).await, "S1").is_empty(), "it is said once");
}

#[tokio::test]
async fn a_drive_that_does_not_come_back_is_not_replaced_by_one_that_was_there_before() {
    let drives = Drives::new();
    drives.holds("sda", "S2");
    let mut probe = drives.probe();
    probe.expect(&known("S1", "sda"));
    probe.expect(&known("S2", "sdb"));
    for _ in 0..2 {
        let readings = probe.read(&Clock::real()).await;
        let why = "sda is gone".to_owned();
        assert_eq!(measures(&readings, "S1"), [&Measure::Invalid { why }], "names moved up, S1 is dead");
    }
    drives.plug(&["sda", "sdb"]);
    drives.holds("sdb", "S3");
    let readings = probe.read(&Clock::real()).await;
    assert!(matches!(measures(&readings, "S1")[..], [Measure::Invalid { .. }]), "{readings:?}");
}

#[tokio::test]
async fn what_gives_no_report_is_not_read_when_it_was_known_and_not_applicable_when_it_was_not() {
    let drives = Drives::new();
    drives.write("sda", "Smartctl open device: sda failed: Permission denied\n");
    let clock = Clock::real();
    let readings = drives.probe().read(&clock).await;
    assert_eq!(readings.readings, []);
    assert_eq!(
        readings.not_applicable[0].why,
        "sda may not be opened by this user: run the disk probe as root"
    );

    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    probe.read(&clock).await;
    drives.write("sda", "\u{0}garbage");
    let readings = probe.read(&clock).await;
    assert!(
        matches!(value(&readings, "disk.pending_sectors"), Some(Measure::Invalid { .. })),
        "{readings:?}"
    );
    assert_eq!(readings.not_applicable, []);
}

#[tokio::test]
async fn a_drive_that_does_not_answer_is_given_up() {
    let drives = Drives::new();
    let config = DiskConfig {
        command: ["sh", "-c", "exec sleep 600", "{device}"].map(str::to_owned).to_vec(),
        devices: vec!["sda".to_owned()],
        timeout: Span::from_millis(100),
        ..drives.config
    };
    let mut probe = DiskProbe::new(&config, Span::from_minutes(10), Captures::default());
    let readings = probe.read(&Clock::real()).await;
    assert!(readings.not_applicable[0].why.contains("gave no answer"), "{readings:?}");
}

#[tokio::test]
async fn a_host_without_the_tool_or_without_drives_says_so_once() {
    let clock = Clock::real();
    let config =
        DiskConfig { command: vec!["/no/such/smartctl".into(), "{device}".into()], ..DiskConfig::default() };
    let mut probe = DiskProbe::new(&config, Span::from_minutes(10), Captures::default());
    let readings = probe.read(&clock).await;
    assert_eq!(
        readings.not_applicable[0].why,
        "/no/such/smartctl is not there: install the package smartmontools"
    );
    assert_eq!(probe.read(&clock).await, Readings::default());
}

fn replays() -> Vec<PathBuf> {
    let corpus = std::env::var("NEARMISS_CORPUS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus").to_owned());
    let entries = fs::read_dir(Path::new(&corpus).join("smart/replay")).into_iter().flatten().flatten();
    let mut dumps: Vec<PathBuf> = entries.map(|entry| entry.path().join("ioctl-dump.txt")).collect();
    dumps.retain(|dump| dump.exists());
    dumps.sort();
    dumps
}

/// The real smartctl answers from a dump of a real drive on its standard input.
#[tokio::test]
async fn a_real_smartctl_replays_a_drive_through_the_probe() {
    let has_tool = std::process::Command::new("smartctl").arg("--version").output().is_ok();
    let Some(dump) = replays().into_iter().next().filter(|_| has_tool) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "smartctl and the corpus are needed in CI");
        println!("skipped: no smartctl or no corpus");
        return;
    };
    let config = DiskConfig {
        command: ["smartctl", "-a", "-"].map(str::to_owned).to_vec(),
        stdin: dump.display().to_string(),
        ..DiskConfig::default()
    };
    let captures = Captures::default();
    let mut probe = DiskProbe::new(&config, Span::from_minutes(10), captures.clone());
    let readings = probe.read(&Clock::real()).await;
    let subject = readings.readings[0].subject.clone();
    assert!(readings.readings.iter().any(|reading| reading.signal == "disk.verdict"), "{readings:?}");
    assert!(captures.report(&subject).is_some());
}
