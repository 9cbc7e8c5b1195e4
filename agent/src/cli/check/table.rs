//! The whole answer of `check`: a head line, the signals, what is far away in one line, what does not apply.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_agent_core::margin::Margin;
use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Physical;
use nearmiss_shared::wire::v1::OpenCase;

use super::is_near;
use super::row::{self, Columns, cut};
use crate::cli::wrap::wrapped;
use crate::control::{CheckTold, Excuse};
use crate::output::{Ink, Terminal};

/// Lines kept for head, scale, rest, and the prompt after them.
const AROUND: usize = 5;
/// Signals shown however low the window is, and however far they are.
const LEAST: usize = 5;
/// From here on a signal that is not near is shown.
const WORTH_A_LOOK: f64 = 0.25;

/// Of a signal's reasons, this many lines are shown.
const REASON_LINES: usize = 2;

/// Where the margins come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The running agent: states, rates and times are known.
    Agent,
    /// One look: levels only.
    Look,
}

pub(super) struct Table<'a> {
    pub(super) told: &'a CheckTold,
    pub(super) source: Source,
    pub(super) all: bool,
}

impl Table<'_> {
    /// Every line, none wider than the terminal. Where all is well they fit its height.
    pub(super) fn lines(&self, terminal: Terminal) -> Vec<String> {
        let notes = self.notes(terminal);
        let shown = self.shown(terminal, notes.len());
        let longest = shown.iter().map(|margin| row::name(margin).chars().count()).max().unwrap_or(0);
        let columns = Columns::of(terminal.width, longest);
        let mut lines = vec![terminal.paint(Ink::Bold, &cut(&self.headline(), terminal.width))];
        if !shown.is_empty() {
            lines.push(terminal.paint(Ink::Faint, &scale(columns, terminal.width)));
        }
        for margin in &shown {
            lines.push(row::line(margin, self.case(margin), columns, terminal));
            lines.extend(why(margin, terminal));
        }
        lines.extend(self.rest(&shown).map(|rest| terminal.paint(Ink::Faint, &cut(&rest, terminal.width))));
        lines.extend(notes.into_iter().map(|line| terminal.paint(Ink::Faint, &line)));
        lines
    }

    /// `lab-srv-07: nothing is approaching failure. Closest: filesystem.free /var, 0.41.`
    fn headline(&self) -> String {
        let signals = &self.told.signals;
        let near = signals.iter().filter(|margin| is_near(margin)).count();
        let host = &self.told.host;
        let closest = signals.iter().filter_map(|margin| Some((margin.proximity?, margin)));
        let closest = closest.max_by(|(one, _), (other, _)| one.total_cmp(other));
        match (near, closest) {
            (0, Some((proximity, margin))) => {
                let (name, near) = (row::name(margin), proximity.max(0.0));
                format!("{host}: nothing is approaching failure. Closest: {name}, {near:.2}")
            }
            (0, None) => format!("{host}: nothing could be measured"),
            (1, _) => format!("{host}: 1 of {} signals is near failure", signals.len()),
            (near, _) => format!("{host}: {near} of {} signals are near failure", signals.len()),
        }
    }

    /// The open case about this signal.
    fn case(&self, margin: &Margin) -> Option<CaseNumber> {
        let about = |open: &&OpenCase| open.signal == margin.signal && open.subject == margin.subject;
        self.told.cases.iter().find(about).map(|open| open.case)
    }

    /// What is near, whatever its number; of the rest what is worth a look, as much as fits; and a few in any case.
    fn shown(&self, terminal: Terminal, notes: usize) -> Vec<&Margin> {
        let all: Vec<&Margin> = self.told.signals.iter().collect();
        let Some(height) = terminal.height.filter(|_| !self.all) else { return all };
        let (first, rest): (Vec<&Margin>, Vec<&Margin>) =
            all.into_iter().partition(|margin| is_worth_its_line(margin));
        let reasons = first.iter().filter(|margin| !margin.reasons.is_empty()).count();
        let room = height.saturating_sub(AROUND + notes + reasons + first.len());
        let worth = rest.iter().filter(|margin| is_worth_a_look(margin)).count();
        let others =
            worth.max(LEAST.saturating_sub(first.len())).min(room.max(LEAST.saturating_sub(first.len())));
        first.into_iter().chain(rest.into_iter().take(others)).collect()
    }

    fn rest(&self, shown: &[&Margin]) -> Option<String> {
        let left = self.told.signals.len().checked_sub(shown.len()).filter(|left| *left > 0)?;
        let far =
            !self.told.signals.iter().any(|margin| {
                is_worth_a_look(margin) && !shown.iter().any(|shown| std::ptr::eq(*shown, margin))
            });
        let (signals, are) = if left == 1 { ("signal", "is") } else { ("signals", "are") };
        Some(match far {
            true => format!("{left} further {signals} {are} far from failure; --all shows them"),
            false => format!("{left} further {signals} {are} below approach; --all shows them"),
        })
    }

    /// How this was looked at and what does not apply: short on a screen, in full where there is room.
    fn notes(&self, terminal: Terminal) -> Vec<String> {
        let excuses = &self.told.not_applicable;
        let full = self.all || terminal.height.is_none();
        let mut notes = Vec::new();
        if self.source == Source::Look {
            notes.push("one look, no agent runs: levels are known, rates and times are not".to_owned());
        }
        if !self.told.looking.is_empty() {
            notes.push(format!("looking for the first time, not told yet: {}", self.told.looking.join(", ")));
        }
        notes.extend(self.resting());
        if full {
            notes.extend(
                excuses.iter().map(|excuse| format!("not applicable: {}: {}", excuse.probe, excuse.why)),
            );
        } else {
            notes.extend(short(excuses));
        }
        notes.iter().flat_map(|note| wrapped(note, terminal.width)).collect()
    }

    /// What is not read for now: its values are as old as the newest of them.
    fn resting(&self) -> Option<String> {
        let mut read: BTreeMap<(&str, &str), Option<Timestamp>> = BTreeMap::new();
        for margin in &self.told.signals {
            let Some(rest) = &margin.resting else { continue };
            let newest = read.entry((&margin.subject, &rest.why)).or_default();
            *newest = margin.at.max(*newest);
        }
        let told = |((subject, why), at): (&(&str, &str), &Option<Timestamp>)| {
            format!("{subject} ({why}, {})", ago(*at, self.told.at))
        };
        let subjects: Vec<String> = read.iter().map(told).collect();
        (!subjects.is_empty()).then(|| format!("not read for now: {}", subjects.join(", ")))
    }
}

