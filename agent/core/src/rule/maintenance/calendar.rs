//! When a weekly window is open, by the clock on the wall of a zone.
//!
//! A night on which clocks change is read as people read the clock. An hour that comes twice belongs to the window
//! both times: it begins with the first and ends with the second. A time that is skipped is the instant of the skip,
//! so a window that lies within the skipped hour does not come that night.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp as Instant, ToSpan};
use nearmiss_shared::time::Timestamp;

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u16 = 24 * 60;
/// A window that began so many days ago may still be open: a day's length, a change of clocks, a skipped day.
const DAYS_BACK: i64 = 2;
/// And the next one comes within two weeks, even where clocks changes swallow one.
const DAYS_AHEAD: i64 = 15;

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days([bool; 7]);

impl Days {
    pub(super) const EVERY: Self = Self([true; 7]);
    pub(super) const NONE: Self = Self([false; 7]);

    /// Adds `sat` or `fri-mon`; false when it is neither.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let text = text.trim().to_ascii_lowercase();
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        let day = |name: &str| NAMES.iter().position(|known| *known == name.trim());
        let (Some(first), Some(last)) = (day(first), day(last)) else { return false };
        let length = (last + 7 - first) % 7;
        for (index, day) in self.0.iter_mut().enumerate() {
            *day |= (index + 7 - first) % 7 <= length;
        }
        true
    }

    fn has(self, date: Date) -> bool {
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.0.get(day).copied().unwrap_or(false)
    }
}

/// Minutes since midnight of `HH:MM`, up to `24:00`.
pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    let parsed = |part: &str| part.parse::<u16>().ok().filter(|_| two_digits(part));
    let (hour, minute) = (parsed(hour)?, parsed(minute)?);
    (minute < 60).then_some(hour * 60 + minute).filter(|minutes| *minutes <= DAY)
}

/// One time that the window is open; `until` is the first instant after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Occurrence {
    pub fn contains(&self, instant: Timestamp) -> bool {
        (self.from..self.until).contains(&instant)
    }
}

/// The days on which it begins and the times of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weekly {
    pub(super) days: Days,
    /// Minutes since midnight; an `until` that is not after `from` is of the next day.
    pub(super) from: u16,
    pub(super) until: u16,
    /// The last day on which it begins.
    pub(super) last: Option<Date>,
}

impl Weekly {
    pub(super) fn running(&self, zone: &TimeZone, now: Timestamp) -> Option<Occurrence> {
        let open = self.occurrences(zone, now, -DAYS_BACK..1).filter(|found| found.contains(now));
        open.max_by_key(|found| found.until)
    }

    pub(super) fn next(&self, zone: &TimeZone, now: Timestamp) -> Option<Occurrence> {
        self.occurrences(zone, now, 0..DAYS_AHEAD).find(|found| found.from > now)
    }

    /// The occurrences that begin on these days, counted from today.
    fn occurrences<'a>(
        &'a self,
        zone: &'a TimeZone,
        now: Timestamp,
        days: std::ops::Range<i64>,
    ) -> impl Iterator<Item = Occurrence> + 'a {
        let today = zone.to_datetime(now.to_jiff()).date();
        days.filter_map(move |ahead| self.on(zone, today.checked_add(ahead.days()).ok()?))
    }

    fn on(&self, zone: &TimeZone, date: Date) -> Option<Occurrence> {
        if !self.days.has(date) || self.last.is_some_and(|last| date > last) {
            return None;
        }
        let end = if self.until > self.from { self.until } else { self.until + DAY };
        let from = instant(zone, at(date, self.from)?, Repeated::First)?;
        let until = instant(zone, at(date, end)?, Repeated::Second)?;
        (from < until).then_some(Occurrence { from, until })
    }
}

fn at(date: Date, minutes: u16) -> Option<DateTime> {
    date.to_datetime(Time::midnight()).checked_add(i64::from(minutes).minutes()).ok()
}

