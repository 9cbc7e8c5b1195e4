//! A drive is swapped: what its place and its array say of that.

use nearmiss_agent_core::redundancy::{Array, Health};

use super::*;

fn array(left: u32, members: &[&str]) -> Array {
    Array {
        subject: "md0".to_owned(),
        level: "raid1".to_owned(),
        designed: 1,
        health: Health::Survives(left),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        remarks: Vec::new(),
    }
}

fn all(readings: &Readings, serial: &str, wanted: &Measure) -> bool {
    let of_drive = measures(readings, serial);
    !of_drive.is_empty() && of_drive.iter().all(|measure| *measure == wanted)
}

#[tokio::test]
async fn a_swapped_member_is_retired_when_its_array_is_whole_again() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.captures.keep_arrays(&[array(1, &["sda1", "sdb1"])]);
    probe.read(&clock).await;

    // md forgets the member that was taken out.
    probe.captures.keep_arrays(&[array(0, &["sdb1"])]);
    drives.holds("sda", "S2");
    let rests = Measure::Resting { why: "replaced, md0 is not whole yet".to_owned() };
    for _ in 0..2 {
        let readings = probe.read(&clock).await;
        assert!(all(&readings, "S1", &rests), "{readings:?}");
        assert!(measures(&readings, "S2").iter().all(|measure| !matches!(measure, Measure::Resting { .. })));
    }
    probe.captures.keep_arrays(&[array(1, &["sda1", "sdb1"])]);
    let why = "sda now holds ACME SPINNER 4000 S2, and md0 is whole again".to_owned();
    assert!(all(&probe.read(&clock).await, "S1", &Measure::Retired { why }));
    assert!(measures(&probe.read(&clock).await, "S1").is_empty());
}

#[tokio::test]
async fn an_array_that_the_drive_was_not_in_has_no_say() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.captures.keep_arrays(&[array(0, &["sdb1"])]);
    probe.read(&clock).await;
    drives.holds("sda", "S2");
    let why = "sda now holds ACME SPINNER 4000 S2".to_owned();
    assert!(all(&probe.read(&clock).await, "S1", &Measure::Retired { why }));
}

#[tokio::test]
async fn the_new_drive_is_the_one_that_is_missed_at_its_place() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.captures.keep_arrays(&[array(0, &["sda1", "sdb1"])]);
    probe.read(&clock).await;
    drives.holds("sda", "S2");
    probe.read(&clock).await;
    drives.write("sda", "\u{0}garbage");
    let readings = probe.read(&clock).await;
    assert!(measures(&readings, "S2").iter().all(|measure| matches!(measure, Measure::Invalid { .. })));
    assert!(all(&readings, "S1", &Measure::Resting { why: "replaced, md0 is not whole yet".to_owned() }));
}
