//! One signal as one line: name, bar, number, words; each column as wide as the window allows.

use nearmiss_agent_core::margin::Margin;
use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::bar::{self, Tone};
use nearmiss_shared::vocabulary::Physical;

use super::words;
use crate::output::{Ink, Terminal};

/// Letters of each column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) name: usize,
    pub(super) bar: usize,
    pub(super) words: usize,
}

/// Of a subject that is cut at least so many letters are shown.
const LEAST_SUBJECT: usize = 8;

/// Between name, bar, number and words, with the bar's closing line and the number itself.
const FIXED: usize = 1 + 1 + 1 + 4 + 2;

impl Columns {
    /// For a window of this width and names of at most `longest`.
    pub(super) fn of(width: usize, longest: usize) -> Self {
        let room = width.saturating_sub(FIXED);
        let name = longest.min(room * 9 / 20).max(8.min(room));
        let bar = (room.saturating_sub(name) * 2 / 5).clamp(4.min(room.saturating_sub(name)), 32);
        Self { name, bar, words: room.saturating_sub(name + bar) }
    }
}

/// The line of `margin`.
pub(super) fn line(
    margin: &Margin,
    case: Option<CaseNumber>,
    columns: Columns,
    terminal: Terminal,
) -> String {
    let tone = tone(margin);
    let ink = ink(tone);
    let name = padded(&fitted(margin, columns.name), columns.name);
    let bar = bar::draw(margin.proximity, margin.tick, None, columns.bar);
    let number = margin.proximity.map_or_else(|| "   -".to_owned(), |near| format!("{:>4.2}", near.max(0.0)));
    let words = said(margin, case, columns.words);
    let name_ink = if tone == Tone::Quiet { Ink::Plain } else { Ink::Bold };
    let words = terminal.paint(if tone == Tone::Quiet { Ink::Plain } else { ink }, &words);
    let line = format!(
        "{} {} {}  {words}",
        terminal.paint(name_ink, &name),
        terminal.paint(if tone == Tone::Quiet { Ink::Faint } else { ink }, &bar),
        terminal.paint(ink, &number),
    );
    line.trim_end().to_owned()
}

/// The name in at most `width` letters. Where it is too long the table's name goes first, since the words beside the bar
/// say what it is about, and then the middle of the subject: both of its ends tell.
fn fitted(margin: &Margin, width: usize) -> String {
    let whole = name(margin);
    if whole.chars().count() <= width || margin.subject.is_empty() {
        return cut(&whole, width);
    }
    let signal = margin.signal.split_once('.').map_or(margin.signal.as_str(), |(_, rest)| rest);
    let left = width.saturating_sub(signal.chars().count() + 1);
    if left < LEAST_SUBJECT {
        return cut(&margin.subject, width);
    }
    format!("{signal} {}", cut(&margin.subject, left))
}

/// Signal and subject.
pub(super) fn name(margin: &Margin) -> String {
    match margin.subject.as_str() {
        "" => margin.signal.clone(),
        subject => format!("{} {subject}", margin.signal),
    }
}

/// Value, time to failure, state and case in at most `width` letters: what matters least goes first.
fn said(margin: &Margin, case: Option<CaseNumber>, width: usize) -> String {
    let value = words::value(margin);
    let ordinal =
        if margin.ordinal && margin.proximity.is_some_and(|near| near > 0.0) { ", ordinal" } else { "" };
    let state = match (margin.state, &margin.resting) {
        (Physical::Normal, None) => String::new(),
        (Physical::Normal, Some(rest)) => format!("  {}", rest.why),
        (state, None) => format!("  {state}"),
        (state, Some(rest)) => format!("  {state}, {}", rest.why),
    };
    let case = case.map(|case| format!("  {case}")).unwrap_or_default();
    let with_range = words::time_left(margin).map(|time| format!("  {time}")).unwrap_or_default();
    let time = with_range.split(" (").next().unwrap_or_default();
    // What is to be typed goes before what is to be read.
    let rather = if case.is_empty() { &state } else { &case };
    let forms = [
        format!("{value}{ordinal}{with_range}{state}{case}"),
        format!("{value}{ordinal}{time}{state}{case}"),
        format!("{value}{time}{rather}"),
        format!("{value}{time}"),
        format!("{value}{rather}"),
    ];
    let fits = forms.iter().find(|form| form.chars().count() <= width);
    fits.cloned().unwrap_or_else(|| cut(&value, width))
}

pub(super) fn tone(margin: &Margin) -> Tone {
    let soonest = margin.time_to_failure_seconds.map(|time| time.low.unwrap_or(time.estimate));
    let too_soon = soonest.is_some_and(|seconds| seconds < margin.response_seconds);
    match margin.state {
        Physical::Breached => Tone::Breached,
        Physical::Dark => Tone::NoData,
        _ => bar::tone(margin.proximity, margin.tick, too_soon),
    }
}

