//! `replay log`: a log judged by the time that its lines tell, by the matcher and windows that follow it live.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;
use nearmiss_agent_core::evaluator::{Summary, Transition};
use nearmiss_agent_core::log::{FirstYear, LogClock, LogReplay, LogSummary};
use nearmiss_agent_probe::Clock;
use nearmiss_shared::bar;
use nearmiss_shared::time::{Span, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::summary::{Difference, sentence};
use super::timeline::{Teller, Timeline};
use super::{CURRENT, PROPOSED, merge, rules};
use crate::cli::arguments::ReplayLog;
use crate::cli::{Config, Ended, Exit, Failure, columns, input};
use crate::{host, output};

/// Letters of rule and subject in the timeline.
const ABOUT: usize = 34;

/// One set of rules and what it makes of the log.
struct Side {
    name: &'static str,
    replay: LogReplay,
}

/// More rules that match nothing are told by their number.
const MANY_SILENT: usize = 5;

/// One or two of them.
struct Sides {
    all: Vec<Side>,
    /// More than one rule can speak: a line says which did.
    name_rules: bool,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Read {
    bytes: u64,
    lines: u64,
    /// Lines that do not say when they were written; they count with the line before them.
    without_time: u64,
}

pub(in crate::cli) fn run(file: &Config, options: &ReplayLog) -> Ended {
    let mut sides = Sides::new(file, options)?;
    let zone = zone(options)?;
    let mut teller = Teller::new(options.json, zone.clone(), ABOUT);
    let first = first_year(options);
    let mut clock = LogClock::new(zone, first);
    let mut read = Read::default();
    for log in &options.logs {
        let source = options.known_as.clone().unwrap_or_else(|| log.to_string_lossy().into_owned());
        read_log(log, &mut clock, &mut read, |line, at| sides.line(&source, line, at, &mut teller))?;
    }
    sides.end(&mut teller)?;
    if read.lines > 0 && read.without_time == read.lines {
        let why = "no line says when it was written: `Jun 14 15:16:01` or RFC 3339 at its begin is read";
        return Err(Failure::unreachable(why));
    }
    let told = sides.finish();
    warn_of_the_year(&told, first);
    conclude(&told, read, &teller)?;
    Ok(Exit::Fine)
}

fn zone(options: &ReplayLog) -> Result<TimeZone, Failure> {
    let Some(name) = &options.zone else { return Ok(host::here(Default::default()).zone) };
    TimeZone::get(name).map_err(|_| Failure::usage(format!("`{name}` is no zone such as Asia/Karachi")))
}

impl Sides {
    fn new(file: &Config, options: &ReplayLog) -> Result<Self, Failure> {
        let proposed = rules(file, &options.rules)?;
        if proposed.log_rules().is_empty() {
            return Err(Failure::usage(format!("{} holds no [[log]] rule", options.rules)));
        }
        let mut all = vec![(PROPOSED, proposed)];
        if let Some(other) = &options.against {
            all.push((CURRENT, rules(file, other)?));
        }
        let names: BTreeSet<String> =
            all.iter().flat_map(|(_, rules)| rules.log_rules()).map(|(rule, _)| rule.name.clone()).collect();
        let side = |(name, rules)| Ok(Side { name, replay: LogReplay::new(rules).map_err(Failure::usage)? });
        let all = all.into_iter().map(side).collect::<Result<_, Failure>>()?;
        Ok(Self { all, name_rules: names.len() > 1 })
    }

    /// Judges a line by each; what came of it is told in the order of its time.
    fn line(
        &mut self,
        source: &str,
        line: &[u8],
        at: Option<Timestamp>,
        teller: &mut Teller,
    ) -> io::Result<()> {
        self.tell(teller, |replay| replay.line(source, line, at))
    }

    /// Judges what the last lines left open.
    fn end(&mut self, teller: &mut Teller) -> io::Result<()> {
        self.tell(teller, LogReplay::end)
    }

    fn tell(
        &mut self,
        teller: &mut Teller,
        judge: impl Fn(&mut LogReplay) -> Vec<Transition>,
    ) -> io::Result<()> {
        let mut moves: Vec<(usize, Transition)> = Vec::new();
        for (index, side) in self.all.iter_mut().enumerate() {
            moves.extend(judge(&mut side.replay).into_iter().map(|one| (index, one)));
        }
        moves.sort_by_key(|(_, one)| one.at.wall);
        for (index, one) in &moves {
            let Some(side) = self.all.get(*index) else { continue };
            let approach = side.replay.approach(one).unwrap_or_default();
            teller.tell(one, approach, &self.about(side, one), || of_transition(side, one))?;
        }
        Ok(())
    }

    fn about(&self, side: &Side, transition: &Transition) -> String {
        let side = if self.all.len() > 1 { format!("{} ", side.name) } else { String::new() };
        let rule = if self.name_rules { format!("{} ", transition.rule.name) } else { String::new() };
        format!("{side}{rule}{}", transition.subject)
    }

    fn finish(self) -> Vec<(&'static str, LogSummary)> {
        self.all.into_iter().map(|side| (side.name, side.replay.finish())).collect()
    }
}

/// As it was said, or by when the first part was written.
fn first_year(options: &ReplayLog) -> FirstYear {
    let written = || options.logs.first().and_then(|log| input::modified(log));
    match options.year {
        Some(year) => FirstYear::Is(year),
        None => FirstYear::NotAfter(written().unwrap_or_else(|| Clock::from_environment().wall())),
    }
}

fn read_log(
    path: &Path,
    clock: &mut LogClock,
    read: &mut Read,
    mut each: impl FnMut(&[u8], Option<Timestamp>) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut written = Ok(());
    let ended = input::lines(path, &mut |line| {
        read.lines += 1;
        let at = clock.read(line);
        read.without_time += u64::from(at.is_none());
        if written.is_ok() {
            written = each(line, at);
        }
    });
    read.bytes += ended.map_err(|fault| Failure::unreachable(format!("{}: {fault}", path.display())))?;
    Ok(written?)
}

/// A log without years that goes on beyond its own file began in an earlier one than was thought.
fn warn_of_the_year(told: &[(&str, LogSummary)], first: FirstYear) {
    let FirstYear::NotAfter(file) = first else { return };
    let until = told.first().and_then(|(_, summary)| summary.until);
    if until.is_some_and(|until| until > file.plus(Span::from_days(2))) {
        output::problem(
            "the log spans more than a year, and its lines tell none: say the first one by --year",
        );
    }
}

fn conclude(told: &[(&str, LogSummary)], read: Read, teller: &Teller) -> io::Result<()> {
    if teller.as_json {
        return output::json(&as_json(told, read));
    }
    output::line("")?;
    let silent = silent(told);
    for line in columns::lines(&table(told, &silent, &teller.timeline), teller.timeline.terminal) {
        output::line(&line)?;
    }
    match told {
        [(_, proposed), (_, current)] => {
            let (proposed, current) = (proposed.all(), current.all());
            output::line(&Difference::of(&proposed, &current).told(&proposed, &current))?;
        }
        told => told.iter().try_for_each(|(_, one)| output::line(&sentence(&one.all(), &teller.timeline)))?,
    }
    let Some((_, summary)) = told.first() else { return Ok(()) };
    let mut notes = format!("{} lines over {}", read.lines, summary.length());
    for (count, what) in [
        (silent.len() as u64, "rules match nothing"),
        (read.without_time, "without a time of their own"),
        (summary.late, "older than one before them"),
        (summary.refused, "counts left out: there are too many subjects"),
    ] {
        if count > 0 {
            notes.push_str(&format!("; {count} {what}"));
        }
    }
    output::line(&format!("{notes}."))
}

fn as_json(told: &[(&str, LogSummary)], read: Read) -> Value {
    match told {
        [(_, proposed), (_, current)] => json!({
            "proposed": of_summary(proposed), "current": of_summary(current),
            "difference": Difference::of(&proposed.all(), &current.all()), "read": read,
        }),
        told => {
            let mut value = told.first().map_or(Value::Null, |(_, summary)| of_summary(summary));
            merge(&mut value, json!(read));
            value
        }
    }
}

/// Rules that match nothing on any side, where there are so many that they would hide the others.
fn silent(told: &[(&str, LogSummary)]) -> BTreeSet<String> {
    let matches =
        |rule: &String| told.iter().filter_map(|(_, summary)| summary.matches.get(rule)).sum::<u64>();
    let names: BTreeSet<&String> = told.iter().flat_map(|(_, summary)| summary.matches.keys()).collect();
    let silent: BTreeSet<String> = names.into_iter().filter(|rule| matches(rule) == 0).cloned().collect();
    if silent.len() > MANY_SILENT { silent } else { BTreeSet::new() }
}

/// A row for each rule of each side, but the silent ones.
fn table(told: &[(&str, LogSummary)], silent: &BTreeSet<String>, timeline: &Timeline) -> Vec<Vec<String>> {
    let both = told.len() > 1;
    let head = ["rule", "judged by", "matches", "episodes", "closest", "first approach", "failed"];
    let row = |cells: [String; 7]| -> Vec<String> {
        let shown = cells.into_iter().enumerate().filter(|(column, _)| both || *column != 1);
        shown.map(|(_, cell)| cell).collect()
    };
    let when = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| timeline.when(at));
    let mut rows = vec![row(head.map(str::to_owned))];
    for (side, summary) in told {
        for (rule, matches) in summary.matches.iter().filter(|(rule, _)| !silent.contains(*rule)) {
            let of = summary.rules.get(rule).copied().unwrap_or_default();
            rows.push(row([
                rule.clone(),
                (*side).to_owned(),
                matches.to_string(),
                of.episodes.to_string(),
                of.peak_proximity.map_or_else(|| "-".to_owned(), bar::number),
                when(of.first_approach),
                when(of.breached_at),
            ]));
        }
    }
    if let Some(rows) = rows.get_mut(1..) {
        rows.sort();
    }
    rows
}

fn of_summary(summary: &LogSummary) -> Value {
    let LogSummary { lines, matches, rules, late, refused, from, until } = summary;
    let all: Summary = summary.all();
    let mut value = json!(all);
    merge(
        &mut value,
        json!({
            "lines": lines, "rules": matches, "by_rule": rules, "late": late, "refused": refused,
            "from": from, "until": until,
        }),
    );
    value
}

fn of_transition(side: &Side, transition: &Transition) -> Value {
    json!({
        "at": transition.at.wall, "judged_by": side.name, "rule": transition.rule.name,
        "hash": transition.rule.hash, "subject": transition.subject, "kind": transition.kind,
        "state": transition.to, "episode": transition.episode, "proximity": transition.proximity,
        "count": transition.value, "limit": transition.limit, "reasons": transition.reasons,
    })
}