/// How old a value is, for a person.
fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| "never read".to_owned(), |at| format!("read {} ago", now.since(at)))
}

/// `disk, host, log`: why, and what to do about it, is for `doctor`. What was never asked for is left out.
fn short(excuses: &[Excuse]) -> Option<String> {
    let probes: BTreeSet<&str> =
        excuses.iter().filter(|excuse| !excuse.is_undeclared()).map(|excuse| excuse.probe.as_str()).collect();
    let names: Vec<&str> = probes.into_iter().collect();
    (!names.is_empty())
        .then(|| format!("not applicable here, or not all of it: {}; `doctor` says why", names.join(", ")))
}

/// Not near, and yet not far: what a person may want to know before it is.
fn is_worth_a_look(margin: &Margin) -> bool {
    margin.proximity.is_some_and(|proximity| proximity >= WORTH_A_LOOK)
}

fn is_worth_its_line(margin: &Margin) -> bool {
    is_near(margin) || margin.state != Physical::Normal
}

/// Why a signal is near, below its line.
fn why(margin: &Margin, terminal: Terminal) -> Vec<String> {
    let told = margin.reasons.join("; ");
    if !is_worth_its_line(margin) || told.is_empty() {
        return Vec::new();
    }
    let lines = wrapped(&told, terminal.width.saturating_sub(2));
    lines.into_iter().take(REASON_LINES).map(|line| format!("  {line}")).collect()
}

