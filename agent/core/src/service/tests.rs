//! Units, timers and processes as facts, and what is read from them.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;

use super::*;
use crate::proximity::Limits;
use crate::reading::SAID;

/// `seconds` after boot; the wall clock is a thousand seconds ahead of it.
fn moment(seconds: i64) -> Moment {
    let ms = seconds * 1000;
    let wall_ms = ms + 1_000_000;
    Moment { at: Stamp { wall: Timestamp::from_millis(wall_ms), boot_ms: ms }, monotonic_ms: ms, wall_ms }
}

fn unit(activity: Activity, result: &str, restarts: u32) -> Unit {
    Unit {
        name: "web.service".to_owned(),
        activity,
        result: result.to_owned(),
        restarts,
        restarts_itself: true,
        started_ms: None,
        burst: 5,
        interval_ms: 10_000,
        pause_ms: 100,
        watchdog: None,
    }
}

fn measures(readings: &[Reading]) -> Vec<(&str, &Measure)> {
    readings.iter().map(|reading| (reading.signal.as_str(), &reading.measure)).collect()
}

fn of<'a>(readings: &'a [Reading], signal: &str) -> Option<&'a Reading> {
    readings.iter().find(|reading| reading.signal == signal)
}

#[test]
fn a_unit_that_restarts_runs_out_of_restarts_and_fails() {
    let mut watched = Watched::default();
    let readings = watched.judge(&unit(Activity::Up, "success", 0), moment(0));
    assert_eq!(measures(&readings), [(ACTIVE, &Measure::Value(1.0)), (RESTARTS_LEFT, &Measure::Value(5.0))]);
    assert_eq!(readings[1].limits, Some(Limits::new(5.0, 2.0, 1.0, 0.0)));

    let readings = watched.judge(&unit(Activity::Starting, "exit-code", 4), moment(1));
    assert_eq!(of(&readings, RESTARTS_LEFT).unwrap().measure, Measure::Value(2.0));
    assert_eq!(of(&readings, RESTARTS).unwrap().measure, Measure::Value(4.0));

    let readings = watched.judge(&unit(Activity::Failed, "start-limit-hit", 4), moment(2));
    let failed = |reason: &str| Measure::Consequence { value: Some(0.0), reason: reason.to_owned() };
    assert_eq!(of(&readings, ACTIVE).unwrap().measure, failed("web.service failed: start-limit-hit"));
    let gave_up = failed("systemd restarts web.service no more: start-limit-hit");
    assert_eq!(of(&readings, RESTARTS_LEFT).unwrap().measure, gave_up);
}

#[test]
fn restarts_before_the_first_look_count_as_far_as_they_may_and_that_is_said() {
    let mut crashing = unit(Activity::Up, "success", 3);
    crashing.started_ms = Some(98_000);
    let mut watched = Watched::default();
    let said = |watched: &mut Watched, now| {
        let readings = watched.judge(&crashing, moment(now));
        let reading = of(&readings, RESTARTS_LEFT).unwrap().clone();
        (reading.measure, reading.labels)
    };
    let (measure, labels) = said(&mut watched, 100);
    assert_eq!(measure, Measure::Value(2.0));
    let no_history = "at least, there is no history of its restarts before 1970-01-01T00:18:20.000Z";
    assert_eq!(labels.get(SAID).map(String::as_str), Some(no_history));
    let (measure, later) = said(&mut watched, 109);
    assert_eq!((measure, later.get(SAID)), (Measure::Value(5.0), None), "its interval is over");

    // The agent was restarted and knows how many counted: nothing new is supposed.
    let mut resumed = Watched::default();
    resumed.expected(&labels);
    assert_eq!(said(&mut resumed, 101).0, Measure::Value(2.0));
    resumed = Watched::default();
    resumed.expected(&BTreeMap::from(
        [("restarts", "3"), ("starts_counted", "1")].map(|(name, count)| (name.to_owned(), count.to_owned())),
    ));
    assert_eq!(said(&mut resumed, 101).0, Measure::Value(5.0));
}

#[test]
fn a_unit_that_systemd_does_not_restart_has_no_restarts_left_to_tell() {
    let mut unit = unit(Activity::Up, "success", 0);
    unit.restarts_itself = false;
    assert_eq!(measures(&Watched::default().judge(&unit, moment(0))), [(ACTIVE, &Measure::Value(1.0))]);
}

#[test]
fn a_small_burst_is_near_at_its_last_failure_and_a_burst_of_one_never() {
    for (burst, approach) in [(1, 0.4), (2, 1.0), (3, 1.2000000000000002), (10, 4.0)] {
        let mut unit = unit(Activity::Up, "success", 0);
        unit.burst = burst;
        let readings = Watched::default().judge(&unit, moment(0));
        let limits = of(&readings, RESTARTS_LEFT).unwrap().limits.unwrap();
        assert_eq!(limits.approach, approach, "burst {burst}");
        assert!(limits.are_ordered());
    }
}

#[test]
fn an_orderly_stop_retires_and_what_never_ran_is_not_watched() {
    let mut watched = Watched::default();
    assert_eq!(watched.judge(&unit(Activity::Stopped, "success", 0), moment(0)), []);
    watched.judge(&unit(Activity::Up, "success", 0), moment(1));
    let readings = watched.judge(&unit(Activity::Stopped, "success", 0), moment(2));
    assert!(readings.iter().all(|reading| matches!(reading.measure, Measure::Retired { .. })));
    assert!(of(&readings, ACTIVE).is_some() && of(&readings, RESTARTS_LEFT).is_some());
    assert_eq!(watched.judge(&unit(Activity::Stopped, "success", 0), moment(3)), []);
}

