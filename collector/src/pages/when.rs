//! Times and spans in words. A row says how long; the exact instant stands in `datetime` and `title`.

use std::fmt;

use askama::filters::HtmlSafe;
use nearmiss_shared::time::{Span, Timestamp};

/// An instant as a row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// `in 3 h 40 min`, `2 d ago`.
    pub relative: String,
    /// `Tue 24 Nov 2026, 06:00 UTC`.
    pub exact: String,
    at: Timestamp,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { relative: relative(at, now), exact: exact(at), at }
    }
}

impl fmt::Display for When {
    /// The `<time>` element; nothing in it comes from outside.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { relative, exact, at } = self;
        write!(formatter, "<time datetime=\"{at}\" title=\"{exact}\">{relative}</time>")
    }
}

impl HtmlSafe for When {}

/// The two largest units: `3 h 40 min`, `23 d`, `45 s`.
pub(crate) fn span(seconds: f64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = if seconds.is_finite() { seconds.abs().min(1e12) as i64 } else { 0 };
    let first = UNITS.iter().position(|(size, _)| rest >= *size).unwrap_or(UNITS.len() - 1);
    let mut parts = Vec::new();
    for (size, unit) in UNITS.iter().skip(first).take(2) {
        let count = rest / size;
        rest %= size;
        if count > 0 || parts.is_empty() {
            parts.push(format!("{count} {unit}"));
        }
        // Seconds beside minutes and hours beside many days are noise.
        if (*unit == "d" && count >= 3) || (*unit == "min" && count >= 5) {
            break;
        }
    }
    parts.join(" ")
}

/// `in 5 h`, `5 h ago`, `now`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let distance = at.since(now);
    if distance.as_millis().abs() < 1_000 {
        return "now".to_owned();
    }
    let length = span(distance.as_seconds());
    if distance > Span::ZERO { format!("in {length}") } else { format!("{length} ago") }
}

/// `Tue 24 Nov 2026, 06:00 UTC`.
pub(crate) fn exact(at: Timestamp) -> String {
    at.to_jiff().strftime("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// `2026-11-24`, as a field for a day has it.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d").to_string()
}

/// `24 Nov 06:00`, for axes and lists whose year is plain.
pub(crate) fn short(at: Timestamp) -> String {
    at.to_jiff().strftime("%-d %b %H:%M").to_string()
}

/// A text with every RFC 3339 instant in it written for people.
pub(crate) fn humane(text: &str) -> String {
    let word = |word: &str| {
        let core = word.trim_end_matches([',', ';', '.', ':', ')']);
        let instant: Option<Timestamp> =
            (core.len() >= 20 && core.ends_with('Z')).then(|| core.parse().ok()).flatten();
        instant.map_or_else(|| word.to_owned(), |at| format!("{} UTC{}", short(at), &word[core.len()..]))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_a_person_says_them() {
        let said = [
            (0.0, "0 s"),
            (45.0, "45 s"),
            (192.0, "3 min 12 s"),
            (660.0, "11 min"),
            (13_200.0, "3 h 40 min"),
            (18_000.0, "5 h"),
            (90_000.0, "1 d 1 h"),
            (1_987_200.0 + 3_600.0, "23 d"),
            (-120.0, "2 min"),
            (f64::NAN, "0 s"),
        ];
        for (seconds, words) in said {
            assert_eq!(span(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn an_instant_is_relative_in_the_row_and_exact_on_demand() {
        let now: Timestamp = "2026-11-24T06:00:00Z".parse().unwrap();
        let when = When::new(now.plus(Span::from_hours(5)), now);
        assert_eq!((when.relative.as_str(), when.exact.as_str()), ("in 5 h", "Tue 24 Nov 2026, 11:00 UTC"));
        assert_eq!(When::new(now.minus(Span::from_days(2)), now).relative, "2 d ago");
        assert!(when.to_string().starts_with("<time datetime=\"2026-11-24T11:00:00.000Z\""));
    }

    #[test]
    fn instants_within_a_text_become_readable() {
        assert_eq!(
            humane("acknowledge by 2026-11-24T06:15:00.000Z: then rest. Z"),
            "acknowledge by 24 Nov 06:15 UTC: then rest. Z"
        );
    }
}
