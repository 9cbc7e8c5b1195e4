//! A drive that sleeps: neither dark nor healthy, and what it shows when it wakes speaks for its night.

use super::*;

/// A night of looks that find it asleep, ten minutes apart.
fn night(bench: &mut Bench, hours: i64) {
    for _ in 0..hours * 6 {
        bench.measure(Measure::Resting { why: "asleep".to_owned() });
        bench.wait(Span::from_minutes(10));
    }
}

fn drive(values: &[f64]) -> Bench {
    let mut bench = Bench::new("", "disk.pending_sectors");
    bench.values(values);
    bench
}

#[test]
fn a_sleeping_drive_keeps_its_value_with_its_age_and_does_not_turn_dark() {
    let mut bench = drive(&[0.0]);
    night(&mut bench, 9);
    assert_eq!((bench.at(), bench.events.len()), (Physical::Normal, 0));
    let margin = bench.state.margin(&bench.judgement, bench.now);
    assert_eq!(margin.value, Some(0.0));
    assert!(margin.resting.is_some());
    let [reason] = &margin.reasons[..] else { panic!("{margin:?}") };
    assert!(
        reason.starts_with("asleep, for 9h")
            && reason.contains("; read 9h")
            && reason.ends_with("ago: 0 sectors"),
        "{reason}"
    );
    bench.values(&[0.0]);
    assert_eq!(bench.state.margin(&bench.judgement, bench.now).resting, None);
}

#[test]
fn what_was_near_when_it_fell_asleep_stays_near_and_is_judged_when_it_wakes() {
    let mut bench = drive(&[3.0]);
    assert_eq!(bench.at(), Physical::Approached);
    night(&mut bench, 9);
    assert_eq!(bench.at(), Physical::Approached, "it did not mend while it slept");
    bench.values(&[7.0]);
    assert_eq!(bench.last().kind.as_str(), "worsened");
}

#[test]
fn a_hold_that_ended_in_its_sleep_ends_when_it_wakes_and_is_still_back() {
    let mut bench = drive(&[3.0, 0.0]);
    assert_eq!(bench.at(), Physical::Receding);
    night(&mut bench, 30);
    assert_eq!(bench.at(), Physical::Receding, "nothing is concluded of what sleeps");
    bench.values(&[0.0]);
    assert_eq!((bench.at(), bench.last().kind.as_str()), (Physical::Recovered, "recovered"));
    assert_eq!(bench.last().at.plus(Span::from_seconds(15)), bench.now, "dated when it is known");

    let mut bench = drive(&[3.0, 0.0]);
    night(&mut bench, 30);
    bench.values(&[3.0]);
    assert_eq!((bench.at(), bench.last().kind.as_str()), (Physical::Approached, "approached"));
}

#[test]
fn a_sleeper_that_does_not_answer_any_more_is_missed_from_when_it_was_found_asleep_last() {
    let mut bench = drive(&[0.0]);
    night(&mut bench, 9);
    let gone = Measure::Invalid { why: "/dev/sda is gone".to_owned() };
    bench.measure(gone.clone());
    assert_eq!(bench.at(), Physical::Normal, "one look is none");
    bench.wait(Span::from_minutes(30)).measure(gone);
    assert_eq!(bench.at(), Physical::Dark);
}

#[test]
fn sleep_is_stored_and_told_in_the_time_of_the_next_boot() {
    let mut bench = drive(&[0.0]);
    night(&mut bench, 1);
    let text = serde_json::to_string(&bench.state).unwrap();
    let mut state: SignalState = serde_json::from_str(&text).unwrap();
    assert_eq!(state, bench.state);
    state.resumed(Stamp { wall: bench.now.wall, boot_ms: 5_000 }, false, true);
    let since = state.rest.unwrap().since;
    assert_eq!(since.boot_ms, 5_000 - bench.now.wall.since(since.wall).as_millis());
}
