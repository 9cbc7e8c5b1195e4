//! The measured quantities of domain.md 1.3, on one episode whose every number is known.

use super::*;

const MINUTE: Span = Span::from_minutes(1);

/// Half an hour from 0.45 to 0.225, back at once, and held: a fill that was stopped half-way.
fn stopped() -> Bench {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.225, MINUTE.times(30)).hold(0.45, MINUTE.times(31));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered"]);
    bench
}

fn close(one: Span, other: Span) -> bool {
    (one.as_millis() - other.as_millis()).abs() <= 30_000
}

#[test]
fn margin_proximity_and_their_extremes_with_the_time_of_the_peak() {
    let bench = stopped();
    let measures = bench.measures();
    assert_eq!((measures.margin, measures.relative_margin), (Some(0.45), Some(0.9)));
    assert!((measures.minimum_margin.unwrap() - 0.225).abs() < 1e-9);
    assert!((measures.peak_proximity.unwrap() - 0.55).abs() < 1e-9);
    let start = Timestamp::from_millis(1_795_457_577_000);
    assert_eq!(measures.peak_at, Some(start.plus(MINUTE.times(30))));
}

#[test]
fn time_to_failure_at_open_and_at_its_least_and_when_it_would_have_failed() {
    let bench = stopped();
    let (opened, measures) = (&bench.events[0], bench.measures());
    let left = MINUTE.times(60).as_millis() - opened.at.boot_ms + 1_000_000;
    assert!(close(measures.failure_at_open.unwrap(), Span::from_millis(left)), "{measures:?}");
    assert!(close(measures.failure_minimum.unwrap(), MINUTE.times(30)), "{measures:?}");
    let predicted = measures.predicted_failure_at.unwrap();
    assert_eq!(predicted, opened.at.wall.plus(measures.failure_at_open.unwrap()));
}

#[test]
fn slack_is_predicted_time_over_the_time_to_turn() {
    let bench = stopped();
    let measures = bench.measures();
    let turn = bench.events[1].at.since(bench.events[0].at);
    assert_eq!(measures.time_to_turn, Some(turn));
    assert_eq!(measures.time_to_recovery, Some(turn.plus(MINUTE.times(30))));
    let slack = measures.failure_at_open.unwrap().as_seconds() / turn.as_seconds();
    assert!((measures.slack.unwrap() - slack).abs() < 1e-9 && slack > 2.0, "{slack}");
}

#[test]
fn the_delay_of_detection_runs_from_the_first_sample_past_approach() {
    assert_eq!(Bench::approached().measures().detection_delay, Some(Span::from_seconds(30)));
    assert_eq!(stopped().measures().detection_delay, None, "its trend opened it before approach");
    assert_eq!(Bench::filesystem().trigger().measures().detection_delay, Some(Span::ZERO));
}

#[test]
fn coverage_counts_what_was_read_against_what_was_due_while_it_was_open() {
    let mut bench = Bench::approached();
    bench.hold(0.14, MINUTE.times(10));
    let (received, expected) = bench.measures().coverage.unwrap();
    assert_eq!((received, expected), (42, 43), "the one of now is due");
    bench.wait(MINUTE.times(10)).values(&[0.14]);
    let measures = bench.measures();
    let (received, expected) = measures.coverage.unwrap();
    assert_eq!((received, expected), (43, 84));
    assert_eq!((measures.dark, measures.longest_gap), (measures.longest_gap, Span::from_seconds(615)));
    bench.hold(0.4, MINUTE.times(31));
    let recovered = bench.measures().coverage;
    bench.hold(0.4, MINUTE.times(60));
    assert_eq!(bench.measures().coverage, recovered, "what comes after the episode is no part of it");
}

#[test]
fn a_failure_has_its_lead_and_its_outage() {
    let mut bench = Bench::approached();
    bench.hold(0.14, MINUTE.times(10)).values(&[0.0]);
    let lead = bench.last().at.since(bench.events[0].at);
    assert_eq!(bench.measures().warning_lead, Some(lead));
    assert_eq!(bench.measures().outage, None, "it goes on");
    bench.hold(0.4, MINUTE.times(30));
    let outage = bench.last().measures.unwrap().outage;
    assert_eq!(outage, Some(MINUTE.times(30).plus(Span::from_seconds(15))));
}

#[test]
fn what_does_not_converge_has_no_time_to_failure_and_never_an_endless_one() {
    for value in [0.14, 0.10, 0.001] {
        let mut bench = Bench::filesystem();
        bench.hold(value, MINUTE.times(20));
        let measures = bench.measures();
        assert_eq!((measures.failure_at_open, measures.slack), (None, None));
        assert_eq!(bench.state.margin(&bench.judgement, bench.now).time_to_failure_seconds, None);
    }
}

#[test]
fn the_rate_has_its_range_and_its_unit_is_the_signals_an_hour() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.225, MINUTE.times(30));
    let rate = bench.state.margin(&bench.judgement, bench.now).rate_per_hour.unwrap();
    assert!((rate.estimate + 0.45).abs() < 1e-6, "{rate:?}");
    assert!(rate.low.unwrap() <= rate.estimate && rate.estimate <= rate.high.unwrap());
}

#[test]
fn each_episode_is_measured_by_itself() {
    let mut bench = Bench::approached();
    bench.values(&[0.02, 0.4, 0.14]);
    assert_eq!(bench.state.episode(), 2);
    assert!((bench.measures().peak_proximity.unwrap() - 0.72).abs() < 1e-9);
    assert_eq!(bench.measures().time_to_turn, None);
}

#[test]
fn exposure_is_the_time_in_which_no_further_failure_is_survived() {
    let mut bench = Bench::new("", "disk.redundancy");
    bench.values(&[1.0]);
    // Degraded for a minute, of which half with nothing left and a member near its end.
    bench.values(&[1.0, 0.0, -0.5, 0.0, 0.0]);
    assert_eq!(bench.measures().exposure, Some(MINUTE), "to the present moment");
    bench.values(&[1.0, 1.0]);
    assert_eq!(bench.measures().exposure, Some(MINUTE), "whole again");
    assert_eq!(Bench::approached().measures().exposure, None, "a file system has no redundancy to lose");
}