pub(in crate::cli) fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Quiet => Ink::Plain,
        Tone::Amber => Ink::Amber,
        Tone::Red | Tone::Breached => Ink::Red,
        Tone::NoData => Ink::Faint,
    }
}

/// At most `width` letters; what is missing is shown by an ellipsis in the middle, since both ends tell.
pub(in crate::cli) fn cut(text: &str, width: usize) -> String {
    let letters: Vec<char> =
        text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    if letters.len() <= width {
        return letters.into_iter().collect();
    }
    let Some(left) = width.checked_sub(1) else { return String::new() };
    let head = left.div_ceil(2);
    let tail = letters.len() - (left - head);
    let (start, end) = (letters.iter().take(head), letters.iter().skip(tail));
    start.chain([&'…']).chain(end).collect()
}

pub(in crate::cli) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use nearmiss_shared::vocabulary::Category;
    use nearmiss_shared::wire::v1::Estimate;

    pub(crate) fn margin(signal: &str, subject: &str, proximity: Option<f64>) -> Margin {
        Margin {
            signal: signal.to_owned(),
            subject: subject.to_owned(),
            category: Category::Capacity,
            value: proximity.map(|near| 0.5 - near / 2.0),
            unit: "ratio".to_owned(),
            normal: Some(0.5),
            approach: Some(0.15),
            critical: Some(0.05),
            limit: Some(0.0),
            ordinal: false,
            proximity,
            rate_per_hour: None,
            time_to_failure_seconds: None,
            state: Physical::Normal,
            reasons: Vec::new(),
            blips: 0,
            at: None,
            resting: None,
            labels: Default::default(),
            tick: 0.7,
            response_seconds: 3600.0,
        }
    }

    #[test]
    fn no_line_is_wider_than_its_window() {
        let long = "/srv/archive/of/a/very/long/mount/point/that/nobody/wants";
        for width in [20, 40, 80, 120, 200] {
            let columns = Columns::of(width, 60);
            for near in [None, Some(-0.2), Some(0.3), Some(0.75), Some(1.4)] {
                let terminal = Terminal { width, height: None, colour: false };
                let case = Some(CaseNumber(42));
                let line = line(&margin("filesystem.free", long, near), case, columns, terminal);
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.contains('\x1b'));
            }
        }
    }

    #[test]
    fn tone_is_never_the_only_sign() {
        let terminal = Terminal { width: 100, height: None, colour: true };
        let mut near = margin("filesystem.free", "/var", Some(0.92));
        near.state = Physical::Approached;
        let line = line(&near, None, Columns::of(100, 30), terminal);
        assert!(
            line.contains("\x1b[1;31m") && line.contains("0.92") && line.contains("approached"),
            "{line}"
        );
    }

    #[test]
    fn in_a_narrow_window_the_range_goes_before_the_time_and_the_time_before_the_value() {
        let mut near = margin("filesystem.free", "/var", Some(0.92));
        let time = Estimate { estimate: 13_200.0, low: Some(10_200.0), high: Some(18_000.0) };
        near.time_to_failure_seconds = Some(time);
        near.state = Physical::Approached;
        for (width, told) in [
            (80, "4.0 % free  full in 3h 40m (2h 50m - 5h)  approached  NM-0042"),
            (47, "4.0 % free  full in 3h 40m  approached  NM-0042"),
            (36, "4.0 % free  full in 3h 40m  NM-0042"),
            (28, "4.0 % free  full in 3h 40m"),
            (22, "4.0 % free  NM-0042"),
            (10, "4.0 % free"),
            (6, "4.0…ee"),
        ] {
            assert_eq!(said(&near, Some(CaseNumber(42)), width), told);
        }
    }

    #[test]
    fn of_a_long_name_the_signal_is_whole_and_the_subject_keeps_both_ends() {
        let attempts = margin("endpoint.attempts_left", "127.0.0.1:443/health/of/all", Some(0.9));
        for (width, told) in [
            (60, "endpoint.attempts_left 127.0.0.1:443/health/of/all"),
            (41, "attempts_left 127.0.0.1:443/health/of/all"),
            (31, "attempts_left 127.0.0.…h/of/all"),
            (22, "attempts_left 127.…all"),
            (21, "127.0.0.1:…lth/of/all"),
        ] {
            assert_eq!(fitted(&attempts, width), told);
        }
        assert_eq!(fitted(&margin("host.memory_available", "", None), 12), "host.m…lable");
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(cut("filesystem.free /srv/archive", 15), "filesys…archive");
        assert_eq!(cut("short", 15), "short");
        assert_eq!(cut("bad\nname", 15), "bad?name");
        assert_eq!(cut("abc", 0), "");
    }
}
