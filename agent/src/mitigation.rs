//! What the daemon adds to a command that a person runs against an open case: a snapshot before it and one after it,
//! the values of the open signals, and a record for the case.
//!
//! The daemon runs nothing: the command is the person's own, in their own terminal with their own rights. What it was
//! called with is told only where the person says so, since arguments hold secrets. Beginning and end are events of
//! their own, so that a command which takes the host down has still begun.

use std::time::Duration;

use nearmiss_agent_core::margin::{Margin, number};
use nearmiss_shared::action::{CaseNumber, HostAction, label};
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, Physical};
use nearmiss_shared::wire::v1::OpenCase;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::action::{Way, remark, words};
use crate::ids;
use crate::looks::Looks;
use crate::pipeline::{Input, Remark};
use crate::uplink::status::CASES;

/// A person waits this long for the snapshot before their command; it is frozen even when they wait no longer.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(8);
/// And this long for the signals to be measured again after it.
const MEASURE_WAIT: Duration = Duration::from_secs(3);
/// How often it is seen whether they were.
const MEASURE_STEP: Duration = Duration::from_millis(50);
/// Values of so many open signals are told.
const MOST_SIGNALS: usize = 8;
/// A command line longer than this is cut.
const COMMAND_LETTERS: usize = 300;

/// A command that a person is about to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub case: CaseNumber,
    /// failover, restart, isolate or custom.
    pub what: String,
    /// The program's name, with its arguments only where the person had them recorded.
    pub program: String,
}

/// One signal as it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub signal: String,
    pub subject: String,
    pub category: Category,
    pub value: Option<f64>,
    pub unit: String,
    pub proximity: Option<f64>,
}

/// A command that has begun; its end names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    pub intent: Intent,
    pub at: Timestamp,
    /// The open signals before it: the case's own first, if it is known.
    pub before: Vec<Standing>,
    /// Whether the snapshot is whole; `None` where none is taken.
    pub frozen: Option<bool>,
    /// The cases this host knows, where the named one is none of them.
    pub unknown_among: Option<Vec<CaseNumber>>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    pub begun: Begun,
    /// An exit code, `signal 9`, or that it was not started.
    pub exit: String,
    pub lasted_ms: i64,
}

/// Tells of a command that is about to run, and takes the snapshot before it.
///
/// # Errors
/// Nothing could be written: nothing is recorded.
pub async fn begin(
    way: &Way<'_>,
    evidence: bool,
    person: &str,
    intent: Intent,
    now: Timestamp,
) -> Result<Begun, String> {
    let program = words(&intent.program).chars().take(COMMAND_LETTERS).collect();
    let intent = Intent { program, ..intent };
    let cases: Vec<OpenCase> = way.store.value(CASES).await.ok().flatten().unwrap_or_default();
    let own = cases.iter().find(|open| open.case == intent.case);
    let before = standing(way, own).await?;
    let told = before.first().map(|_| format!("before: {}", said(&before))).into_iter();
    let reasons = [format!("ran {}", intent.program)].into_iter().chain(told).collect();
    let mut begins = of(HostAction::MitigationBegun, person, &intent, &before, reasons);
    let bundle = take_snapshot(&mut begins, &before, evidence, now);
    let written = way.pipeline.remark(begins).await?;
    let frozen = match bundle {
        Some(bundle) => Some(is_frozen(way, bundle).await),
        None => None,
    };
    let known = || cases.iter().map(|open| open.case).collect();
    let unknown_among = own.is_none().then(known);
    Ok(Begun { intent, at: written.at, before, frozen, unknown_among })
}

/// Tells how it ended, with the values after it and a second snapshot; what is recorded, in words.
///
/// # Errors
/// Nothing could be written, or the collector refused it.
pub async fn end(
    way: &Way<'_>,
    looks: &Looks,
    evidence: bool,
    person: &str,
    end: End,
    now: Timestamp,
) -> Result<String, String> {
    let End { begun, exit, lasted_ms } = end;
    let after = measured_again(way, looks, &begun.before, now).await?;
    let changes: Vec<String> =
        begun.before.iter().zip(&after).map(|(one, other)| change(one, other)).collect();
    let ended = format!("{} {}", begun.intent.program, how(&exit, Span::from_millis(lasted_ms)));
    let reasons = [ended].into_iter().chain(changes.iter().cloned()).collect();
    let mut ends = of(HostAction::MitigationEnded, person, &begun.intent, &begun.before, reasons);
    let mut label = |name: &str, value: String| drop(ends.labels.insert(name.to_owned(), value));
    label(label::BEGUN, begun.at.to_string());
    label(label::EXIT, exit);
    if let Some(value) = after.first().and_then(|first| first.value) {
        label(label::AFTER, value.to_string());
    }
    take_snapshot(&mut ends, &begun.before, evidence, now);
    let written = way.pipeline.remark(ends).await?;
    let told = way.told(&written.id, &recorded(&begun)).await?;
    Ok(if changes.is_empty() { told } else { format!("{told}: {}", changes.join("; ")) })
}