/// Which of two instants that the clock shows alike.
#[derive(Clone, Copy)]
enum Repeated {
    First,
    Second,
}

fn instant(zone: &TimeZone, shown: DateTime, repeated: Repeated) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    let instant: Instant = match (ambiguous.offset(), repeated) {
        (AmbiguousOffset::Gap { .. }, _) => skip(zone, ambiguous.earlier().ok()?)?,
        (_, Repeated::First) => ambiguous.earlier().ok()?,
        (_, Repeated::Second) => ambiguous.later().ok()?,
    };
    Some(instant.into())
}

/// The instant at which the clock is put forward next.
fn skip(zone: &TimeZone, before: Instant) -> Option<Instant> {
    zone.following(before).next().map(|transition| transition.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weekly(days: &str, from: &str, until: &str) -> Weekly {
        let mut set = Days::NONE;
        assert!(days.split(',').all(|text| set.add(text)), "{days}");
        Weekly { days: set, from: minute(from).unwrap(), until: minute(until).unwrap(), last: None }
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    /// `from`, `until` of the first occurrence after `after`, without date where it is said already.
    fn next(weekly: &Weekly, zone: &TimeZone, after: &str) -> (String, String) {
        let found = weekly.next(zone, after.parse().unwrap()).unwrap();
        (found.from.to_string(), found.until.to_string())
    }

    #[test]
    fn days_are_names_and_spans_of_names() {
        for (text, days) in [
            ("sat", "-----X-"),
            ("mon-fri", "XXXXX--"),
            ("sat-sun", "-----XX"),
            ("fri-mon", "X---XXX"),
            ("Sat", "-----X-"),
            ("mon-sun", "XXXXXXX"),
        ] {
            let mut set = Days::NONE;
            assert!(set.add(text), "{text}");
            let told: String = set.0.iter().map(|day| if *day { 'X' } else { '-' }).collect();
            assert_eq!(told, days, "{text}");
        }
        for text in ["", "mun", "mon-", "mon-tue-wed", "1"] {
            assert!(!Days::NONE.clone().add(text), "{text}");
        }
    }

    #[test]
    fn times_are_of_a_day() {
        for (text, minutes) in
            [("00:00", Some(0)), ("22:30", Some(1350)), ("24:00", Some(1440)), ("24:01", None)]
        {
            assert_eq!(minute(text), minutes, "{text}");
        }
        for text in ["2:00", "22", "22:60", "-1:00", "22:00:00", "+1:00"] {
            assert_eq!(minute(text), None, "{text}");
        }
    }

    #[test]
    fn a_window_is_open_by_the_zones_own_clock_and_may_cross_midnight() {
        let karachi = zone("Asia/Karachi");
        let window = weekly("sat", "22:00", "02:00");
        // 2026-11-28 is a Saturday; Karachi is five hours ahead.
        for (instant, open) in [
            ("2026-11-28T16:59:59.999Z", false),
            ("2026-11-28T17:00:00Z", true),
            ("2026-11-28T20:59:59.999Z", true),
            ("2026-11-28T21:00:00Z", false),
            ("2026-11-29T17:30:00Z", false),
        ] {
            assert_eq!(window.running(&karachi, instant.parse().unwrap()).is_some(), open, "{instant}");
        }
        assert_eq!(next(&window, &karachi, "2026-11-28T17:00:00Z").0, "2026-12-05T17:00:00.000Z");
    }

    #[test]
    fn a_whole_day_is_until_twenty_four_o_clock() {
        let window = weekly("sun", "00:00", "24:00");
        let told = next(&window, &TimeZone::UTC, "2026-11-28T00:00:00Z");
        assert_eq!(told, ("2026-11-29T00:00:00.000Z".to_owned(), "2026-11-30T00:00:00.000Z".to_owned()));
    }

    /// Berlin skips 02:00-03:00 on 2026-03-29 at 01:00 UTC and repeats it on 2026-10-25, until 01:00 UTC.
    #[test]
    fn nights_on_which_clocks_change_are_read_as_people_read_the_clock() {
        let berlin = zone("Europe/Berlin");
        let (gap, overlap) = ("2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z");
        for (window, from, until, what) in [
            (("22:00", "04:00"), "2026-03-28T21:00", "2026-03-29T02:00", "a night an hour short"),
            (("01:30", "02:30"), "2026-03-29T00:30", "2026-03-29T01:00", "its end is skipped"),
            (("02:30", "03:30"), "2026-03-29T01:00", "2026-03-29T01:30", "its begin is skipped"),
            (("22:00", "04:00"), "2026-10-24T20:00", "2026-10-25T03:00", "a night an hour long"),
            (("02:15", "02:45"), "2026-10-25T00:15", "2026-10-25T01:45", "both times"),
            (("01:30", "02:30"), "2026-10-24T23:30", "2026-10-25T01:30", "ends with the second"),
            (("02:30", "03:30"), "2026-10-25T00:30", "2026-10-25T02:30", "begins with the first"),
        ] {
            let after = if from.starts_with("2026-03") { gap } else { overlap };
            let told = next(&weekly("mon-sun", window.0, window.1), &berlin, after);
            assert_eq!(told, (format!("{from}:00.000Z"), format!("{until}:00.000Z")), "{what}");
        }
    }

    #[test]
    fn a_window_within_the_skipped_hour_does_not_come_that_night() {
        let told = next(&weekly("mon-sun", "02:15", "02:45"), &zone("Europe/Berlin"), "2026-03-28T12:00:00Z");
        assert_eq!(told.0, "2026-03-30T00:15:00.000Z");
    }

    #[test]
    fn after_its_last_day_it_comes_no_more() {
        let mut window = weekly("mon-sun", "22:00", "02:00");
        window.last = Some("2026-11-25".parse().unwrap());
        let open = |instant: &str| window.running(&TimeZone::UTC, instant.parse().unwrap()).is_some();
        assert!(open("2026-11-26T01:00:00Z"), "it began on its last day");
        assert!(!open("2026-11-26T22:30:00Z"));
        assert_eq!(window.next(&TimeZone::UTC, "2026-11-25T23:00:00Z".parse().unwrap()), None);
    }

    proptest! {
        /// Minute by minute: open exactly when the clock on the wall says so.
        #[test]
        fn open_agrees_with_the_clock_on_the_wall(
            from in 0..1440_u16, until in 0..=1440_u16, day in 0..7_usize, minutes in 0..400_000_i64,
        ) {
            prop_assume!(from != until);
            let berlin = zone("Europe/Berlin");
            let window = Weekly { days: { let mut days = Days::NONE; days.0[day] = true; days }, from, until, last: None };
            let now = Timestamp::from_millis(1_767_225_600_000 + minutes * 60_000);
            let shown = berlin.to_datetime(now.to_jiff());
            let at = u16::try_from(shown.hour()).unwrap() * 60 + u16::try_from(shown.minute()).unwrap();
            let yesterday = shown.date().yesterday().unwrap();
            let by_the_clock = if until > from {
                window.days.has(shown.date()) && (from..until).contains(&at)
            } else {
                window.days.has(shown.date()) && at >= from || window.days.has(yesterday) && at < until
            };
            let open = window.running(&berlin, now).is_some();
            // In the hour that comes twice a window stays open between its begin and its end.
            let twice = berlin.to_ambiguous_timestamp(shown).is_ambiguous();
            prop_assert!(open == by_the_clock || (twice && open), "{shown} {from}-{until}: {open}");
        }

        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,12}") {
            prop_assert!(minute(&text).is_none_or(|minutes| minutes <= DAY));
            Days::NONE.clone().add(&text);
        }
    }
}
