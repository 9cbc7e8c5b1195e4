//! When a line of a log was written, by the log's own words.
//!
//! Read are the timestamps of syslog, `Jun 14 15:16:01` (RFC 3164) and `2026-11-25T03:59:07.123+00:00` (RFC 5424, RFC
//! 3339 and ISO 8601, with `T` or a space), both also after a priority (`<34>`, `<34>1`), those of web servers and databases,
//! and seconds since 1970 (see [`written`]). One without an offset is of the log's zone. RFC 3164 has no year: the first one is
//! given or the last that is not after the file itself, and a month that falls back by half a year begins the next.

mod written;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use nearmiss_shared::time::{Span, Timestamp};

use written::{Written, written};

/// A timestamp lies within so many first bytes.
const HEAD_BYTES: usize = 200;
/// A leap day comes at least once in so many years.
const YEARS_BACK: i16 = 8;
/// A clock may be this far ahead of the file system's.
const AHEAD: Span = Span::from_days(1);

/// What the year of the first line without one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstYear {
    Is(i16),
    /// The last in which the line is not after this instant.
    NotAfter(Timestamp),
}

/// Reads the time of one line after the other.
#[derive(Clone, Debug)]
pub struct LogClock {
    zone: TimeZone,
    first: FirstYear,
    /// Year and month of the last line without a year.
    last: Option<(i16, i8)>,
}

impl LogClock {
    pub const fn new(zone: TimeZone, first: FirstYear) -> Self {
        Self { zone, first, last: None }
    }

    /// When this line was written; `None` when it does not say.
    pub fn read(&mut self, line: &[u8]) -> Option<Timestamp> {
        let head = line.get(..HEAD_BYTES).unwrap_or(line);
        let ascii = head.iter().position(|byte| !byte.is_ascii()).unwrap_or(head.len());
        let text = std::str::from_utf8(head.get(..ascii)?).ok()?;
        match written(without_priority(text))? {
            Written::Instant(at) => Some(at.into()),
            Written::Shown(shown, offset) => self.instant(shown, offset),
            Written::InSomeYear { month, day, time, offset } => self.in_its_year(month, day, time, offset),
        }
    }

    fn in_its_year(&mut self, month: i8, day: i8, time: Time, offset: Option<Offset>) -> Option<Timestamp> {
        let in_year = |year: i16| -> Option<Timestamp> {
            self.instant(Date::new(year, month, day).ok()?.to_datetime(time), offset)
        };
        let year = match (self.last, self.first) {
            // A line that is late by a month is of the year before, and does not turn it back.
            (Some((year, last)), _) if month >= last + 6 => return in_year(year - 1),
            (Some((year, last)), _) if month <= last - 6 => year + 1,
            (Some((year, _)), _) | (None, FirstYear::Is(year)) => year,
            (None, FirstYear::NotAfter(file)) => {
                let latest = file.plus(AHEAD);
                let this = self.zone.to_datetime(latest.to_jiff()).year();
                (this.saturating_sub(YEARS_BACK)..=this)
                    .rev()
                    .find(|year| in_year(*year).is_some_and(|at| at <= latest))?
            }
        };
        let at = in_year(year)?;
        self.last = Some((year, month));
        Some(at)
    }

    fn instant(&self, shown: DateTime, offset: Option<Offset>) -> Option<Timestamp> {
        let at = match offset {
            Some(offset) => offset.to_timestamp(shown),
            None => self.zone.to_timestamp(shown),
        };
        at.ok().map(Timestamp::from)
    }
}

