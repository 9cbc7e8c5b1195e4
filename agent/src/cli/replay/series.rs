//! `replay series`: what this host recorded, or a CSV file of timestamp and value, judged by one rule or by two side by
//! side.

use std::io;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::evaluator::{Replayer, Summary, Transition};
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_core::rule::{Judgement, RuleSet};
use nearmiss_agent_core::series::{Line, SeriesReader};
use nearmiss_agent_probe::Clock;
use nearmiss_shared::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::summary::{Difference, sentence, side_by_side};
use super::timeline::Teller;
use super::{CONFIGURED, CURRENT, PROPOSED, merge, rules};

use crate::cli::arguments::ReplaySeries;
use crate::cli::past::{self, Recorded};
use crate::cli::{Config, Ended, Exit, Failure, columns, input};
use crate::host;
use crate::output;
use crate::settings::SHIPPED;

/// Of the lines that are no samples, so many are told each by itself.
const FAULTS_TOLD: u64 = 10;

/// One rule and what it makes of the series.
struct Side {
    name: &'static str,
    judgement: Judgement,
    signal: String,
    replayer: Replayer,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Read {
    samples: u64,
    bad_lines: u64,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// What is judged.
enum Source {
    File(PathBuf),
    /// What this host recorded, with the levels that the subject brought itself.
    Past(Recorded, Option<Limits>),
}

pub(in crate::cli) async fn run(file: &Config, options: &ReplaySeries) -> Ended {
    let source = source(file, options).await?;
    let mut sides = sides(file, options, &source)?;
    let about = if sides.len() > 1 { PROPOSED.len() } else { 0 };
    let mut teller = Teller::new(options.json, host::here(Default::default()).zone, about);
    let (_, within) = options.range.at(Clock::from_environment().wall());
    let read = source.read(&within, &mut |at, value| {
        sides.iter_mut().try_for_each(|side| {
            let moves = side.replayer.sample(at, value);
            side.tell(&moves, &mut teller)
        })
    })?;
    if read.samples == 0 {
        return Err(Failure::unreachable(format!("{} holds no sample", source.name())));
    }
    let mut told = Vec::new();
    for side in sides {
        let (moves, summary) = side.replayer.clone().finish();
        side.tell(&moves, &mut teller)?;
        told.push((side, summary));
    }
    conclude(&told, read, &teller)?;
    Ok(Exit::Fine)
}

async fn source(file: &Config, options: &ReplaySeries) -> Result<Source, Failure> {
    let Some(signal) = &options.history else {
        return Ok(Source::File(options.series.clone().unwrap_or_default()));
    };
    let settings = file.load()?;
    let recorded = past::recorded(&settings, signal, options.subject.as_deref(), options.range).await?;
    let own = past::own_limits(&settings, signal, &recorded.subject).await;
    Ok(Source::Past(recorded, own))
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Past(recorded, _) => format!("the history of {}", recorded.name()),
        }
    }

    /// Signal, subject and own levels, as far as the source says them itself.
    fn of<'a>(&'a self, options: &'a ReplaySeries) -> (Option<&'a str>, Option<&'a str>, Option<Limits>) {
        match self {
            Self::File(_) => (options.signal.as_deref(), options.subject.as_deref(), None),
            Self::Past(recorded, own) => (Some(&recorded.signal), Some(&recorded.subject), *own),
        }
    }

    /// Hands out each sample that is wanted; what is none is told.
    fn read(
        &self,
        wanted: &dyn Fn(Timestamp) -> bool,
        each: &mut dyn FnMut(Timestamp, f64) -> io::Result<()>,
    ) -> Result<Read, Failure> {
        let recorded = match self {
            Self::File(path) => return read(path, wanted, each),
            Self::Past(recorded, _) => recorded,
        };
        let mut read = Read::default();
        for sample in &recorded.samples {
            read.sample(sample.at);
            each(sample.at, sample.value)?;
        }
        Ok(read)
    }
}

