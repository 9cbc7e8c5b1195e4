//! Guarded files in a temporary folder.

use std::fs;

use super::*;

fn probe(rules: &str) -> IntegrityProbe {
    IntegrityProbe::new(&RuleSet::parse(&[("r.toml".to_owned(), rules.to_owned())]).unwrap())
}

/// What one look says: nothing when all is as it should be.
async fn said(probe: &mut IntegrityProbe, clock: &Clock) -> String {
    loop {
        // Its pace is short; a look that came too early has nothing to say.
        if let Some(reading) = probe.read(clock).await.readings.pop() {
            return match reading.measure {
                Measure::Value(_) => String::new(),
                Measure::Trigger { reason, .. } => reason,
                Measure::Invalid { why } => why,
                other => panic!("{other:?}"),
            };
        }
    }
}

#[tokio::test]
async fn a_calibration_file_that_changes_and_comes_back_is_seen_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sensor.cal");
    fs::write(&file, "gain 1.00\n").unwrap();
    let path = folder.path().join("*.cal");
    let rules = format!("[[integrity]]\nname = \"c\"\npath = \"{}\"\ninterval = \"100ms\"\n", path.display());
    let (mut probe, clock) = (probe(&rules), Clock::real());
    assert_eq!(said(&mut probe, &clock).await, "");
    fs::write(&file, "gain 1.01\n").unwrap();
    assert_eq!(said(&mut probe, &clock).await, format!("{} was changed", file.display()));
    fs::write(&file, "gain 1.00\n").unwrap();
    assert_eq!(said(&mut probe, &clock).await, "");
    fs::remove_file(&file).unwrap();
    assert_eq!(said(&mut probe, &clock).await, format!("{} is gone", file.display()));
}

#[tokio::test]
async fn a_manifest_that_is_broken_is_said_and_one_that_is_kept_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let sums = folder.path().join("SHA256SUMS");
    fs::write(folder.path().join("empty"), "").unwrap();
    let rules = format!(
        "[[integrity]]\nname = \"m\"\npath = \"{}\"\nmanifest = \"{}\"\ninterval = \"100ms\"\n",
        folder.path().display(),
        sums.display()
    );
    let (mut probe, clock) = (probe(&rules), Clock::real());
    assert!(said(&mut probe, &clock).await.ends_with("No such file or directory (os error 2)"));
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    fs::write(&sums, format!("{empty}  empty\n")).unwrap();
    assert_eq!(said(&mut probe, &clock).await, "");
    fs::write(folder.path().join("empty"), "x").unwrap();
    assert!(said(&mut probe, &clock).await.ends_with("empty is not what the manifest says"));
    fs::write(&sums, "no sums\n").unwrap();
    assert!(said(&mut probe, &clock).await.ends_with("line 1 is no SHA-256 and name"));
}
