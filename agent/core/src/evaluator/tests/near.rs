//! NORMAL, WATCH, APPROACHED, RECEDING, RECOVERED: coming near and going back.

use super::*;

#[test]
fn normal_to_watch_on_one_sample_past_approach_without_an_event() {
    let mut bench = Bench::filesystem();
    assert_eq!(bench.values(&[0.14]).at(), Physical::Watch);
    assert!(bench.events.is_empty());
}

#[test]
fn watch_to_normal_before_it_is_confirmed_counts_as_a_blip() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.30]);
    assert_eq!((bench.at(), bench.events.len()), (Physical::Normal, 0));
    bench.values(&[0.14, 0.30, 0.30]);
    assert_eq!(bench.state.margin(&bench.judgement, bench.now).blips, 2);
}

#[test]
fn watch_to_approached_on_three_samples_in_a_row() {
    let bench = Bench::approached();
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached"]));
    let event = &bench.events[0];
    assert_eq!((event.episode, event.sequence, event.value), (1, 1, Some(0.14)));
    assert!((event.proximity.unwrap() - 0.72).abs() < 1e-9);
    assert_eq!(event.reasons, ["14.0 % (limit at 0.0 %, approach at 15.0 %) for 3 samples (45s)"]);
    assert!(event.freezes());
}

#[test]
fn how_long_it_was_near_is_told_as_far_as_it_is_known_and_what_the_subject_says_comes_last() {
    let judged = |interval, apart| {
        let mut bench = Bench::filesystem();
        bench.judgement.interval = interval;
        for _ in 0..3 {
            let before = bench.now;
            let mut reading = Reading::value("filesystem.free", "/srv", before, 0.14);
            reading = reading.label(crate::reading::SAID, "a snapshot holds 12 GiB of it");
            bench.events.extend(bench.state.observe(&bench.judgement, &reading));
            bench.now = before.plus(apart);
        }
        bench.events.remove(0).reasons.remove(0)
    };
    for (interval, apart, held) in [
        (Some(Span::from_seconds(15)), Span::from_seconds(15), "for 3 samples (45s)"),
        (None, Span::from_seconds(20), "for 3 samples (40s)"),
        (None, Span::ZERO, "for 3 samples"),
    ] {
        let told =
            format!("14.0 % (limit at 0.0 %, approach at 15.0 %) {held}: a snapshot holds 12 GiB of it");
        assert_eq!(judged(interval, apart), told);
    }
}

#[test]
fn watch_to_approached_after_as_long_as_three_samples_take_where_one_was_lost() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14]).unreadable().unreadable();
    assert_eq!(bench.values(&[0.14]).at(), Physical::Approached, "45 s, though two samples");
    let mut quick = Bench::filesystem();
    quick.values(&[0.14]).unreadable();
    assert_eq!(quick.values(&[0.14]).at(), Physical::Watch, "30 s and two samples");
}

#[test]
fn normal_to_approached_on_a_trigger_at_once() {
    let mut bench = Bench::new("", "disk.attribute");
    bench.measure(Measure::Trigger { value: Some(1.0), reason: "attribute 5".to_owned() });
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached"]));
    assert!(bench.events[0].ordinal && bench.events[0].limit.is_none());
}

#[test]
fn watch_to_approached_on_a_trigger_at_once() {
    let mut bench = Bench::filesystem();
    assert_eq!(bench.values(&[0.14]).trigger().at(), Physical::Approached);
    assert_eq!(bench.events[0].reasons, ["it says so"]);
}

#[test]
fn critical_worsens_once() {
    let mut bench = Bench::approached();
    bench.values(&[0.04, 0.03, 0.06, 0.04]);
    assert_eq!(bench.kinds(), ["approached", "worsened"]);
}

#[test]
fn approached_to_receding_below_reset_and_not_between() {
    let mut bench = Bench::approached();
    bench.values(&[0.16]);
    assert_eq!(bench.at(), Physical::Approached, "hysteresis: 0.16 is not below reset");
    let turned = bench.now;
    bench.values(&[0.18]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Receding, vec!["approached", "receding"]));
    assert_eq!(bench.last().at, turned);
}

#[test]
fn receding_to_approached_when_it_is_near_again_is_the_next_episode() {
    let mut bench = Bench::approached();
    bench.values(&[0.4, 0.14]);
    assert_eq!(bench.kinds(), ["approached", "receding", "approached"]);
    assert_eq!(bench.events.iter().map(|event| event.episode).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn receding_to_recovered_after_the_hold() {
    let mut bench = Bench::approached();
    let turned = bench.now;
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered"]);
    assert_eq!(bench.last().at, turned.plus(Span::from_minutes(30)), "dated when the hold ended");
    assert_eq!(bench.last().hold, Span::from_minutes(30));
}

#[test]
fn a_return_above_reset_starts_the_hold_anew() {
    let mut bench = Bench::approached();
    bench.hold(0.4, Span::from_minutes(29)).values(&[0.16]).hold(0.4, Span::from_minutes(29));
    assert_eq!(bench.at(), Physical::Receding);
    bench.hold(0.4, Span::from_minutes(2));
    assert_eq!(bench.at(), Physical::Recovered);
}

#[test]
fn recovered_to_approached_within_a_day_is_confirmed_and_the_next_episode() {
    let mut bench = Bench::approached();
    bench.hold(0.4, Span::from_minutes(31)).values(&[0.14, 0.14]);
    assert_eq!(bench.at(), Physical::Recovered);
    bench.values(&[0.14]);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn recovered_to_approached_on_a_trigger_at_once() {
    let mut bench = Bench::approached();
    bench.hold(0.4, Span::from_minutes(31)).trigger();
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn recovered_to_normal_after_a_quiet_day_without_an_event() {
    let mut bench = Bench::approached();
    bench.hold(0.4, Span::from_hours(25));
    assert_eq!((bench.at(), bench.events.len()), (Physical::Normal, 3));
    assert_eq!(bench.state.measures(&bench.judgement, bench.now), None, "nothing is open");
}

#[test]
fn near_to_recovered_when_its_subject_is_retired() {
    let near: [fn() -> Bench; 4] = [
        Bench::approached,
        Bench::receding,
        || Bench::approached().silent(Span::from_minutes(2)),
        || Bench::receding().silent(Span::from_minutes(2)),
    ];
    for come in near {
        let mut bench = come();
        let gone = bench.now;
        bench.retire();
        assert_eq!((bench.at(), bench.last().kind.as_str()), (Physical::Recovered, "retired"));
        assert_eq!(bench.last().at, gone);
        assert_eq!(bench.last().reasons, ["serial S1 is gone"]);
    }
}

#[test]
fn a_retired_subject_that_was_never_near_or_has_failed_stays_what_it_was() {
    let mut bench = Bench::filesystem();
    assert_eq!((bench.values(&[0.14]).retire().at(), bench.events.len()), (Physical::Normal, 0));
    let mut failed = Bench::filesystem();
    assert_eq!(failed.values(&[0.0]).retire().at(), Physical::Breached);
    assert_eq!(failed.kinds(), ["breached"]);
}
