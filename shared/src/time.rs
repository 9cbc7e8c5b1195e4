//! Instants and spans as every program, file and message of the product writes them.
//!
//! An instant is UTC with milliseconds (`2026-11-23T18:12:57.250Z`, RFC 3339). A span is seconds on the wire
//! and a short string in configuration (`100ms`, `30s`, `15m`, `2h`, `7d`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A UTC instant with millisecond resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `milliseconds` after 1970-01-01T00:00:00Z. Values outside years -9999..9999 are clamped
    /// when printed.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The signed distance `self - earlier`.
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by `span`.
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_millis()))
    }

    /// This instant moved back by `span`.
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.as_millis()))
    }

    /// The same instant for calendar arithmetic; out-of-range values become the nearest end of the range.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self(instant.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.to_jiff())
    }
}

/// Why a text is no instant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an RFC 3339 instant such as 2026-11-23T18:12:57.250Z")]
pub struct NotAnInstant(String);

impl FromStr for Timestamp {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        text.parse::<jiff::Timestamp>()
            .map(Self::from)
            .map_err(|_| NotAnInstant(text.chars().take(40).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A signed length of time in milliseconds.
///
/// Read from and written to configuration as a string with one unit per part (`90s`, `1h30m`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    pub const ZERO: Self = Self(0);

    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_seconds(minutes.saturating_mul(60))
    }

    pub const fn from_hours(hours: i64) -> Self {
        Self::from_minutes(hours.saturating_mul(60))
    }

    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days.saturating_mul(24))
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds, with the fraction.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Hours, with the fraction.
    pub fn as_hours(self) -> f64 {
        self.as_seconds() / 3600.0
    }

    /// For a timer; a negative span is no time at all.
    pub fn to_duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// Both spans together, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This span `factor` times, saturating.
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

/// Why a text is no span.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a span such as 100ms, 30s, 15m, 2h or 7d")]
pub struct NotASpan(String);

const UNITS: [(&str, i64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let refuse = || NotASpan(text.chars().take(40).collect());
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(refuse());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(refuse)?;
            let (number, after) = rest.split_at(digits);
            let unit_length = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
            let (unit, remaining) = after.split_at(unit_length);
            let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
            let number: i64 = number.parse().map_err(|_| refuse())?;
            total = number
                .checked_mul(factor.ok_or_else(refuse)?)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(refuse)?;
            rest = remaining.trim_start();
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    /// The two largest units, as a person would say it: `3h 40m`, `7d`, `45s`, `250ms`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        let mut rest = self.0.saturating_abs();
        if rest < 1_000 {
            return write!(formatter, "{rest}ms");
        }
        let mut written = 0;
        for (unit, factor) in UNITS.iter().rev().take(4) {
            let count = rest / factor;
            rest %= factor;
            if count > 0 {
                let gap = if written > 0 { " " } else { "" };
                write!(formatter, "{gap}{count}{unit}")?;
                written += 1;
            }
            if written == 2 || (written == 1 && count == 0) {
                break;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_milliseconds_and_z() {
        let instant: Timestamp = "2026-11-23T18:12:57.25+05:00".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-11-23T13:12:57.250Z");
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn spans_are_read_with_units_and_refused_without() {
        for (text, milliseconds) in
            [("100ms", 100), ("30s", 30_000), ("2h", 7_200_000), ("7d", 604_800_000), ("1h30m", 5_400_000)]
        {
            assert_eq!(text.parse(), Ok(Span::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "30", "s", "-1s", "1.5h", "3 weeks", "99999999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_said_in_the_two_largest_units() {
        for (milliseconds, text) in [
            (250, "250ms"),
            (45_000, "45s"),
            (13_200_000, "3h 40m"),
            (604_800_000, "7d"),
            (90_061_000, "1d 1h"),
            (3_605_000, "1h"),
        ] {
            assert_eq!(Span::from_millis(milliseconds).to_string(), text);
        }
    }
}
