//! A time as a log writes it, its form told by how it begins.
//!
//! Nothing is guessed: what is no time of a known form is none, and so is one without a colon. A zone is what stands behind the
//! time as `Z`, `UTC`, `GMT` or an offset; other abbreviations name several zones and are passed over.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// Seconds since 1970 at the start of a line: from 2001 to 2100, ten digits each.
const EPOCH: RangeInclusive<i64> = 978_307_200..=4_102_444_800;
/// No zone is farther from UTC.
const MOST_HOURS: i32 = 14;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What a line says of when it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Written {
    Instant(jiff::Timestamp),
    /// By the clock of a zone, which is told or the log's.
    Shown(DateTime, Option<Offset>),
    /// The same without a year, as RFC 3164 has it.
    InSomeYear {
        month: i8,
        day: i8,
        time: Time,
        offset: Option<Offset>,
    },
}

/// Reads the start of a line, behind its priority.
pub(super) fn written(head: &str) -> Option<Written> {
    let text = head.strip_prefix('[').unwrap_or(head);
    let forms = [iso, day_first, epoch, weekday_first, month_first];
    forms.into_iter().find_map(|form| form(Text(text))).or_else(|| access(head))
}

/// `2026-11-25T03:59:07.123+00:00`, also with a space or two for the `T` and slashes for the dashes.
fn iso(mut text: Text<'_>) -> Option<Written> {
    let year = text.number(4..=4)?;
    let between = text.one_of("-/")?;
    let month = text.number(2..=2)?;
    text.one_of(between)?;
    let day = text.number(2..=2)?;
    text.one_of("Tt").map(|_| ()).or_else(|| text.spaces())?;
    shown(year, month, day, &mut text)
}

/// `25/Nov/2026:10:00:01 +0000` of access logs, `25-Nov-2026 10:00:01` of PHP.
fn day_first(mut text: Text<'_>) -> Option<Written> {
    let day = text.number(2..=2)?;
    let between = text.one_of("-/")?;
    let month = text.month()?;
    text.one_of(between)?;
    let year = text.number(4..=4)?;
    text.one_of(": ")?;
    shown(year, month, day, &mut text)
}

/// `1795608591.314`, with nothing but a space or a bracket behind it.
fn epoch(mut text: Text<'_>) -> Option<Written> {
    let seconds: i64 = text.number(10..=10)?;
    let nanoseconds = text.fraction();
    let ends = text.0.is_empty() || text.one_of(" \t]").is_some();
    let is_one = ends && EPOCH.contains(&seconds);
    is_one.then(|| jiff::Timestamp::new(seconds, nanoseconds).ok().map(Written::Instant))?
}

/// `Wed Nov 25 10:00:01.123456 2026`, as C prints it, also with a zone before the year.
fn weekday_first(mut text: Text<'_>) -> Option<Written> {
    text.name(&WEEKDAYS)?;
    text.spaces()?;
    let (month, day) = text.month_and_day()?;
    let time = text.time()?;
    let offset = text.offset();
    text.word();
    text.spaces()?;
    let year = text.number(4..=4)?;
    Some(Written::Shown(Date::new(year, month, day).ok()?.to_datetime(time), offset))
}

/// `Jun 14 15:16:01`, where a day below ten has a space before it; with the year behind the day where there is one.
fn month_first(mut text: Text<'_>) -> Option<Written> {
    let (month, day) = text.month_and_day()?;
    let mut behind = text;
    if let (Some(year), Some(())) = (behind.number(4..=4), behind.spaces()) {
        return shown(year, month, day, &mut behind);
    }
    let time = text.time()?;
    // What follows is the host, which may be called `Z`.
    let offset = text.zone_name();
    Some(Written::InSomeYear { month, day, time, offset })
}

/// The last time in brackets before anything is quoted: before it is the name of a user, who chose it.
fn access(head: &str) -> Option<Written> {
    let unquoted = head.split('"').next()?;
    let open = unquoted.rmatch_indices('[');
    { open }.find_map(|(at, _)| day_first(Text(unquoted.get(at + 1..)?)))
}

/// The time that follows a date.
fn shown(year: i16, month: i8, day: i8, text: &mut Text<'_>) -> Option<Written> {
    let time = text.time()?;
    let offset = text.offset();
    Some(Written::Shown(Date::new(year, month, day).ok()?.to_datetime(time), offset))
}

/// What is left to be read.
#[derive(Clone, Copy)]
struct Text<'t>(&'t str);

