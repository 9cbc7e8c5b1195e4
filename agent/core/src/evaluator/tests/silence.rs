//! DARK and back, restarts and crashes.

use super::*;

#[test]
fn anything_but_breached_to_dark_after_three_intervals_and_back_to_what_it_was() {
    let states: [(Physical, &[f64]); 4] = [
        (Physical::Normal, &[0.4]),
        (Physical::Watch, &[0.14]),
        (Physical::Approached, &[0.14, 0.14, 0.14]),
        (Physical::Receding, &[0.14, 0.14, 0.14, 0.4]),
    ];
    for (state, values) in states {
        let mut bench = Bench::filesystem();
        bench.values(values).wait(Span::from_seconds(30));
        assert_eq!(bench.at(), state, "45 s after the last sample");
        bench.wait(Span::from_millis(1));
        assert_eq!((bench.at(), bench.last().kind.as_str()), (Physical::Dark, "dark"));
        bench.values(&values[values.len() - 1..]);
        assert_eq!((bench.at(), bench.last().kind.as_str()), (state, "gap"));
        assert_eq!(bench.last().to, state);
    }
}

#[test]
fn a_gap_is_told_with_its_length() {
    let mut bench = Bench::approached();
    bench.wait(Span::from_minutes(5)).values(&[0.14]);
    assert!(bench.last().reasons[0].starts_with("no sample for 5m 15s, now 14.0 %"), "{:?}", bench.last());
    assert_eq!(bench.last().measures.unwrap().longest_gap, Span::from_seconds(315));
}

#[test]
fn the_time_to_failure_runs_down_while_it_is_dark() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.12, Span::from_minutes(44));
    let told = |bench: &Bench| {
        let margin = bench.state.margin(&bench.judgement, bench.now);
        margin.time_to_failure_seconds.unwrap().estimate
    };
    let before = told(&bench);
    bench.wait(Span::from_minutes(10));
    assert_eq!(bench.at(), Physical::Dark);
    assert!((before - told(&bench) - 600.0).abs() < 1.0, "{before} {}", told(&bench));
    bench.wait(Span::from_hours(1));
    assert_eq!(told(&bench), 0.0, "and never below nothing");
}

#[test]
fn what_was_dark_confirms_nothing() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14]).wait(Span::from_minutes(5)).values(&[0.14, 0.14]);
    assert_eq!(bench.at(), Physical::Watch);
    assert_eq!(bench.values(&[0.14]).at(), Physical::Approached);
}

#[test]
fn an_agent_that_was_away_longer_than_the_hold_calls_nothing_recovered() {
    let mut bench = Bench::approached();
    bench.values(&[0.4]);
    bench.now = bench.now.plus(Span::from_hours(2));
    bench.values(&[0.4]);
    assert_eq!(bench.kinds(), ["approached", "receding", "dark", "gap"]);
    let (dark, gap) = (&bench.events[2], &bench.events[3]);
    assert!(gap.at.since(dark.at) > Span::from_minutes(110), "the silence is told with its length");
    bench.hold(0.4, Span::from_minutes(28));
    assert_eq!(bench.at(), Physical::Receding, "the hold began anew with the sample after the silence");
    bench.hold(0.4, Span::from_minutes(2));
    assert_eq!(bench.kinds(), ["approached", "receding", "dark", "gap", "recovered"]);
}

#[test]
fn silence_does_not_end_a_failure() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.0, 0.4]).wait(Span::from_hours(2)).values(&[0.4]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Breached, vec!["breached"]));
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!(bench.kinds(), ["breached", "restored"]);
}

#[test]
fn unreadable_samples_count_toward_dark_and_say_why() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.4]).unreadable().unreadable().unreadable().unreadable();
    assert_eq!(bench.kinds(), ["dark"]);
    assert!(bench.events[0].reasons[0].ends_with("permission denied"), "{:?}", bench.events[0].reasons);
}

#[test]
fn what_is_heard_of_the_reason_after_it_went_dark_is_told_too() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.4]).wait(Span::from_hours(1));
    let told = |bench: &Bench| bench.state.margin(&bench.judgement, bench.now).reasons;
    assert_eq!(told(&bench), ["no valid sample for 1h: nothing was heard"]);
    bench.unreadable();
    assert_eq!(told(&bench), ["no valid sample for 1h: permission denied"]);
}

#[test]
fn a_reboot_is_a_gap_where_it_was_orderly_and_a_proposed_failure_where_it_was_not() {
    for (orderly, expected) in [(false, Physical::Breached), (true, Physical::Approached)] {
        let mut bench = Bench::approached();
        bench.reboot(orderly).values(&[0.14]);
        assert_eq!(bench.at(), expected, "orderly: {orderly}, {:?}", bench.kinds());
        let breached = bench.events.iter().find(|event| event.kind == EventKind::Breached);
        let label = breached.and_then(|event| event.labels.get("crash")).map(String::as_str);
        assert_eq!(label, (!orderly).then_some("unclean restart"), "a person decides what it was");
        assert!(!bench.state.has_failed(), "and until then nothing is known to have failed");
    }
}

#[test]
fn a_crash_while_it_was_dark_and_near_is_a_proposed_failure_too() {
    let mut bench = Bench::approached();
    bench.wait(Span::from_minutes(5)).reboot(false).values(&[0.14]);
    assert_eq!(bench.kinds(), ["approached", "dark", "breached"]);
    assert!(bench.last().labels.contains_key("crash"));
}

#[test]
fn a_crash_while_nothing_was_near_is_a_gap_and_no_episode() {
    let states: [&[f64]; 3] = [&[0.4], &[0.14], &[]];
    for values in states {
        let mut bench = Bench::filesystem();
        bench.values(values).reboot(false).values(&[0.4]);
        assert_eq!((bench.at(), bench.state.episode()), (Physical::Normal, 0));
    }
}

#[test]
fn what_was_only_inferred_is_seen_when_the_limit_is_reached_after_all() {
    let mut bench = Bench::approached();
    bench.reboot(false).values(&[0.14]);
    assert!(!bench.state.has_failed());
    bench.values(&[0.0, 0.0]);
    assert!(bench.state.has_failed());
    assert_eq!(bench.kinds(), ["approached", "breached", "breached"], "and is told so, once");
    assert!(!bench.last().labels.contains_key("crash"));
}
