//! Places of backups in a temporary folder.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn probe(rules: &str) -> BackupProbe {
    BackupProbe::new(&RuleSet::parse(&[("r.toml".to_owned(), rules.to_owned())]).unwrap())
}

/// A file of `size` bytes that was written that many hours ago.
fn backup(path: &Path, size: usize, hours: u64, clock: &Clock) {
    fs::write(path, vec![b'x'; size]).unwrap();
    let now = u64::try_from(clock.wall().as_millis()).unwrap();
    let made = UNIX_EPOCH + Duration::from_millis(now - hours * 3_600_000);
    File::options().write(true).open(path).unwrap().set_modified(made).unwrap();
}

fn of<'r>(readings: &'r Readings, signal: &str) -> Option<&'r Measure> {
    readings.readings.iter().find(|reading| reading.signal == signal).map(|reading| &reading.measure)
}

#[tokio::test]
async fn a_place_is_read_and_verified_and_what_does_not_verify_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    let file = folder.path().join("db.dump");
    let clock = Clock::real();
    backup(&file, 1000, 3, &clock);
    fs::write(&good, "").unwrap();
    let check = format!("test -e {} || {{ echo 'pack 12 is damaged' >&2; exit 1; }}", good.display());
    let mut probe = probe(&format!(
        "[[backup]]\nname = \"b\"\npath = \"{}\"\nrpo = \"26h\"\ninterval = \"100ms\"\n\
         verify = [\"sh\", \"-c\", \"{check}\"]\nverify_interval = \"100ms\"\n",
        file.display()
    ));
    let first = probe.read(&clock).await;
    assert!(matches!(of(&first, "backup.age"), Some(Measure::Value(hours)) if (hours - 3.0).abs() < 0.1));
    assert_eq!(of(&first, "backup.verified_age"), None, "the first look runs nothing");
    let verified = loop {
        let looked = probe.read(&clock).await;
        if let Some(measure) = of(&looked, "backup.verified_age") {
            break measure.clone();
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(verified, Measure::Value(hours) if (hours - 3.0).abs() < 0.1), "{verified:?}");
    fs::remove_file(good).unwrap();
    let reason = loop {
        let looked = probe.read(&clock).await;
        if let Some(Measure::Trigger { reason, .. }) = of(&looked, "backup.verified_age") {
            break reason.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(reason, "verifying failed: exit status: 1: pack 12 is damaged");
}

#[tokio::test]
async fn an_empty_place_and_a_missing_one_are_said() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("*.tar"), folder.path().join("nowhere")] {
        let path = path.display();
        let mut probe = probe(&format!("[[backup]]\nname = \"b\"\npath = \"{path}\"\nrpo = \"26h\"\n"));
        let looked = probe.read(&Clock::real()).await;
        let reason = format!("no backup lies at {path}");
        assert_eq!(of(&looked, "backup.age"), Some(&Measure::Trigger { value: None, reason }));
    }
    assert_eq!(probe("").read(&Clock::real()).await.not_applicable.len(), 1);
}
