//! Reports of NUT 2.8.0 and apcupsd 3.14.14 as Debian 12 prints them, and the rows of an outage.

use nearmiss_shared::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::reading::{Measure, Reading, Stamp};
use nearmiss_shared::time::Span;

const UPSC: &str = "battery.charge: 100\nbattery.charge.low: 20\nbattery.runtime: 2400\nbattery.runtime.low: 120\n\
                    device.mfr: ACME\ndevice.model: 1500\ndriver.name: dummy-ups\nups.load: 20\nups.mfr: ACME\n\
                    ups.model: 1500\nups.status: OL\n";

const APCACCESS: &str = "APC      : 001,059,1258\nDATE     : 2026-11-25 04:36:27 +0000  \nHOSTNAME : vm\n\
                         VERSION  : 3.14.14 (31 May 2016) debian\nUPSNAME  : lab\nDRIVER   : TEST UPS Driver\n\
                         MODEL    : Test Driver\nSTATUS   : ONLINE NOBATT \nLINEV    : 229.5 Volts\n\
                         BCHARGE  : 100.0 Percent\nTIMELEFT : 1200.0 Minutes\nMBATTCHG : 5 Percent\n\
                         STARTTIME: 2026-11-25 04:36:21 +0000  \nEND APC  : 2026-11-25 04:36:27 +0000  \n";

#[test]
fn what_upsc_prints_is_read() {
    let ups = of_nut(UPSC).unwrap();
    let expected = Ups {
        model: Some("ACME 1500".to_owned()),
        status: "OL".to_owned(),
        runtime_seconds: Some(2400.0),
        charge_percent: Some(100.0),
        low_charge_percent: Some(20.0),
        ..Ups::default()
    };
    assert_eq!(ups, expected);
    assert_eq!(of_nut("battery.charge: 100\n"), None);
    assert_eq!(listed("lab\nInit SSL without certificate database\nother\n\n"), ["lab", "other"]);
}

#[test]
fn what_apcaccess_prints_is_read() {
    let ups = of_apcupsd(APCACCESS).unwrap();
    assert_eq!((ups.name.as_deref(), ups.model.as_deref()), (Some("lab"), Some("Test Driver")));
    assert_eq!((ups.status.as_str(), ups.bad_battery, ups.on_battery), ("ONLINE NOBATT", true, false));
    assert_eq!(ups.runtime_seconds, Some(72_000.0));
    assert_eq!((ups.charge_percent, ups.low_charge_percent), (Some(100.0), Some(5.0)));
    assert_eq!(of_apcupsd("Error contacting apcupsd @ localhost:3551: Connection refused"), None);
}

fn at(boot_ms: i64) -> Stamp {
    Stamp { wall: Timestamp::from_millis(boot_ms), boot_ms }
}

fn ups(status: &str, runtime: f64, charge: f64) -> Ups {
    of_nut(&format!("ups.status: {status}\nbattery.runtime: {runtime}\nbattery.charge: {charge}\n")).unwrap()
}

/// Status and runtime of one look, each with its proximity where it has one.
fn looked(full: &mut Full, status: &str, runtime: f64, charge: f64) -> (Measure, Measure, f64) {
    let readings = judge(&ups(status, runtime, charge), "lab", Span::from_minutes(5), full, at(0));
    let near = |reading: &Reading| reading.limits.unwrap().proximity(runtime);
    (readings[0].measure.clone(), readings[1].measure.clone(), near(&readings[1]))
}

#[test]
fn an_outage_runs_from_the_full_runtime_down_to_the_time_a_shutdown_takes() {
    let mut full = Full::default();
    let (status, left, near) = looked(&mut full, "OL", 3300.0, 100.0);
    assert_eq!((status, left, near), (Measure::Value(0.0), Measure::Value(3300.0), 0.0));
    // A little more load moves nothing; a recharging battery is not full.
    looked(&mut full, "OL", 3100.0, 100.0);
    looked(&mut full, "OL CHRG", 900.0, 40.0);
    assert_eq!(full, Full(Some(3300.0)));

    let (status, left, near) = looked(&mut full, "OB DISCHRG", 1800.0, 60.0);
    assert!(matches!(&status, Measure::Trigger { reason, .. } if reason == "on battery (status OB DISCHRG)"));
    assert_eq!((left, near), (Measure::Value(1800.0), 0.5));
    let (_, left, near) = looked(&mut full, "OB DISCHRG", 300.0, 12.0);
    assert_eq!((left, near), (Measure::Value(300.0), 1.0));
    let (status, ..) = looked(&mut full, "OB LB", 200.0, 8.0);
    assert!(matches!(status, Measure::Consequence { .. }), "{status:?}");
}

#[test]
fn a_battery_that_could_never_carry_the_shutdown_is_near_on_mains_and_failed_on_battery() {
    let mut full = Full::default();
    let (status, left, _) = looked(&mut full, "OL", 240.0, 100.0);
    assert_eq!(status, Measure::Value(0.0));
    let Measure::Trigger { value: None, reason } = left else { panic!("{left:?}") };
    assert_eq!(reason, "on mains, but the battery would last 4m and an orderly shutdown takes 5m");
    let (_, left, near) = looked(&mut full, "OB", 240.0, 90.0);
    assert!(left == Measure::Value(240.0) && near > 1.0);
}

#[test]
fn words_of_the_status_decide_by_themselves() {
    for (status, expected) in
        [("OL RB", "Trigger"), ("OL FSD", "Consequence"), ("OFF", "Invalid"), ("OL TRIM", "Value")]
    {
        let (measure, ..) = looked(&mut Full::default(), status, 2400.0, 100.0);
        assert!(format!("{measure:?}").starts_with(expected), "{status}: {measure:?}");
    }
    let lost = of_apcupsd("STATUS : COMMLOST \n").unwrap();
    let readings = judge(&lost, "lab", Span::from_minutes(5), &mut Full::default(), at(0));
    assert!(
        matches!(readings.as_slice(), [Reading { measure: Measure::Invalid { .. }, .. }]),
        "{readings:?}"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_and_its_levels_are_ordered(text in "((ups.status|battery.runtime|battery.charge|STATUS|TIMELEFT|battery.charge.low|x)( ?): [-A-Z0-9.]{0,6}( Minutes)?\n){0,12}") {
        for ups in [of_nut(&text), of_apcupsd(&text)].into_iter().flatten() {
            let mut full = Full::default();
            for reading in judge(&ups, "a", Span::from_minutes(5), &mut full, at(0)) {
                prop_assert!(reading.limits.is_none_or(|limits| limits.are_ordered()), "{:?}", reading);
            }
        }
    }
}
