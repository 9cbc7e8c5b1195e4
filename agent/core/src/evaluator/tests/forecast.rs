//! The forecast: what opens before the level says so, and what does not.

use super::*;

const MINUTE: Span = Span::from_minutes(1);

#[test]
fn an_hours_fill_opens_before_approach_and_at_least_half_an_hour_before_full() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.0, MINUTE.times(60));
    let (opened, breached) = (&bench.events[0], bench.last());
    assert!(opened.value.unwrap() > 0.15, "before the level: {opened:?}");
    let time = opened.time_to_failure_seconds.unwrap();
    assert!(
        time.low <= Some(time.estimate) && time.high.is_some_and(|high| high >= time.estimate),
        "{time:?}"
    );
    assert!(breached.at.since(opened.at) >= MINUTE.times(30), "{opened:?}");
    assert_eq!(bench.kinds(), ["approached", "worsened", "breached"], "and once");
}

#[test]
fn hours_of_quiet_before_it_hold_no_fill_back() {
    let mut bench = Bench::filesystem();
    bench.hold(0.45, MINUTE.times(300)).line(0.45, 0.0, MINUTE.times(60));
    assert!(bench.last().at.since(bench.events[0].at) >= MINUTE.times(30), "{:?}", bench.kinds());
}

#[test]
fn a_watched_signal_opens_on_its_trend_before_a_long_confirmation_ends() {
    let rules = "[[host]]\nname = \"slow\"\nsignal = \"host.memory_available\"\nconfirm = 8\n";
    let mut bench = Bench::new(rules, "host.memory_available");
    bench.line(0.5, 0.02, MINUTE.times(40));
    assert!(bench.events[0].value.unwrap() > 0.08, "{:?}", bench.events[0]);
}

#[test]
fn a_fill_that_takes_days_is_no_news_before_approach() {
    let mut bench = Bench::filesystem();
    bench.line(0.30, 0.20, MINUTE.times(600));
    assert_eq!(bench.kinds(), [""; 0]);
}

#[test]
fn below_half_of_approach_no_trend_opens() {
    let mut bench = Bench::filesystem();
    bench.line(0.9, 0.34, MINUTE.times(30));
    assert_eq!(bench.kinds(), [""; 0]);
    bench.line(0.34, 0.30, MINUTE.times(2));
    assert_eq!(bench.kinds(), ["approached"]);
}

#[test]
fn bursts_steps_and_a_backup_that_is_written_and_pruned_open_nothing() {
    let mut bench = Bench::filesystem();
    for _ in 0..6 {
        bench.hold(0.30, MINUTE.times(20)).values(&[0.22, 0.20, 0.21]);
        bench.hold(0.24, MINUTE.times(15)).line(0.28, 0.20, MINUTE.times(5)).hold(0.20, MINUTE.times(20));
    }
    assert_eq!(bench.kinds(), [""; 0]);
}

#[test]
fn a_sawtooth_that_looked_like_a_fill_once_is_usual_from_then_on_and_up_to_there() {
    let mut bench = Bench::filesystem();
    for _ in 0..5 {
        bench.line(0.45, 0.22, MINUTE.times(28)).hold(0.45, MINUTE.times(120));
    }
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered"], "the first time only");
    bench.line(0.45, 0.0, MINUTE.times(60));
    let opened = &bench.events[3];
    assert!((0.15..0.22).contains(&opened.value.unwrap()), "beyond what is usual: {opened:?}");
}

#[test]
fn what_was_usual_is_forgotten_after_a_week() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.22, MINUTE.times(28)).hold(0.45, Span::from_days(8));
    bench.line(0.45, 0.22, MINUTE.times(28));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered", "approached"]);
}

#[test]
fn a_near_miss_past_approach_makes_nothing_usual() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.10, MINUTE.times(45)).hold(0.45, MINUTE.times(120));
    bench.line(0.45, 0.10, MINUTE.times(45));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered", "approached"]);
    assert!(bench.last().value.unwrap() > 0.25, "as early as the first time: {:?}", bench.last());
}

#[test]
fn what_its_trend_opened_is_back_when_the_trend_has_ended() {
    let mut bench = Bench::filesystem();
    bench.line(0.45, 0.25, MINUTE.times(27));
    assert_eq!(bench.kinds(), ["approached"]);
    bench.hold(0.25, MINUTE.times(1));
    assert_eq!(bench.kinds(), ["approached"], "a minute's pause is no end");
    bench.hold(0.25, MINUTE.times(4));
    assert_eq!(bench.kinds(), ["approached", "receding"]);
    bench.line(0.25, 0.17, MINUTE.times(11));
    assert_eq!(bench.kinds(), ["approached", "receding", "approached"], "and near again when it goes on");
}

#[test]
fn the_first_minutes_after_a_start_or_a_silence_are_no_trend() {
    for restarted in [true, false] {
        let mut bench = Bench::new("", "host.memory_available");
        bench.hold(0.6, MINUTE.times(30));
        if restarted {
            bench.reboot(true);
        } else {
            bench.wait(MINUTE.times(3));
        }
        bench.line(0.6, 0.15, MINUTE.times(8)).hold(0.15, MINUTE.times(30));
        let kinds = bench.kinds();
        assert!(!kinds.contains(&"approached"), "{kinds:?}");
    }
}

#[test]
fn the_window_is_scaled_to_the_horizon_and_held_at_any_interval() {
    for (horizon, hours) in [("1h", 1), ("12h", 12), ("6d", 144)] {
        let rules = format!("[[filesystem]]\nname = \"h\"\nhorizon = \"{horizon}\"\n");
        let mut bench = Bench::new(&rules, "filesystem.free");
        bench.line(0.45, 0.30, MINUTE.times(hours * 20));
        assert_eq!(bench.kinds(), ["approached"], "{horizon}");
        assert!(bench.events[0].time_to_failure_seconds.unwrap().high <= Some(hours as f64 * 3600.0));
        assert!(serde_json::to_string(&bench.state).unwrap().len() < 8_000, "{horizon}");
    }
}

#[test]
fn a_forecast_that_is_switched_off_opens_nothing() {
    let mut bench = Bench::new("[[filesystem]]\nname = \"off\"\nforecast = false\n", "filesystem.free");
    bench.line(0.45, 0.16, MINUTE.times(38));
    assert_eq!(bench.kinds(), [""; 0]);
}
