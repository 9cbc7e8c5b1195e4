//! BREACHED from every state, and its end.

use super::*;

/// How a bench comes into each state that a failure may find it in.
const FROM: [(Physical, fn() -> Bench); 7] = [
    (Physical::Normal, Bench::filesystem),
    (Physical::Watch, || {
        let mut bench = Bench::filesystem();
        bench.values(&[0.14]);
        bench
    }),
    (Physical::Approached, Bench::approached),
    (Physical::Receding, Bench::receding),
    (Physical::Recovered, || {
        let mut bench = Bench::approached();
        bench.hold(0.4, Span::from_minutes(31));
        bench
    }),
    (Physical::Standing, || {
        let mut bench = Bench::approached();
        bench.accept(0.14, Span::from_days(30));
        bench
    }),
    (Physical::Dark, || Bench::approached().silent(Span::from_minutes(1))),
];

#[test]
fn the_limit_breaches_from_every_state_on_one_sample() {
    for (state, bench) in FROM {
        let mut bench = bench();
        assert_eq!(bench.at(), state);
        assert_eq!(bench.values(&[0.0]).at(), Physical::Breached, "{state}");
        assert_eq!(bench.last().kind, EventKind::Breached);
    }
}

#[test]
fn a_consequence_breaches_from_every_state_whatever_the_level() {
    for (state, bench) in FROM {
        let mut bench = bench();
        assert_eq!(bench.consequence().at(), Physical::Breached, "{state}");
        assert_eq!(bench.last().reasons, ["turned read-only"]);
    }
}

#[test]
fn a_failure_with_no_approach_before_it_is_flagged_silent_and_has_its_episode() {
    for (state, bench) in FROM {
        let mut bench = bench();
        let before = bench.state.episode();
        bench.consequence();
        let silent = matches!(state, Physical::Normal | Physical::Watch);
        assert_eq!(bench.last().labels.contains_key("silent"), silent, "{state}");
        assert_eq!(bench.last().measures.unwrap().silent, silent, "{state}");
        let next = silent || state == Physical::Recovered;
        assert_eq!(bench.state.episode(), before + u64::from(next), "{state}");
    }
}

#[test]
fn dark_to_breached_when_the_sample_returns_past_the_limit() {
    let mut bench = Bench::approached();
    bench.wait(Span::from_minutes(5)).values(&[0.0]);
    assert_eq!(bench.kinds(), ["approached", "dark", "gap", "breached"]);
}

#[test]
fn breached_to_normal_when_the_failure_has_ended_and_the_hold_has_passed() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.0]).hold(0.4, Span::from_minutes(30));
    assert_eq!((bench.at(), bench.kinds()), (Physical::Normal, vec!["breached", "restored"]));
    assert_eq!(bench.last().to, Physical::Restored);
    assert_eq!(
        bench.last().reasons,
        ["the failure ended after 30m 15s", "it had come without a warning"],
        "an outage is told with its length"
    );
}

#[test]
fn a_failure_goes_on_while_its_consequence_does() {
    let mut bench = Bench::filesystem();
    bench.consequence();
    for _ in 0..200 {
        bench.measure(Measure::Consequence { value: Some(0.4), reason: "read-only".to_owned() });
    }
    assert_eq!(bench.at(), Physical::Breached);
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!(bench.at(), Physical::Normal);
}

#[test]
fn the_end_of_a_failure_is_compared_with_what_was_predicted_when_it_opened() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.0, Span::from_hours(1)).hold(0.4, Span::from_minutes(31));
    let (opened, breached, restored) = (&bench.events[0], &bench.events[2], &bench.events[3]);
    assert_eq!(restored.kind, EventKind::Restored);
    let lead = breached.at.since(opened.at);
    let predicted = opened.measures.unwrap().failure_at_open.unwrap();
    assert_eq!(
        restored.reasons[1],
        format!("it was predicted {predicted} after opening and came after {lead}")
    );
    assert!((predicted.as_seconds() / lead.as_seconds() - 1.0).abs() < 0.05, "{predicted} {lead}");
}

#[test]
fn a_limit_that_is_reached_is_never_taken_for_a_trend_that_ended() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.001, Span::from_hours(1));
    bench.hold(0.001, Span::from_hours(3));
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached", "worsened"]));
    bench.hold(0.0, Span::from_hours(3));
    assert_eq!(bench.at(), Physical::Breached);
}

#[test]
fn any_number_of_failed_logins_is_an_approach_not_a_breach() {
    let rules = "[[log]]\nname = \"guess\"\npattern = 'x'\ncount = 10\n";
    let mut bench = Bench::new(rules, "log.guess");
    bench.values(&[1.0, 4.0, 5.0, 9.0, 30.0]);
    assert_eq!(bench.kinds(), ["approached", "worsened"]);
}
