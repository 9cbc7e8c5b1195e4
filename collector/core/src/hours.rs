//! Working hours: `mon-fri 09:00-17:00` in a person's own time zone, or `always`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When somebody works, by their own wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hours {
    Always,
    Weekly { from_day: usize, to_day: usize, start: Time, end: Time },
}

/// A text that is no working hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no working hours; write `mon-fri 09:00-17:00` or `always`")]
pub struct NotHours(String);

impl Hours {
    /// Whether `instant` lies within, in `zone`.
    pub fn contains(&self, instant: Timestamp, zone: &TimeZone) -> bool {
        let Self::Weekly { from_day, to_day, start, end } = self else { return true };
        let local = zone.to_datetime(instant.to_jiff());
        let day = local.date().weekday().to_monday_zero_offset() as usize;
        let within_days = if from_day <= to_day {
            (*from_day..=*to_day).contains(&day)
        } else {
            day >= *from_day || day <= *to_day
        };
        within_days && local.time() >= *start && local.time() < *end
    }

    /// Whether the whole of `start`..`end` lies within one working day.
    pub fn contains_slot(&self, start: Timestamp, end: Timestamp, zone: &TimeZone) -> bool {
        let last = end.minus(Span::from_millis(1));
        let same_day = matches!(self, Self::Always)
            || zone.to_datetime(start.to_jiff()).date() == zone.to_datetime(last.to_jiff()).date();
        same_day && self.contains(start, zone) && self.contains(last, zone)
    }

    /// The instant at which `work` of working time after `from` has passed; at most 14 days later.
    pub fn after(&self, from: Timestamp, work: Span, zone: &TimeZone) -> Timestamp {
        const STEP: Span = Span::from_minutes(5);
        let mut left = work;
        let mut at = from;
        let latest = from.plus(Span::from_days(14));
        while left > Span::ZERO && at < latest {
            if self.contains(at, zone) {
                left = Span::from_millis(left.as_millis() - STEP.as_millis());
            }
            at = at.plus(STEP);
        }
        at
    }
}

impl FromStr for Hours {
    type Err = NotHours;

    fn from_str(text: &str) -> Result<Self, NotHours> {
        parse(text.trim()).ok_or_else(|| NotHours(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<Hours> {
    if text == "always" {
        return Some(Hours::Always);
    }
    let (days, times) = text.split_once(' ')?;
    let day = |name: &str| DAYS.iter().position(|(known, _)| *known == name);
    let (from_day, to_day) = match days.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(days)?, day(days)?),
    };
    let (start, end) = times.trim().split_once('-')?;
    let (start, end) = (time(start)?, time(end)?);
    (start < end).then_some(Hours::Weekly { from_day, to_day, start, end })
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(Time::MAX),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Weekly { from_day, to_day, start, end } = self else {
            return formatter.write_str("always");
        };
        let day = |index: &usize| DAYS.get(*index).map_or("", |(name, _)| name);
        let (start, end) = (start.strftime("%H:%M"), end.strftime("%H:%M"));
        write!(formatter, "{}-{} {start}-{end}", day(from_day), day(to_day))
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn karachi() -> TimeZone {
        TimeZone::get("Asia/Karachi").unwrap()
    }

    #[test]
    fn hours_are_by_the_persons_own_clock() {
        let hours: Hours = "mon-fri 09:00-17:00".parse().unwrap();
        for (instant, works) in [
            ("2026-11-24T03:59:00Z", false),
            ("2026-11-24T04:00:00Z", true),
            ("2026-11-24T11:59:00Z", true),
            ("2026-11-24T12:00:00Z", false),
            ("2026-11-28T06:00:00Z", false),
        ] {
            assert_eq!(hours.contains(at(instant), &karachi()), works, "{instant}");
        }
        assert!(!hours.contains_slot(at("2026-11-24T11:45:00Z"), at("2026-11-24T12:15:00Z"), &karachi()));
    }

    #[test]
    fn four_working_hours_from_friday_afternoon_end_on_monday() {
        let hours: Hours = "mon-fri 09:00-17:00".parse().unwrap();
        let due = hours.after(at("2026-11-27T10:00:00Z"), Span::from_hours(4), &karachi());
        assert_eq!(due, at("2026-11-30T06:00:00Z"));
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        for text in ["", "mon", "mon-fri", "mon-fri 17:00-09:00", "fri-mun 09:00-10:00", "mon 25:00-26:00"] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
        assert_eq!("mon-fri 09:00-17:00".parse::<Hours>().unwrap().to_string(), "mon-fri 09:00-17:00");
    }
}
