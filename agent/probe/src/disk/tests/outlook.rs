//! How likely the drive is to fail soon, by what it counts and counted.

use nearmiss_agent_core::outlook::SIGNAL;
use nearmiss_agent_core::reading::SAID;

use super::*;

/// What was recorded of this count so many days ago.
fn counted(clock: &Clock, signal: &str, past: &[(i64, f64)]) -> Known {
    let at = |days: i64| clock.wall().minus(Span::from_days(days));
    let past = past.iter().map(|(days, count)| (at(*days), *count)).collect();
    Known { signal: signal.to_owned(), past, ..known("S1", "sda") }
}

async fn outlook(probe: &mut DiskProbe, clock: &Clock) -> Reading {
    let readings = probe.read(clock).await.readings;
    readings.into_iter().find(|reading| reading.signal == SIGNAL).unwrap()
}

#[tokio::test]
async fn growth_since_before_the_restart_counts_and_is_told() {
    let drives = Drives::new();
    drives.holds("sda", "S1");
    let clock = Clock::real();
    // 12 reallocated and 3 unreadable sectors: log2(13) + 2 x log2(4) = 7.7 by their number.
    let mut fresh = drives.probe();
    let alone = outlook(&mut fresh, &clock).await;
    assert!(matches!(alone.measure, Measure::Value(points) if (7.6..7.8).contains(&points)), "{alone:?}");
    assert_eq!(alone.labels[SAID], "3 unreadable sectors; 12 reallocated sectors");
    assert_eq!((alone.labels["device"].as_str(), alone.labels["serial"].as_str()), ("sda", "S1"));

    // And both grew: log2(1 + 8) + 2 x log2(1 + 3) = 7.2 more.
    let mut restarted = drives.probe();
    restarted.expect(&counted(&clock, "disk.reallocated", &[(40, 0.0), (9, 4.0), (3, 12.0)]));
    restarted.expect(&counted(&clock, "disk.pending_sectors", &[(9, 0.0)]));
    let grown = outlook(&mut restarted, &clock).await;
    assert!(matches!(grown.measure, Measure::Value(points) if (14.8..15.0).contains(&points)), "{grown:?}");
    assert_eq!(
        grown.labels[SAID],
        "3 unreadable sectors, 3 more in 9 days; 12 reallocated sectors, 8 more in 9 days"
    );
}
