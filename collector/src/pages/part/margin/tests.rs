//! The fleet's margins: order, age, and the sentence when nothing approaches.

use nearmiss_shared::vocabulary::Category;
use nearmiss_shared::wire::v1::Resting;

use super::*;
use crate::pages::sample::NOW;

fn closeness_of(proximity: f64, failure: Option<f64>) -> Closeness {
    Closeness {
        category: Category::Certificate,
        physical: Physical::Normal,
        proximity: Some(proximity),
        peak: None,
        tick: 0.7,
        ordinal: false,
        no_redundancy: false,
        failure,
        drill: false,
        back_since: None,
        judged_at: None,
    }
}

fn margin(what: &str, closeness: Closeness, stale: bool) -> Margin {
    Margin {
        client: "Apex Lab".into(),
        host: "lab-srv-03".into(),
        what: what.into(),
        signal: "certificate.days_left".into(),
        bar: closeness.bar(),
        failure: failure(&closeness),
        value: String::new(),
        levels: String::new(),
        state: "normal".into(),
        stale,
        read: When::new(NOW, NOW),
        closeness,
    }
}

#[test]
fn when_nothing_approaches_the_closest_is_named() {
    let list = [
        margin("certificate", closeness_of(0.41, Some(23.0 * 86_400.0)), false),
        margin("/var filling", closeness_of(0.2, None), false),
        margin("old news", closeness_of(0.6, None), true),
    ];
    assert_eq!(
        calm(&list),
        "Nothing is approaching failure. Closest: lab-srv-03 certificate, 0.41, expires in 23 d."
    );
    assert_eq!(
        calm(&[]),
        "Nothing is approaching failure. No host has told a reading in the last 90 seconds."
    );
}

#[test]
fn what_is_past_its_approach_level_is_said_to_be_watched() {
    let past = Closeness { physical: Physical::Watch, tick: 0.4, ..closeness_of(0.47, None) };
    let list = [
        margin("/tmp filling", past, false),
        margin("certificate", closeness_of(0.41, Some(23.0 * 86_400.0)), false),
    ];
    assert_eq!(
        calm(&list),
        "Nothing is confirmed to be approaching failure. Watched, past its approach level: lab-srv-03 /tmp filling, 0.47. \
         A case opens when more readings confirm it."
    );
    assert!(calm(&[list[0].clone(), list[0].clone()]).contains("0.47, and 1 more signal. A case"));
}

#[test]
fn the_time_to_failure_is_a_time_or_nothing() {
    assert_eq!(failure(&closeness_of(0.4, None)), "");
    assert_eq!(failure(&Closeness { physical: Physical::Breached, ..closeness_of(1.0, Some(60.0)) }), "");
    assert_eq!(failure(&closeness_of(0.4, Some(7_200.0))), "expires in 2 h");
}

fn row(read: Span, heard: Option<Span>) -> MarginRow {
    MarginRow {
        client_name: "Apex Lab".into(),
        host_name: "lab-srv-03".into(),
        heard_at: heard.map(|ago| NOW.minus(ago)),
        signal: "disk.pending_sectors".into(),
        subject: "ACME SPINNER S1".into(),
        category: Category::Disk,
        value: Some(0.0),
        unit: "sectors".into(),
        normal: Some(0.0),
        approach: None,
        critical: None,
        limit: None,
        ordinal: true,
        proximity: Some(0.0),
        time_to_failure_seconds: None,
        state: Physical::Normal,
        at: NOW.minus(read),
        resting: None,
    }
}

#[test]
fn a_host_that_is_heard_gives_data_however_seldom_its_drives_are_read() {
    let (moment, hour) = (Span::from_seconds(20), Span::from_hours(1));
    for (heard, stale) in [(Some(moment), false), (Some(hour), true), (None, true)] {
        assert_eq!(Margin::new(row(hour, heard), NOW).stale, stale, "{heard:?}");
    }
}

#[test]
fn a_sleeping_drive_does_not_look_healthy() {
    let rest = Resting { since: NOW, why: "asleep".into() };
    let asleep =
        |state| MarginRow { state, resting: Some(rest.clone()), ..row(Span::ZERO, Some(Span::ZERO)) };
    for (state, told) in [(Physical::Normal, "asleep"), (Physical::Approached, "approaching failure, asleep")]
    {
        assert_eq!(Margin::new(asleep(state), NOW).state, told);
    }
}