/// The text after `<34>` or `<34>1 `.
fn without_priority(text: &str) -> &str {
    let Some((priority, rest)) = text.strip_prefix('<').and_then(|text| text.split_once('>')) else {
        return text;
    };
    if priority.len() > 3 || !priority.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    rest.strip_prefix("1 ").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(first: FirstYear) -> LogClock {
        LogClock::new(TimeZone::get("Asia/Karachi").unwrap(), first)
    }

    fn told(clock: &mut LogClock, line: &str) -> String {
        clock.read(line.as_bytes()).map_or_else(|| "-".to_owned(), |at| at.to_string())
    }

    #[test]
    fn the_usual_timestamps_are_read() {
        for (line, at) in [
            ("Jun 14 15:16:01 combo sshd[1]: x", "2005-06-14T10:16:01.000Z"),
            ("Jul  1 00:00:00 combo x", "2005-06-30T19:00:00.000Z"),
            ("Jul 01 00:00:00.250 combo x", "2005-06-30T19:00:00.250Z"),
            ("<34>Jun 14 15:16:01 combo su: x", "2005-06-14T10:16:01.000Z"),
            ("<165>1 2003-10-11T22:14:15.003Z host evnt - x", "2003-10-11T22:14:15.003Z"),
            ("2026-11-25T03:59:07.123456+00:00 host x", "2026-11-25T03:59:07.123Z"),
            ("2026-11-25T03:59:07+0500 host x", "2026-11-24T22:59:07.000Z"),
            ("2026-11-25 03:59:07,5 INFO x", "2026-11-24T22:59:07.500Z"),
            ("2026-11-25T03:59:07: x", "2026-11-24T22:59:07.000Z"),
            ("2026-11-25 03:59:07", "2026-11-24T22:59:07.000Z"),
            ("2026/11/25 03:59:07 [error] 1#1: x", "2026-11-24T22:59:07.000Z"),
            ("2026-11-25 03:59:07.5 +02 [1] LOG:  x", "2026-11-25T01:59:07.500Z"),
            ("Jun 14 2026 15:16:01 switch x", "2026-06-14T10:16:01.000Z"),
            ("1795608591.314 x", "2026-11-25T12:09:51.314Z"),
        ] {
            assert_eq!(told(&mut clock(FirstYear::Is(2005)), line), at, "{line}");
        }
        for line in [
            "",
            "Jun",
            "Jun 14",
            "Jun 31 10:00:00 x",
            "Jun 14 25:00:00 x",
            "    at Foo.bar(Foo.java:1)",
            "2026-13-01T00:00:00Z x",
            "12345",
            "<9999>Jun 14 15:16:01 x",
            "Füü 14 15:16:01",
            "Jun 14 2026 x",
        ] {
            assert_eq!(told(&mut clock(FirstYear::Is(2005)), line), "-", "{line}");
        }
    }

    #[test]
    fn the_year_is_the_last_that_is_not_after_the_file_and_turns_with_the_months() {
        let file = FirstYear::NotAfter("2026-02-03T00:00:00Z".parse().unwrap());
        let mut clock = clock(file);
        for (line, at) in [
            ("Dec 30 12:00:00 h x", "2025-12-30T07:00:00.000Z"),
            ("Jan  2 12:00:00 h x", "2026-01-02T07:00:00.000Z"),
            ("Dec 31 12:00:00 h late", "2025-12-31T07:00:00.000Z"),
            ("Feb  3 12:00:00 h x", "2026-02-03T07:00:00.000Z"),
        ] {
            assert_eq!(told(&mut clock, line), at, "{line}");
        }
    }

    #[test]
    fn a_leap_day_finds_its_year() {
        let file = FirstYear::NotAfter("2026-02-03T00:00:00Z".parse().unwrap());
        assert_eq!(told(&mut clock(file), "Feb 29 12:00:00 h x"), "2024-02-29T07:00:00.000Z");
        assert_eq!(told(&mut clock(FirstYear::Is(2025)), "Feb 29 12:00:00 h x"), "-");
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_time_or_none(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..90), 0..8)) {
            let mut clock = clock(FirstYear::NotAfter(Timestamp::from_millis(0)));
            for line in lines {
                clock.read(&line);
            }
        }

        /// Near misses of a timestamp, which any bytes hardly hit.
        #[test]
        fn almost_timestamps_have_a_time_or_none(text in "(<[0-9]{0,4}>)?\\[?(Wed )?(Feb|Dec|2026|25/Nov/2026)[-/: ]{0,2}[0-9]{0,4}[- /T]{0,2}[0-9:.,+Zé UTC-]{0,20}") {
            let mut clock = clock(FirstYear::Is(i16::MAX));
            clock.read(text.as_bytes());
            clock.read(text.as_bytes());
        }
    }
}