/// Where it is found later. What is for no case that this host knows is for the collector to place: it may know it as one
/// of this host's that is closed; else it is a note on the running ones, or nobody's.
fn recorded(begun: &Begun) -> String {
    let case = begun.intent.case;
    let Some(known) = &begun.unknown_among else { return format!("recorded for {case}") };
    let unless = format!("unless the collector knows {case} as a case of this host");
    match known.as_slice() {
        [] => format!("recorded for no case, {unless}: `nearmiss-agent status` names this host's cases"),
        [first, ..] => {
            let note = format!("nearmiss-agent note --case {first} \"what was done\"");
            format!("recorded as a note on {}, {unless}; if one was meant: `{note}`", named(known))
        }
    }
}

/// `NM-0042, NM-0043`.
pub(crate) fn named(cases: &[CaseNumber]) -> String {
    let names: Vec<String> = cases.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The open signals: the case's own first, then the most urgent.
async fn standing(way: &Way<'_>, own: Option<&OpenCase>) -> Result<Vec<Standing>, String> {
    let view = way.pipeline.ask(Input::View).await.ok_or("the agent is stopping")?;
    let is_own =
        |margin: &Margin| own.is_some_and(|own| own.signal == margin.signal && own.subject == margin.subject);
    let (first, rest): (Vec<Margin>, Vec<Margin>) =
        view.margins.into_iter().filter(|margin| is_own(margin) || is_open(margin)).partition(is_own);
    Ok(first.into_iter().chain(rest).take(MOST_SIGNALS).map(Standing::from).collect())
}

fn is_open(margin: &Margin) -> bool {
    matches!(margin.state, Physical::Approached | Physical::Receding | Physical::Breached | Physical::Dark)
}

impl From<Margin> for Standing {
    fn from(margin: Margin) -> Self {
        let Margin { signal, subject, category, value, unit, proximity, .. } = margin;
        Self { signal, subject, category, value, unit, proximity }
    }
}

fn of(
    action: HostAction,
    person: &str,
    intent: &Intent,
    before: &[Standing],
    reasons: Vec<String>,
) -> Remark {
    let common = [
        (label::CASE, intent.case.to_string()),
        (label::WHAT, intent.what.clone()),
        (label::PROGRAM, intent.program.clone()),
    ];
    let about = before.first().map(|first| {
        let about = [(label::SIGNAL, first.signal.clone()), (label::SUBJECT, first.subject.clone())];
        about.into_iter().chain(first.value.map(|value| (label::BEFORE, value.to_string())))
    });
    remark(action, person, reasons, common.into_iter().chain(about.into_iter().flatten()))
}

/// A snapshot is about the first signal: without an open one there is nothing to take.
fn take_snapshot(
    remark: &mut Remark,
    before: &[Standing],
    evidence: bool,
    now: Timestamp,
) -> Option<BundleId> {
    let category = before.first().filter(|_| evidence)?.category;
    let bundle = ids::bundle(now);
    remark.snapshot = Some((bundle, category));
    Some(bundle)
}

/// Waits until the bundle is made or given up; false when patience ended first.
async fn is_frozen(way: &Way<'_>, bundle: BundleId) -> bool {
    let done = async {
        loop {
            let frozen = way.outbox.frozen.notified();
            tokio::pin!(frozen);
            frozen.as_mut().enable();
            match way.store.is_pending(bundle).await {
                Ok(true) => frozen.await,
                Ok(false) => return true,
                Err(fault) => {
                    warn!(%fault, "whether a snapshot is made cannot be seen");
                    return false;
                }
            }
        }
    };
    tokio::time::timeout(SNAPSHOT_WAIT, done).await.unwrap_or(false)
}

/// The same signals, measured since `now` where their probes answer in time; else as they were measured last.
async fn measured_again(
    way: &Way<'_>,
    looks: &Looks,
    before: &[Standing],
    now: Timestamp,
) -> Result<Vec<Standing>, String> {
    before.iter().for_each(|standing| looks.now(&standing.signal));
    let mut waited = Duration::ZERO;
    loop {
        let view = way.pipeline.ask(Input::View).await.ok_or("the agent is stopping")?;
        let find = |one: &Standing| {
            view.margins.iter().find(|margin| margin.signal == one.signal && margin.subject == one.subject)
        };
        let fresh = |one: &Standing| find(one).is_none_or(|margin| margin.at.is_some_and(|at| at >= now));
        if waited >= MEASURE_WAIT || before.iter().all(fresh) {
            let after = |one: &Standing| find(one).cloned().map_or_else(|| one.gone(), Standing::from);
            return Ok(before.iter().map(after).collect());
        }
        tokio::time::sleep(MEASURE_STEP).await;
        waited += MEASURE_STEP;
    }
}

impl Standing {
    /// Its subject was taken away.
    fn gone(&self) -> Self {
        Self { value: None, proximity: None, ..self.clone() }
    }

    fn name(&self) -> String {
        format!("{} {}", self.signal, self.subject).trim_end().to_owned()
    }

    fn value(&self) -> String {
        self.value.map_or_else(|| "no value".to_owned(), |value| number(value, &self.unit))
    }
}

fn closeness(proximity: Option<f64>) -> String {
    proximity.map_or_else(|| "unknown".to_owned(), |near| format!("{:.2}", near.max(0.0)))
}

fn said(before: &[Standing]) -> String {
    let one =
        |one: &Standing| format!("{} {}, closeness {}", one.name(), one.value(), closeness(one.proximity));
    before.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// `filesystem.free /srv 2.1 % → 61.0 %, closeness 0.96 → 0.00`.
fn change(before: &Standing, after: &Standing) -> String {
    let (name, was, is) = (before.name(), before.value(), after.value());
    let (near, far) = (closeness(before.proximity), closeness(after.proximity));
    format!("{name} {was} → {is}, closeness {near} → {far}")
}

fn how(exit: &str, lasted: Span) -> String {
    match exit {
        label::NOT_STARTED => "could not be started".to_owned(),
        "0" => format!("ended well after {lasted}"),
        code if code.starts_with("signal") => format!("was ended by {code} after {lasted}"),
        code => format!("ended with exit code {code} after {lasted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(value: Option<f64>, proximity: Option<f64>) -> Standing {
        Standing {
            signal: "filesystem.free".to_owned(),
            subject: "/srv".to_owned(),
            category: Category::Capacity,
            value,
            unit: "ratio".to_owned(),
            proximity,
        }
    }

    #[test]
    fn a_change_is_told_with_both_values_and_what_is_gone_has_none() {
        let (before, after) = (standing(Some(0.021), Some(0.958)), standing(Some(0.61), Some(-0.22)));
        assert_eq!(change(&before, &after), "filesystem.free /srv 2.1 % → 61.0 %, closeness 0.96 → 0.00");
        assert_eq!(
            change(&before, &before.gone()),
            "filesystem.free /srv 2.1 % → no value, closeness 0.96 → unknown"
        );
    }

    #[test]
    fn an_end_says_how() {
        let lasted = Span::from_millis(2_100);
        for (exit, told) in [
            ("0", "ended well after 2s"),
            ("3", "ended with exit code 3 after 2s"),
            ("signal 2", "was ended by signal 2 after 2s"),
            (label::NOT_STARTED, "could not be started"),
        ] {
            assert_eq!(how(exit, lasted), told);
        }
    }

    #[test]
    fn a_record_names_case_program_and_signal() {
        let intent = Intent { case: CaseNumber(42), what: "custom".to_owned(), program: "rm".to_owned() };
        let remark = of(HostAction::MitigationBegun, "root", &intent, &[standing(Some(0.02), None)], vec![]);
        assert_eq!(remark.labels[label::PROGRAM], "rm");
        assert_eq!(
            (remark.labels[label::CASE].as_str(), remark.labels[label::BEFORE].as_str()),
            ("NM-0042", "0.02")
        );
        assert_eq!(remark.snapshot, None);
    }
}
