//! Places of backups, day after day.

use super::*;

const DAY: Span = Span::from_days(1);

fn rule(more: &str) -> BackupRule {
    let text = format!("[[backup]]\nname = \"b\"\npath = \"/b/*.tar\"\nrpo = \"50h\"\n{more}");
    let rules = crate::rule::RuleSet::parse(&[("r.toml".to_owned(), text)]).unwrap();
    match rules.declared().next().unwrap().1 {
        crate::rule::Declared::Backup(rule) => rule.clone(),
        other => panic!("{other:?}"),
    }
}

fn at(day: i64) -> Stamp {
    let wall = Timestamp::from_millis(0).plus(DAY.times(100 + day));
    Stamp { wall, boot_ms: wall.as_millis() }
}

/// A backup of `size` bytes made on that day at midnight.
fn made(day: i64, size: u64) -> BackupFile {
    BackupFile { path: format!("/b/{day}.tar"), size, modified: at(day).wall }
}

fn measure(readings: &[Reading], signal: &str) -> Option<Measure> {
    readings.iter().find(|reading| reading.signal == signal).map(|reading| reading.measure.clone())
}

#[test]
fn the_newest_complete_file_counts() {
    let mut place = BackupPlace::default();
    let mut now = at(2);
    now.wall = now.wall.plus(Span::from_seconds(30));
    let mut unfinished = made(1, 900);
    unfinished.path = "/b/next.tar.part".to_owned();
    let files =
        [made(0, 1000), made(2, 500), made(9, 1000), BackupFile { size: 0, ..made(1, 0) }, unfinished];
    let readings = place.judge(&rule(""), &files, now);
    let hours = 48.0 + 30.0 / 3600.0;
    assert_eq!(
        measure(&readings, AGE),
        Some(Measure::Value(hours)),
        "the others are too new, empty or unfinished"
    );
    assert_eq!(readings[0].labels["newest"], "/b/0.tar");
}

#[test]
fn an_empty_place_is_near_and_one_that_was_emptied_has_failed() {
    let mut place = BackupPlace::default();
    let never = place.judge(&rule(""), &[], at(0));
    assert!(matches!(measure(&never, AGE), Some(Measure::Trigger { value: None, .. })), "{never:?}");
    let unfinished = BackupPlace::default().judge(&rule(""), &[made(0, 0)], at(1));
    let told = |readings: &[Reading]| match measure(readings, AGE) {
        Some(Measure::Trigger { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(told(&unfinished).starts_with("no complete backup lies at /b/*.tar: 1 there"), "{unfinished:?}");
    let small = BackupPlace::default().judge(&rule("min_bytes = 1024\n"), &[made(0, 5)], at(1));
    assert_eq!(told(&small), "/b/0.tar holds 5 bytes, less than 1024");
    let there = place.judge(&rule(""), &[made(0, 1000)], at(1));
    let mut restarted = BackupPlace::default();
    restarted.resume(AGE, &there[0].labels);
    let gone = restarted.judge(&rule(""), &[], at(2));
    let reason = "no backup is left at /b/*.tar; the last was /b/0.tar".to_owned();
    assert_eq!(measure(&gone, AGE), Some(Measure::Consequence { value: Some(48.0), reason }));
}

#[test]
fn a_file_that_is_too_small_is_told_and_does_not_count() {
    let mut place = BackupPlace::default();
    let readings = place.judge(&rule("min_bytes = 100\n"), &[made(0, 1000), made(1, 12)], at(2));
    let reason = "/b/1.tar holds 12 bytes, less than 100".to_owned();
    assert_eq!(measure(&readings, AGE), Some(Measure::Trigger { value: Some(48.0), reason }));
}

#[test]
fn a_shrinking_backup_is_told_beside_the_usual_size_which_outlives_rotation_and_restart() {
    let mut place = BackupPlace::default();
    let mut labels = BTreeMap::new();
    for day in 0..4 {
        let readings = place.judge(&rule(""), &[made(day, 1000 + day as u64)], at(day + 1));
        assert_eq!(measure(&readings, SIZE_RATIO).is_some(), day == 3, "three before it make a usual size");
        labels.clone_from(&readings[0].labels);
    }
    let mut restarted = BackupPlace::default();
    restarted.resume(AGE, &labels);
    let readings = restarted.judge(&rule(""), &[made(4, 250)], at(5));
    let Some(Measure::Value(ratio)) = measure(&readings, SIZE_RATIO) else { panic!("{readings:?}") };
    assert!((ratio - 0.25).abs() < 0.01, "{ratio}");
    let folder = BackupRule { path: "/b".to_owned(), ..rule("") };
    assert_eq!(measure(&restarted.judge(&folder, &[made(5, 1)], at(6)), SIZE_RATIO), None);
}

#[test]
fn a_backup_that_does_not_verify_goes_on_ageing_and_says_why() {
    let rule = rule("verify = [\"restic\", \"check\"]\n");
    let mut place = BackupPlace::default();
    assert_eq!(place.to_verify(&rule, at(0).wall), None, "there is nothing to verify");
    let first = place.judge(&rule, &[made(0, 9)], at(1));
    assert_eq!(measure(&first, VERIFIED_AGE), None);
    let backup = place.to_verify(&rule, at(1).wall).unwrap();
    place.verified(backup, Ok(()), at(1).wall);
    assert_eq!(place.to_verify(&rule, at(1).wall), None, "once a day is enough");

    let good = place.judge(&rule, &[made(0, 9), made(1, 9)], at(2));
    assert_eq!(measure(&good, VERIFIED_AGE), Some(Measure::Value(48.0)));
    let backup = place.to_verify(&rule, at(2).wall).unwrap();
    place.verified(backup, Err("pack is damaged".to_owned()), at(2).wall);
    let bad = place.judge(&rule, &[made(0, 9), made(1, 9)], at(3));
    let reason = "verifying failed: pack is damaged".to_owned();
    assert_eq!(measure(&bad, VERIFIED_AGE), Some(Measure::Trigger { value: Some(72.0), reason }));
    assert_eq!(measure(&bad, AGE), Some(Measure::Value(48.0)), "the newest is as young as ever");

    let mut restarted = BackupPlace::default();
    bad.iter().for_each(|reading| restarted.resume(&reading.signal, &reading.labels));
    let after = restarted.judge(&rule, &[made(0, 9), made(1, 9)], at(3));
    assert_eq!(after, bad, "a restart forgets nothing");
}