#[test]
fn a_watchdog_that_is_not_fed_runs_down_and_its_bite_is_told_once() {
    let mut watched = Watched::default();
    let mut unit = unit(Activity::Up, "success", 0);
    unit.watchdog = Some(Watchdog { patience_ms: 10_000, fed_ms: 100_000 });
    for (now, left) in [(100, 1.0), (105, 0.5), (109, 0.1), (111, 0.001)] {
        let readings = watched.judge(&unit, moment(now));
        assert_eq!(of(&readings, WATCHDOG_LEFT).unwrap().measure, Measure::Value(left), "at {now}");
    }
    unit.activity = Activity::Starting;
    unit.result = "watchdog".to_owned();
    let readings = watched.judge(&unit, moment(112));
    assert!(matches!(&of(&readings, WATCHDOG_LEFT).unwrap().measure,
        Measure::Consequence { reason, .. } if reason.contains("web.service bit")));
    assert_eq!(of(&watched.judge(&unit, moment(113)), WATCHDOG_LEFT), None);
    unit.activity = Activity::Up;
    unit.result = "success".to_owned();
    unit.watchdog = Some(Watchdog { patience_ms: 10_000, fed_ms: 114_000 });
    let readings = watched.judge(&unit, moment(114));
    assert_eq!(of(&readings, WATCHDOG_LEFT).unwrap().measure, Measure::Value(1.0));
}

/// A timer that last ran at 1,000 s and runs each hour.
fn timer(state: TimerState) -> Timer {
    Timer {
        name: "backup.timer".to_owned(),
        state,
        unit: "backup.service".to_owned(),
        next_wall_ms: (state == TimerState::Waiting).then_some(1_000_000 + 4_600_000),
        next_monotonic_ms: None,
        last_wall_ms: Some(1_000_000 + 1_000_000),
        last_monotonic_ms: Some(1_000_000),
        accuracy_ms: 60_000,
        job: None,
    }
}

#[test]
fn a_timer_is_late_beyond_its_accuracy_and_fails_when_a_whole_run_was_missed() {
    let mut watched = TimerWatched::default();
    for (now, late) in [(2_000, 0.0), (4_650, 0.0), (5_020, 360.0), (8_260, 3_600.0)] {
        let reading = watched.judge(&timer(TimerState::Waiting), moment(now)).unwrap();
        assert_eq!(reading.measure, Measure::Value(late), "at {now}");
        assert_eq!(reading.limits, Some(Limits::new(0.0, 360.0, 1_800.0, 3_600.0)));
    }
}

#[test]
fn a_job_that_never_ends_keeps_its_timer_from_the_next_run() {
    let mut watched = TimerWatched::default();
    watched.judge(&timer(TimerState::Waiting), moment(2_000));
    for (now, late) in [(4_600, 0.0), (4_660, 0.0), (6_460, 1_800.0)] {
        let reading = watched.judge(&timer(TimerState::Running), moment(now)).unwrap();
        assert_eq!(reading.measure, Measure::Value(late), "at {now}");
    }
}

#[test]
fn a_timer_tells_of_a_job_that_failed_and_a_stopped_timer_is_retired() {
    let mut watched = TimerWatched::default();
    let job = Some(Job { activity: Activity::Failed, result: "exit-code".to_owned() });
    let failing = Timer { job, ..timer(TimerState::Waiting) };
    let reading = watched.judge(&failing, moment(2_000)).unwrap();
    let reason = "the last run of backup.service failed: exit-code".to_owned();
    assert_eq!(reading.measure, Measure::Trigger { value: Some(0.0), reason });
    let reading = watched.judge(&timer(TimerState::Over), moment(2_001)).unwrap();
    assert!(matches!(reading.measure, Measure::Retired { .. }));
    assert_eq!(watched.judge(&timer(TimerState::Over), moment(2_002)), None);
    let reading = watched.judge(&timer(TimerState::Failed), moment(2_003)).unwrap();
    assert!(matches!(reading.measure, Measure::Consequence { .. }));
}

#[test]
fn a_program_is_started_anew_when_its_eldest_process_is_another_one() {
    let process = |started, id| Process { started, id };
    let mut runs = Runs::default();
    let steps: [(&[Process], f64, Option<f64>); 5] = [
        (&[process(10, 100), process(11, 101)], 2.0, None),
        // A worker is recycled.
        (&[process(10, 100), process(20, 102)], 2.0, None),
        (&[process(30, 103)], 1.0, Some(1.0)),
        // The same id, another process.
        (&[process(40, 103)], 1.0, Some(2.0)),
        (&[process(40, 103), process(41, 104), process(42, 105)], 3.0, Some(2.0)),
    ];
    for (index, (processes, count, restarts)) in steps.into_iter().enumerate() {
        let readings = runs.judge("httpd", processes, moment(index as i64).at);
        assert_eq!(readings[0].measure, Measure::Value(count), "step {index}");
        assert_eq!(
            of(&readings, RESTARTS).map(|reading| &reading.measure),
            restarts.map(Measure::Value).as_ref()
        );
    }
    let gone = runs.judge("httpd", &[], moment(60).at);
    assert!(matches!(&gone[0].measure, Measure::Consequence { reason, .. } if reason.contains("httpd")));
}

#[test]
fn a_programs_name_is_compared_as_far_as_the_kernel_keeps_it() {
    assert!(Runs::is_called(b"prometheus-node", "prometheus-node-exporter"));
    assert!(!Runs::is_called(b"prometheus", "prometheus-node-exporter"));
    assert!(Runs::is_called(b"cron", "cron"));
}
