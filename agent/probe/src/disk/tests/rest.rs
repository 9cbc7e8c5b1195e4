//! A drive in standby is not woken, not missed, and not taken for a healthy one.

use super::*;

const STANDBY: &str = "smartctl 7.3 2022-02-28 r5338 [x86_64-linux] (local build)\n\
                       Device is in STANDBY mode, exit(2)\n";

#[tokio::test]
async fn the_drive_that_was_here_sleeps_and_its_values_stand() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    let awake = probe.read(&clock).await;
    drives.write("sda", STANDBY);
    let asleep = probe.read(&clock).await;
    let why = "asleep".to_owned();
    assert_eq!(asleep.readings.len(), awake.readings.len());
    assert!(measures(&asleep, "S1").iter().all(|measure| **measure == Measure::Resting { why: why.clone() }));
    assert_eq!(asleep.not_applicable, [], "that is no fault");

    drives.holds("sda", "S1");
    assert_eq!(value(&probe.read(&clock).await, "disk.pending_sectors"), Some(Measure::Value(3.0)));
}

#[tokio::test]
async fn of_a_drive_that_was_never_seen_awake_nothing_is_known_and_that_is_said_once() {
    let drives = Drives::new();
    drives.write("sda", STANDBY);
    let mut probe = drives.probe();
    let readings = probe.read(&Clock::real()).await;
    assert_eq!(readings.readings, []);
    assert_eq!(readings.not_applicable[0].why, "sda sleeps and was never seen awake: it is not woken");
    assert_eq!(probe.read(&Clock::real()).await, Readings::default());
}

#[tokio::test]
async fn a_drive_that_was_replaced_while_it_slept_is_retired_when_the_new_one_wakes() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let mut probe = drives.probe();
    let clock = Clock::real();
    probe.read(&clock).await;
    drives.write("sda", STANDBY);
    probe.read(&clock).await;
    drives.holds("sda", "S2");
    let readings = probe.read(&clock).await;
    assert!(measures(&readings, "S1").iter().all(|measure| matches!(measure, Measure::Retired { .. })));
    assert!(!measures(&readings, "S1").is_empty() && !measures(&readings, "S2").is_empty());
}