impl Read {
    fn sample(&mut self, at: Timestamp) {
        self.samples += 1;
        self.from.get_or_insert(at);
        self.until = Some(at);
    }
}

impl Side {
    fn tell(&self, moves: &[Transition], teller: &mut Teller) -> io::Result<()> {
        let approach = self.judgement.approach();
        moves.iter().try_for_each(|one| teller.tell(one, approach, self.name, || of_transition(self, one)))
    }
}

fn sides(file: &Config, options: &ReplaySeries, source: &Source) -> Result<Vec<Side>, Failure> {
    let (signal, subject, own) = source.of(options);
    let side = |name, (signal, judgement): (String, Judgement)| {
        let replayer = Replayer::new(judgement.clone(), &signal, subject.unwrap_or_default());
        Side { name, judgement, signal, replayer }
    };
    let named = &options.rule;
    let mut sides = vec![side(PROPOSED, proposed(&rules(file, named)?, (signal, subject, own), named)?)];
    if let Some(other) = &options.against {
        let signal = sides.first().map_or(String::new(), |side| side.signal.clone());
        let judgement = judged(&rules(file, other)?, &signal, (subject, own), other)?;
        sides.push(side(CURRENT, (signal, judgement)));
    }
    Ok(sides)
}

/// The rule of a file that is meant: its only one, or the one that speaks of `signal` and `subject`.
fn proposed(
    rules: &RuleSet,
    (signal, subject, own): (Option<&str>, Option<&str>, Option<Limits>),
    file: &str,
) -> Result<(String, Judgement), Failure> {
    let all: Vec<(String, Judgement)> =
        rules.rules().iter().filter_map(|rule| rules.judge_by(&rule.name)).collect();
    if let Some(signal) = signal {
        // A file is asked for what it says; this host's rules, and the shipped ones, have defaults below them.
        let defaults = matches!(file, CONFIGURED | SHIPPED);
        if !defaults && !rules.resolved(signal).iter().any(|one| one.rule.is_some()) {
            return Err(Failure::usage(format!("{file} holds no rule for `{signal}`")));
        }
        return Ok((signal.to_owned(), judged(rules, signal, (subject, own), file)?));
    }
    match all.as_slice() {
        [] => Err(Failure::usage(format!("{file} holds no rule that judges"))),
        // What the only rule matches does not matter: it is the one that was asked about.
        [one] => Ok(one.clone()),
        [(signal, _), others @ ..]
            if subject.is_some() && others.iter().all(|(other, _)| other == signal) =>
        {
            Ok((signal.clone(), judged(rules, signal, (subject, own), file)?))
        }
        many => Err(Failure::usage(format!(
            "{file} holds {} rules: say which is meant by --signal and --subject",
            many.len()
        ))),
    }
}

/// How these rules judge a signal; a subject is needed only where several rules speak of it.
fn judged(
    rules: &RuleSet,
    signal: &str,
    (subject, own): (Option<&str>, Option<Limits>),
    from: &str,
) -> Result<Judgement, Failure> {
    let mut all = rules.resolved(signal);
    let speaking = all.iter().filter(|one| one.rule.is_some()).count();
    let judgement = match subject {
        Some(subject) => rules.judge(signal, subject, own),
        None if speaking > 1 => {
            let why = format!("{from}: {speaking} rules judge `{signal}`: say of what by --subject");
            return Err(Failure::usage(why));
        }
        None if all.is_empty() => None,
        None => all.swap_remove(0).judgement,
    };
    judgement.ok_or_else(|| Failure::usage(format!("{from}: nothing judges `{signal}`")))
}