/// What the bar's ends and its tick mean.
fn scale(columns: Columns, width: usize) -> String {
    let ends = format!("{:<bar$}│", "0 normal", bar = columns.bar);
    let line = format!("{:<name$} {ends} 1 = failure; ┆ approach", "", name = columns.name);
    if columns.bar < 9 { String::new() } else { cut(&line, width).trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Span;
    use nearmiss_shared::wire::v1::Resting;

    use super::super::row::tests::margin;
    use super::*;

    fn told(signals: Vec<Margin>) -> CheckTold {
        let why = "no drive that speaks SMART was found: on a virtual machine watch the host below it";
        let not_applicable = vec![Excuse { probe: "disk".to_owned(), why: why.to_owned() }];
        let (host, at) = ("lab-srv-07".to_owned(), Timestamp::from_millis(0));
        CheckTold { host, at, signals, not_applicable, cases: Vec::new(), looking: Vec::new() }
    }

    fn lines(told: &CheckTold, terminal: Terminal) -> Vec<String> {
        Table { told, source: Source::Look, all: false }.lines(terminal)
    }

    #[test]
    fn a_healthy_machine_fits_one_screen_and_no_line_is_wider() {
        let signals =
            (0..200).map(|mount| margin("filesystem.free", &format!("/srv/{mount}"), Some(0.2))).collect();
        let told = told(signals);
        for (width, height) in [(40, 24), (80, 24), (120, 40)] {
            let lines = lines(&told, Terminal { width, height: Some(height), colour: false });
            assert!(lines.len() < height, "{} of {height}", lines.len());
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:#?}");
            assert!(lines[0].starts_with("lab-srv-07: nothing"), "{lines:#?}");
        }
    }

    #[test]
    fn what_does_not_apply_is_one_line_on_a_screen_and_told_in_full_where_there_is_room() {
        let mut told = told(vec![margin("filesystem.free", "/srv", Some(0.1))]);
        let undeclared = "no endpoint is declared: see deploy/rules.d".to_owned();
        told.not_applicable.push(Excuse { probe: "endpoint".to_owned(), why: undeclared });
        let screen = lines(&told, Terminal { width: 120, height: Some(24), colour: false });
        assert_eq!(screen.last().unwrap(), "not applicable here, or not all of it: disk; `doctor` says why");
        let pipe = lines(&told, Terminal { width: 120, height: None, colour: false }).join("\n");
        assert!(pipe.contains("watch the host below it") && pipe.contains("endpoint: no endpoint"), "{pipe}");
    }

    #[test]
    fn hundreds_of_signals_are_a_few_lines_and_one_for_the_rest() {
        let at = |mount, near| margin("filesystem.free", &format!("/srv/{mount}"), Some(near));
        let mut signals: Vec<Margin> = (0..3).map(|mount| at(mount, 0.4)).collect();
        signals.extend((3..400).map(|mount| at(mount, 0.1)));
        let told = told(signals);
        let lines = lines(&told, Terminal { width: 80, height: Some(24), colour: false });
        assert_eq!(lines.iter().filter(|line| line.contains("/srv/")).count(), 6, "{lines:#?}");
        assert!(
            lines.contains(&"395 further signals are far from failure; --all shows them".to_owned()),
            "{lines:#?}"
        );
    }

    #[test]
    fn what_sleeps_is_said_to_with_the_age_of_what_is_known() {
        let read = Timestamp::from_millis(0);
        let drive = |signal, at| Margin {
            at,
            resting: Some(Resting { since: read, why: "asleep".to_owned() }),
            ..margin(signal, "ACME SPINNER S1", Some(0.0))
        };
        let mut told = told(vec![drive("disk.reallocated", Some(read)), drive("disk.verdict", None)]);
        told.at = read.plus(Span::from_hours(9));
        let lines = lines(&told, Terminal { width: 100, height: Some(24), colour: false });
        assert_eq!(lines.iter().filter(|line| line.ends_with("  asleep")).count(), 2, "{lines:#?}");
        assert!(
            lines.contains(&"not read for now: ACME SPINNER S1 (asleep, read 9h ago)".to_owned()),
            "{lines:#?}"
        );
    }

    #[test]
    fn a_signal_names_its_case() {
        let mut near = margin("filesystem.free", "/srv", Some(0.8));
        near.state = Physical::Approached;
        let mut told = told(vec![near]);
        let (signal, subject) = ("filesystem.free".to_owned(), "/srv".to_owned());
        told.cases = vec![OpenCase { case: CaseNumber(42), signal, subject, acknowledged: false }];
        let lines = lines(&told, Terminal { width: 80, height: Some(24), colour: false });
        assert!(lines.iter().any(|line| line.ends_with("10.0 % free  NM-0042")), "{lines:#?}");
    }

    #[test]
    fn what_is_near_is_always_shown_with_its_reason() {
        let mut signals: Vec<Margin> =
            (0..40).map(|_| margin("filesystem.free", "/srv", Some(0.8))).collect();
        signals[0].reasons = vec!["10 % free for 3 samples".to_owned()];
        let told = told(signals);
        let lines = lines(&told, Terminal { width: 80, height: Some(24), colour: false });
        assert_eq!(lines.iter().filter(|line| line.contains("0.80")).count(), 40);
        assert!(lines[0].contains("40 of 40 signals are near failure"));
        assert!(lines.contains(&"  10 % free for 3 samples".to_owned()));
    }

    #[test]
    fn a_pipe_gets_every_signal_without_colour() {
        let signals = (0..60).map(|_| margin("filesystem.free", "/srv", Some(0.1))).collect();
        let told = told(signals);
        let lines = lines(&told, Terminal { width: 120, height: None, colour: false });
        assert_eq!(lines.iter().filter(|line| line.contains("0.10  ")).count(), 60);
        assert!(lines.iter().all(|line| !line.contains('\x1b')));
    }
}
