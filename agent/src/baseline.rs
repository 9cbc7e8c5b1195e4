//! Counts that a person on this host calls known: quiet from here on, until the date or until they grow.

use std::collections::BTreeSet;

use nearmiss_agent_core::margin::{Margin, number};
use nearmiss_agent_core::ordinal::Family;
use nearmiss_agent_core::signal::{Scale, spec};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::Baseline;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::pipeline::{Handle, Input};

/// What nobody looked at for longer is not known any more.
const LONGEST: Span = Span::from_days(730);

/// Which counts, for how long, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The subject, or a part of it that no other has.
    pub subject: String,
    /// One signal of it; else every count that has counted anything, but not a verdict.
    pub signal: Option<String>,
    pub seconds: i64,
    pub reason: String,
}

/// Calls them known; a line for each.
///
/// # Errors
/// The reason is empty, the time too long, the subject or its count not known here.
pub async fn accept(
    pipeline: &Handle,
    person: &str,
    wanted: Wanted,
    now: Timestamp,
) -> Result<String, String> {
    let reason = action::words(&wanted.reason);
    if reason.is_empty() {
        return Err("an accepted count needs a reason: whoever sees it next will ask for it".to_owned());
    }
    let length = Span::from_seconds(wanted.seconds);
    if length <= Span::ZERO || length > LONGEST {
        return Err(format!("a count is accepted for {LONGEST} at most, then it is looked at again"));
    }
    let view = pipeline.ask(Input::View).await.ok_or("the agent is stopping")?;
    let until = now.plus(length);
    let mut told = Vec::new();
    for (margin, value) in chosen(&view.margins, &wanted)? {
        let Margin { signal, subject, unit, .. } = margin;
        let line = format!("{signal} of {subject}: {} known until {until}", number(value, unit));
        let (signal, subject, person) = (signal.clone(), subject.clone(), person.to_owned());
        let baseline = Baseline { signal, subject, value, until, reason: reason.clone(), person };
        pipeline.ask(|reply| Input::Baseline(baseline, reply)).await.ok_or("the agent is stopping")??;
        told.push(line);
    }
    told.push("any growth speaks".to_owned());
    Ok(told.join("\n"))
}

/// What the subject says of itself is accepted by name only.
fn is_verdict(margin: &Margin) -> bool {
    spec(&margin.signal).is_some_and(|spec| spec.scale == Scale::Ordinal(Family::Verdict))
}

/// The counts that are meant, with their values.
fn chosen<'a>(margins: &'a [Margin], wanted: &Wanted) -> Result<Vec<(&'a Margin, f64)>, String> {
    let counts = || margins.iter().filter(|margin| margin.ordinal);
    let exact = counts().any(|margin| margin.subject == wanted.subject);
    let is_meant = |margin: &&Margin| match exact {
        true => margin.subject == wanted.subject,
        false => margin.subject.contains(&wanted.subject),
    };
    let subjects: BTreeSet<&str> = counts().filter(is_meant).map(|margin| margin.subject.as_str()).collect();
    if subjects.is_empty() {
        let why = "no subject here with a count that never falls has this name";
        return Err(format!("{}: {why}; `nearmiss-agent check --all` shows them", wanted.subject));
    }
    if subjects.len() > 1 {
        let all: Vec<&str> = subjects.into_iter().collect();
        return Err(format!("{} may be each of: {}", wanted.subject, all.join("; ")));
    }
    let is_asked = |margin: &&Margin| match &wanted.signal {
        Some(signal) => *signal == margin.signal,
        None => !is_verdict(margin),
    };
    let counted = counts().filter(is_meant).filter(is_asked);
    let found: Vec<(&Margin, f64)> =
        counted.filter_map(|margin| Some((margin, margin.value.filter(|value| *value > 0.0)?))).collect();
    if found.is_empty() {
        let signal = wanted.signal.as_deref().unwrap_or("every count");
        return Err(format!(
            "{}: {signal} of it is 0 or not known; there is nothing to accept",
            wanted.subject
        ));
    }
    Ok(found)
}
