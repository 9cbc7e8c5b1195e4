//! What a value means, in the words of the page: plain, exact, short.

use nearmiss_agent_core::margin::{Margin, number};
use nearmiss_shared::time::Span;
use nearmiss_shared::wire::v1::Estimate;

/// The value: `28.9 % free`, `3 sectors`, `5 of 20 matches`.
pub(super) fn value(margin: &Margin) -> String {
    let Some(value) = margin.value else { return "no value".to_owned() };
    let told = number(value, &margin.unit);
    let yes = value >= 0.5;
    match margin.signal.as_str() {
        "filesystem.read_only" => if yes { "read-only" } else { "writable" }.to_owned(),
        "service.active" => if yes { "active" } else { "failed" }.to_owned(),
        "service.running" if yes => format!("{value:.0} running"),
        "service.running" => "not running".to_owned(),
        "service.restarts_left" | "container.restarts_left" => format!("{told} left"),
        "service.restarts" => format!("{told} in an hour"),
        "service.watchdog_left" => format!("{told} of its watchdog's time left"),
        "service.timer_overdue" if value < 1.0 => "on time".to_owned(),
        "service.timer_overdue" => format!("late by {}", span(value)),
        "container.running" => if yes { "running" } else { "not running" }.to_owned(),
        "backup.age" => format!("made {} ago", Span::from_seconds((value * 3600.0) as i64)),
        "backup.size_ratio" => format!("{:.0} % of the usual size", value * 100.0),
        "backup.verified_age" => format!("good one made {} ago", Span::from_seconds((value * 3600.0) as i64)),
        "certificate.days_left" if value <= 0.0 => format!("ended {:.1} days ago", -value),
        "certificate.days_left" => format!("{value:.1} days left"),
        "certificate.trust" => if yes { "trusted" } else { "not trusted any more" }.to_owned(),
        "endpoint.attempts_left" => {
            format!("{value:.0} of {:.0} attempts left", margin.normal.unwrap_or(value))
        }
        "endpoint.latency" => format!("answers in {value:.2} s"),
        "integrity.changed" if value == 0.0 => "as it should be".to_owned(),
        "filesystem.inodes_free" => format!("{told} of inodes free"),
        "host.oom_kills" => format!("{value:.0} killed for memory"),
        "host.clock_offset" => format!("clock {value:.3} s off"),
        "host.clock_unsynchronised" if value < 1.0 => "clock follows a source".to_owned(),
        "host.clock_unsynchronised" => format!("clock follows nothing for {}", span(value)),
        "host.memory_available" => format!("{told} available"),
        "host.cpu_pressure" | "host.io_pressure" | "host.memory_pressure" => {
            format!("{told} of time stalled")
        }
        signal if signal.starts_with("log.") => match margin.limit {
            Some(limit) => format!("{value:.0} of {limit:.0} matches"),
            None => format!("{value:.0} matches"),
        },
        "power.status" if value >= 2.0 => "low battery".to_owned(),
        "power.status" => if value >= 1.0 { "on battery or worn out" } else { "on mains" }.to_owned(),
        "power.runtime_left" => format!("{told} on battery"),
        signal if ["plugin.", "metrics."].iter().any(|table| signal.starts_with(table)) => told,
        _ if margin.unit == "ratio" => format!("{told} free"),
        "disk.outlook" if value == 0.0 => "nothing counted".to_owned(),
        "disk.outlook" => format!("{value:.1} points"),
        "disk.verdict" => if yes { "says it fails" } else { "says it passed" }.to_owned(),
        _ => told,
    }
}

fn span(seconds: f64) -> Span {
    Span::from_seconds(seconds.round() as i64)
}

/// `fails in 3h 40m (2h 50m - 5h)`, where the rate points there.
pub(super) fn time_left(margin: &Margin) -> Option<String> {
    let Estimate { estimate, low, high } = margin.time_to_failure_seconds?;
    let word = if margin.signal.starts_with("filesystem.") { "full" } else { "fails" };
    let range = match (low, high) {
        (Some(low), Some(high)) => format!(" ({} - {})", span(low), span(high)),
        (Some(low), None) => format!(" ({} at the soonest)", span(low)),
        _ => String::new(),
    };
    Some(format!("{word} in {}{range}", span(estimate)))
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::margin;
    use super::*;

    #[test]
    fn values_read_as_a_person_says_them() {
        for (signal, unit, value_of, told) in [
            ("filesystem.free", "ratio", 0.289, "28.9 % free"),
            ("filesystem.read_only", "flag", 0.0, "writable"),
            ("disk.pending_sectors", "sectors", 3.0, "3 sectors"),
            ("host.cpu_pressure", "percent", 1.25, "1.2 % of time stalled"),
            ("service.timer_overdue", "seconds", 0.0, "on time"),
            ("service.timer_overdue", "seconds", 5_400.0, "late by 1h 30m"),
            ("service.running", "processes", 3.0, "3 running"),
            ("host.clock_offset", "seconds", 0.0412, "clock 0.041 s off"),
            ("log.failed-logins", "matches", 4.0, "4 of 0 matches"),
        ] {
            let margin =
                Margin { unit: unit.to_owned(), value: Some(value_of), ..margin(signal, "", Some(0.1)) };
            assert_eq!(value(&margin), told);
        }
    }

    #[test]
    fn time_left_has_its_range_and_is_never_invented() {
        let mut margin = margin("filesystem.free", "/var", Some(0.9));
        assert_eq!(time_left(&margin), None);
        margin.time_to_failure_seconds =
            Some(Estimate { estimate: 13_200.0, low: Some(10_200.0), high: Some(18_000.0) });
        assert_eq!(time_left(&margin).unwrap(), "full in 3h 40m (2h 50m - 5h)");
    }
}