fn read(
    path: &Path,
    wanted: &dyn Fn(Timestamp) -> bool,
    each: &mut dyn FnMut(Timestamp, f64) -> io::Result<()>,
) -> Result<Read, Failure> {
    let (mut reader, mut read, mut number) = (SeriesReader::default(), Read::default(), 0_u64);
    let mut written = Ok(());
    let name = path.display();
    let ended = input::lines(path, &mut |line| {
        number += 1;
        match reader.line(line) {
            _ if written.is_err() => {}
            Line::Nothing => {}
            Line::Sample(at, _) if !wanted(at) => {}
            Line::Sample(at, value) => {
                read.sample(at);
                written = each(at, value);
            }
            Line::Fault(why) => {
                read.bad_lines += 1;
                if read.bad_lines <= FAULTS_TOLD {
                    output::problem(&format!("{name}:{number}: {why}"));
                }
            }
        }
    });
    ended.map_err(|fault| Failure::unreachable(format!("{name}: {fault}")))?;
    written?;
    if read.bad_lines > FAULTS_TOLD {
        output::problem(&format!("{name}: {} lines were no samples in all", read.bad_lines));
    }
    Ok(read)
}

fn conclude(told: &[(Side, Summary)], read: Read, teller: &Teller) -> io::Result<()> {
    match (told, teller.as_json) {
        ([(proposed, one), (current, other)], true) => {
            let difference = Difference::of(one, other);
            let (proposed, current) = (of_summary(proposed, one), of_summary(current, other));
            return output::json(&json!({
                "proposed": proposed, "current": current, "difference": difference, "read": read
            }));
        }
        (told, true) => {
            let mut value = told.first().map_or(Value::Null, |(side, summary)| of_summary(side, summary));
            merge(&mut value, json!(read));
            return output::json(&value);
        }
        ([(proposed, one), (current, other)], false) => {
            output::line("")?;
            for line in
                columns::lines(&compared((proposed, one), (current, other), teller), teller.timeline.terminal)
            {
                output::line(&line)?;
            }
            output::line(&Difference::of(one, other).told(one, other))?;
        }
        (told, false) => {
            for (side, summary) in told {
                output::line(&sentence(summary, &teller.timeline))?;
                let (rule, levels) = (&side.judgement.rule, side.judgement.told_levels());
                output::line(&format!("Judged by \"{}\" ({}): {levels}.", rule.name, rule.hash))?;
            }
        }
    }
    let length = read.from.zip(read.until).map(|(from, until)| until.since(from)).unwrap_or_default();
    let bad = match read.bad_lines {
        0 => String::new(),
        1 => "; 1 line was no sample".to_owned(),
        more => format!("; {more} lines were no samples"),
    };
    output::line(&format!("{} samples over {length}{bad}.", read.samples))
}

/// The table of what was asked and what came of it, by both.
fn compared(proposed: (&Side, &Summary), current: (&Side, &Summary), teller: &Teller) -> Vec<Vec<String>> {
    let row = |name: &str, of: &dyn Fn(&Side) -> String| vec![name.to_owned(), of(proposed.0), of(current.0)];
    let mut rows = vec![
        row("", &|side| side.name.to_owned()),
        row("rule", &|side| side.judgement.rule.name.clone()),
        row("levels", &|side| side.judgement.told_levels()),
        row("hash", &|side| side.judgement.rule.hash.clone()),
    ];
    rows.extend(side_by_side(proposed.1, current.1, &teller.timeline));
    rows
}

fn of_summary(side: &Side, summary: &Summary) -> Value {
    let mut value = json!(summary);
    merge(
        &mut value,
        json!({"rule": side.judgement.rule.name, "hash": side.judgement.rule.hash, "signal": side.signal}),
    );
    value
}

fn of_transition(side: &Side, transition: &Transition) -> Value {
    json!({
        "at": transition.at.wall, "judged_by": side.name, "rule": transition.rule.name,
        "hash": transition.rule.hash, "signal": transition.signal, "subject": transition.subject,
        "kind": transition.kind, "state": transition.to, "episode": transition.episode,
        "value": transition.value, "unit": transition.unit, "proximity": transition.proximity,
        "rate_per_hour": transition.rate_per_hour,
        "time_to_failure_seconds": transition.time_to_failure_seconds, "reasons": transition.reasons,
    })
}
