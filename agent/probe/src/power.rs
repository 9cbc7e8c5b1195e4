//! Uninterruptible power supplies, asked through NUT's `upsc` and apcupsd's `apcaccess`.
//!
//! Supplies of this host are found by themselves; those of other servers are named in the rules. A server that does
//! not answer gives invalid readings of every supply it was known for; where there is neither program nor rule, that
//! is said once.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use globset::GlobMatcher;
use nearmiss_agent_core::power::{self, Full, Ups};
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{Declared, PowerRule, RuleSet, Supply};
use nearmiss_shared::time::Span;

use crate::{Clock, Excuses, Known, Probe, Readings};

mod ask;

use ask::{Found, Programs};

const NAME: &str = "power";
const STATUS: &str = "power.status";
/// How long an orderly shutdown takes, where no rule says it.
const SHUTDOWN: Span = Span::from_minutes(5);
/// Where no server of this host answers, it is asked again at every so many looks: most hosts have none.
const SILENT_LOOKS: i64 = 20;
/// Supplies of one host.
const MAX_SUPPLIES: usize = 32;

/// Watches every supply that feeds this host.
#[derive(Debug)]
pub struct PowerProbe {
    interval: Span,
    rules: Vec<(Option<GlobMatcher>, PowerRule)>,
    programs: Programs,
    /// Since when no server of this host answers, and what was said of it then.
    silent: Option<(Stamp, Found)>,
    watched: BTreeMap<String, Watched>,
    excuses: Excuses,
}

/// A supply as it was seen last.
#[derive(Debug, Default)]
struct Watched {
    full: Full,
    signals: BTreeSet<String>,
}

impl PowerProbe {
    pub fn new(rules: &RuleSet, interval: Span) -> Self {
        let power = rules.declared().filter_map(|(rule, declared)| match declared {
            Declared::Power(power) => Some((rule.subject.clone(), power.clone())),
            _ => None,
        });
        Self {
            interval,
            rules: power.collect(),
            programs: Programs::default(),
            silent: None,
            watched: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    async fn look(&mut self, clock: &Clock) -> Readings {
        let declared: BTreeSet<Supply> =
            self.rules.iter().filter_map(|(_, rule)| rule.supply.clone()).collect();
        let found = self.find(&declared, clock.stamp()).await;
        let supplies: Vec<Supply> = declared.into_iter().chain(found.supplies).take(MAX_SUPPLIES).collect();
        let asked = join_all(supplies.iter().map(|supply| self.programs.ask(supply))).await;
        let at = clock.stamp();
        let mut readings = Vec::new();
        let mut seen = BTreeSet::new();
        let answers = supplies.iter().map(|supply| supply.subject().to_owned()).zip(asked);
        for (subject, answer) in answers.chain(found.reports.into_iter().map(|(name, ups)| (name, Ok(ups)))) {
            readings.extend(self.judge(&subject, answer, at));
            seen.insert(subject);
        }
        readings.extend(self.missing(&seen, &found.faults, at));
        let excuses = self.excuses.news(found.excuses);
        Readings { readings, not_applicable: excuses }
    }

    async fn find(&mut self, declared: &BTreeSet<Supply>, at: Stamp) -> Found {
        let again = self.interval.times(SILENT_LOOKS);
        if let Some((_, found)) = self.silent.as_ref().filter(|(since, _)| at.since(*since) < again) {
            return found.clone();
        }
        let found = self.programs.find(declared).await;
        let silent = found.supplies.is_empty() && found.reports.is_empty() && self.watched.is_empty();
        self.silent = silent.then(|| (at, found.clone()));
        found
    }

    fn judge(&mut self, subject: &str, answer: Result<Ups, String>, at: Stamp) -> Vec<Reading> {
        let shutdown = self.shutdown(subject);
        let watched = self.watched.entry(subject.to_owned()).or_default();
        match answer {
            Ok(ups) => {
                let readings = power::judge(&ups, subject, shutdown, &mut watched.full, at);
                watched.signals.extend(readings.iter().map(|reading| reading.signal.clone()));
                readings
            }
            Err(why) => {
                watched.signals.insert(STATUS.to_owned());
                watched.all(subject, &Measure::Invalid { why }, at)
            }
        }
    }

    /// As the last rule that covers the supply says.
    fn shutdown(&self, subject: &str) -> Span {
        let covers = |glob: &Option<GlobMatcher>| glob.as_ref().is_none_or(|glob| glob.is_match(subject));
        let told =
            self.rules.iter().rev().filter(|(glob, _)| covers(glob)).find_map(|(_, rule)| rule.shutdown);
        told.unwrap_or(SHUTDOWN)
    }

    /// Supplies that were known and did not answer: gone, unless their server itself did not answer.
    fn missing(&mut self, seen: &BTreeSet<String>, faults: &[String], at: Stamp) -> Vec<Reading> {
        let measure = match faults {
            [] => Measure::Retired { why: "its server does not list it any more".to_owned() },
            faults => Measure::Invalid { why: faults.join("; ") },
        };
        let gone = self.watched.iter().filter(|(subject, _)| !seen.contains(*subject));
        let readings = gone.flat_map(|(subject, watched)| watched.all(subject, &measure, at)).collect();
        if faults.is_empty() {
            self.watched.retain(|subject, _| seen.contains(subject));
        }
        readings
    }
}

impl Watched {
    /// The same for every signal it had.
    fn all(&self, subject: &str, measure: &Measure, at: Stamp) -> Vec<Reading> {
        self.signals.iter().map(|signal| Reading::of(signal, subject, at, measure.clone())).collect()
    }
}

impl Probe for PowerProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if known.signal.starts_with("power.") {
            let watched = self.watched.entry(known.subject.clone()).or_default();
            watched.signals.insert(known.signal.clone());
            let full = known.labels.get(Full::LABEL).and_then(|full| full.parse().ok());
            watched.full = Full(full.or(watched.full.0));
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
