//! `timedatectl timesync-status` (timedatectl(1)): `name: value` lines, the offset as a span such as `-1.095ms`.

use super::Standing;

/// `None` when the text is no such status.
pub fn parse(text: &str) -> Option<Standing> {
    let line = |name: &str| {
        text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    line("Poll interval")?;
    let offset = line("Offset").and_then(seconds);
    Some(offset.map_or(Standing::Unsynchronised, |offset| Standing::Followed { offset }))
}

/// A span of one or more parts: `+1min 2.500s`, `-95us`.
fn seconds(span: &str) -> Option<f64> {
    let sign = if span.starts_with('-') { -1.0 } else { 1.0 };
    let span = span.trim_start_matches(['+', '-']);
    let part = |part: &str| {
        let unit = part.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, unit) = part.split_at_checked(unit)?;
        let length = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3_600.0,
            "d" | "day" | "days" => 86_400.0,
            "w" | "week" | "weeks" => 604_800.0,
            "month" | "months" => 2_629_800.0,
            "y" | "year" | "years" => 31_557_600.0,
            _ => return None,
        };
        Some(number.parse::<f64>().ok()? * length)
    };
    let total = span.split_ascii_whitespace().map(part).sum::<Option<f64>>()?;
    (total.is_finite() && !span.is_empty()).then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_status_is_read_with_and_without_an_answer_of_the_server() {
        let heard = "       Server: 127.0.0.1 (127.0.0.1)\nPoll interval: 16s (min: 16s; max 34min 8s)\n\
                     \x20        Leap: normal\n      Version: 4\n      Stratum: 5\n    Reference: 7F7F0101\n\
                     \x20   Precision: 1us (-25)\nRoot distance: 0 (max: 5s)\n       Offset: +1.033412s\n\
                     \x20       Delay: 26us\n       Jitter: 0\n Packet count: 1\n    Frequency: +0.000ppm\n";
        assert_eq!(parse(heard), Some(Standing::Followed { offset: 1.033412 }));
        let silent = "       Server: 127.0.0.1 (127.0.0.1)\nPoll interval: 16s (min: 16s; max 34min 8s)\n\
                      \x20Packet count: 0\n";
        assert_eq!(parse(silent), Some(Standing::Unsynchronised));
        assert_eq!(parse("Failed to connect to bus: Host is down\n"), None);
    }

    #[test]
    fn a_span_is_read_in_seconds() {
        for (span, expected) in [
            ("+1.500ms", Some(0.0015)),
            ("-95us", Some(-0.000095)),
            ("-1min 2.500s", Some(-62.5)),
            ("+2h 1min", Some(7_260.0)),
            ("", None),
            ("n/a", None),
            ("12 parsecs", None),
        ] {
            let read = seconds(span);
            let same = read.zip(expected).is_some_and(|(read, expected)| (read - expected).abs() < 1e-9);
            assert!(same || read == expected, "{span}: {read:?}");
        }
    }
}