impl Text<'_> {
    /// As many digits as there are, up to the most.
    fn number<T: TryFrom<i64>>(&mut self, digits: RangeInclusive<usize>) -> Option<T> {
        let found = self.0.bytes().take(*digits.end()).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at_checked(found).filter(|_| found >= *digits.start())?;
        self.0 = rest;
        T::try_from(number.parse().ok()?).ok()
    }

    /// One of these letters, as text.
    fn one_of(&mut self, letters: &str) -> Option<&'static str> {
        const KNOWN: [&str; 12] = ["-", "/", "T", "t", ":", " ", "\t", "]", ".", ",", "+", "Z"];
        let first = KNOWN.into_iter().find(|known| self.0.starts_with(known) && letters.contains(known))?;
        self.0 = self.0.get(first.len()..)?;
        Some(first)
    }

    fn spaces(&mut self) -> Option<()> {
        let rest = self.0.trim_start_matches(' ');
        let is_there = rest.len() < self.0.len();
        self.0 = rest;
        is_there.then_some(())
    }

    /// A name of three letters by its place among these.
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let (name, rest) = self.0.split_at_checked(3)?;
        let place = names.iter().position(|known| name.eq_ignore_ascii_case(known))?;
        self.0 = rest;
        Some(place)
    }

    fn month(&mut self) -> Option<i8> {
        i8::try_from(self.name(&MONTHS)? + 1).ok()
    }

    fn month_and_day(&mut self) -> Option<(i8, i8)> {
        let month = self.month()?;
        self.spaces()?;
        let day = self.number(1..=2)?;
        self.spaces()?;
        Some((month, day))
    }

    /// `15:16:01.250`. A leap second is the one before it.
    fn time(&mut self) -> Option<Time> {
        let hour = self.number(1..=2)?;
        self.one_of(":")?;
        let minute = self.number(2..=2)?;
        let second: i8 = self.one_of(":").map_or(Some(0), |_| self.number(2..=2))?;
        let nanoseconds = self.fraction();
        let is_over = !self.0.starts_with(|next: char| next.is_ascii_digit());
        let second = if second == 60 { 59 } else { second };
        is_over.then(|| Time::new(hour, minute, second, nanoseconds).ok())?
    }

    /// Nanoseconds, from a point or comma and digits; none where there are none.
    fn fraction(&mut self) -> i32 {
        let mut behind = *self;
        let digits = match behind.one_of(".,") {
            Some(_) => behind.0.bytes().take_while(u8::is_ascii_digit).count(),
            None => 0,
        };
        let Some((fraction, rest)) = behind.0.split_at_checked(digits).filter(|_| digits > 0) else {
            return 0;
        };
        self.0 = rest;
        format!("{fraction:0<9.9}").parse().unwrap_or(0)
    }

    /// Letters, such as a zone's abbreviation.
    fn word(&mut self) {
        let mut behind = *self;
        if behind.spaces().is_some() && behind.0.starts_with(|first: char| first.is_ascii_alphabetic()) {
            self.0 = behind.0.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        }
    }

    /// What the zone behind a time says, with or without a space before it.
    fn offset(&mut self) -> Option<Offset> {
        self.zone_name().or_else(|| {
            let mut behind = *self;
            behind.spaces();
            let offset = match behind.one_of("Z") {
                Some(_) => Offset::UTC,
                None => behind.hours()?,
            };
            behind.ends_a_word().then(|| self.0 = behind.0)?;
            Some(offset)
        })
    }

    /// ` UTC` or ` GMT`.
    fn zone_name(&mut self) -> Option<Offset> {
        let mut behind = *self;
        behind.spaces();
        behind.0 = behind.0.strip_prefix("UTC").or_else(|| behind.0.strip_prefix("GMT"))?;
        behind.ends_a_word().then(|| self.0 = behind.0)?;
        Some(Offset::UTC)
    }

    /// `+02`, `+0200`, `+02:00`.
    fn hours(&mut self) -> Option<Offset> {
        let sign = if self.one_of("+-")? == "-" { -1 } else { 1 };
        let hours: i32 = self.number(2..=2)?;
        let mut behind = *self;
        behind.one_of(":");
        let minutes: i32 = match behind.number(2..=2) {
            Some(minutes) => {
                *self = behind;
                minutes
            }
            None => 0,
        };
        let is_one = hours <= MOST_HOURS && minutes < 60;
        is_one.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
    }

    /// `GMT+5`, `-12.5` and `+02x` are something else.
    fn ends_a_word(self) -> bool {
        let goes_on = |next: char| next.is_ascii_alphanumeric() || "+-/_".contains(next);
        let behind = self.0.strip_prefix('.').unwrap_or(self.0);
        !self.0.starts_with(goes_on) && !behind.starts_with(|next: char| next.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests;
