//! Values of Prometheus exporters, as the rules select them.
//!
//! Rules that ask the same address at the same pace share one request. An exporter that does not answer gives
//! invalid readings of every subject it was known for; series that go while others stay are retired.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use nearmiss_agent_core::metrics::{self, Selector, Series};
use nearmiss_agent_core::reading::{self, Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{Declared, MetricsRule, RuleSet};
use nearmiss_shared::time::Span;

use crate::fetch::Fetch;
use crate::{Clock, Excuses, Known, Probe, Readings};

const NAME: &str = "metrics";
const VALUE: &str = "metrics.value";
const ACCEPTED: &str = "text/plain;version=0.0.4,application/openmetrics-text;q=0.5,*/*;q=0.1";
/// An exporter that serves more is not read.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Subjects of one rule.
const MAX_SUBJECTS: usize = 50;

/// Asks one exporter.
#[derive(Debug)]
pub struct MetricsProbe {
    url: String,
    fetch: Fetch,
    interval: Span,
    rules: Vec<Watched>,
    excuses: Excuses,
}

/// One rule with the subjects it had at the last look.
#[derive(Debug)]
struct Watched {
    name: String,
    rule: MetricsRule,
    subjects: BTreeSet<String>,
}

/// A probe for each address and pace that the rules name.
pub fn probes(rules: &RuleSet, default: Span) -> Vec<Box<dyn Probe>> {
    let mut probes: BTreeMap<(String, Span), MetricsProbe> = BTreeMap::new();
    for (rule, declared) in rules.declared() {
        let Declared::Metrics(metrics) = declared else { continue };
        let interval = rule.interval.unwrap_or(default);
        let probe = probes.entry((metrics.url.clone(), interval)).or_insert_with(|| MetricsProbe {
            url: metrics.url.clone(),
            fetch: Fetch::over_tcp(),
            interval,
            rules: Vec::new(),
            excuses: Excuses::new(NAME),
        });
        let (name, rule) = (rule.name.clone(), metrics.clone());
        probe.rules.push(Watched { name, rule, subjects: BTreeSet::new() });
    }
    probes.into_values().map(|probe| Box::new(probe) as Box<dyn Probe>).collect()
}

impl MetricsProbe {
    async fn look(&mut self, clock: &Clock) -> Readings {
        let body = self.fetch.get(&self.url, ACCEPTED, MAX_BODY).await;
        let at = clock.stamp();
        let mut excuses = Vec::new();
        let readings = match body {
            Ok(body) => {
                let selectors = self.rules.iter().flat_map(|watched| watched.selectors());
                let mut found = metrics::read(&body, &selectors.collect::<Vec<_>>()).into_iter();
                let mut judge = |watched: &mut Watched| {
                    let series = found.next().unwrap_or_default();
                    let per = watched.rule.per.is_some().then(|| found.next().unwrap_or_default());
                    watched.judge(series, per.as_deref(), at, &mut excuses)
                };
                self.rules.iter_mut().flat_map(&mut judge).collect()
            }
            Err(why) => self.rules.iter().flat_map(|watched| watched.unread(&why, at)).collect(),
        };
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }
}

impl Watched {
    fn selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.rule.select).chain(&self.rule.per)
    }

    fn judge(
        &mut self,
        series: Vec<Series>,
        per: Option<&[Series]>,
        at: Stamp,
        excuses: &mut Vec<String>,
    ) -> Vec<Reading> {
        if series.is_empty() {
            return self.unread(&format!("no series of it matches {}", self.rule.select.as_str()), at);
        }
        let several = series.len() > 1;
        let valued: Vec<(Series, Option<f64>)> = match per {
            Some(per) => metrics::divided(series, per),
            None => series.into_iter().map(|series| (series.clone(), Some(series.value))).collect(),
        };
        let mut told: BTreeMap<String, Measure> = BTreeMap::new();
        for (series, value) in &valued {
            let twin = Measure::Invalid {
                why: "more than one series has this name: `by` needs more labels".to_owned(),
            };
            told.entry(self.subject(series, several))
                .and_modify(|measure| *measure = twin)
                .or_insert_with(|| measure(*value));
        }
        if told.len() > MAX_SUBJECTS {
            excuses.push(format!(
                "`{}` selects {} series: {MAX_SUBJECTS} are watched. Narrow its `select`",
                self.name,
                told.len()
            ));
        }
        let told: BTreeMap<String, Measure> = told.into_iter().take(MAX_SUBJECTS).collect();
        let mut readings = self.gone(&told, at);
        self.subjects = told.keys().cloned().collect();
        readings.extend(told.into_iter().map(|(subject, measure)| {
            Reading::of(VALUE, &subject, at, measure).label(reading::UNIT, self.rule.unit.clone())
        }));
        readings
    }

    fn subject(&self, series: &Series, several: bool) -> String {
        match &self.rule.by {
            Some(by) => metrics::subject(&self.name, series, by.iter().map(String::as_str)),
            None if several => {
                let free = series.labels.keys().filter(|label| !self.rule.select.fixes(label));
                metrics::subject(&self.name, series, free.map(String::as_str))
            }
            None => self.name.clone(),
        }
    }

    fn gone(&self, told: &BTreeMap<String, Measure>, at: Stamp) -> Vec<Reading> {
        let gone = self.subjects.iter().filter(|subject| !told.contains_key(*subject));
        let why = "the exporter does not serve it any more";
        gone.map(|subject| Reading::of(VALUE, subject, at, Measure::Retired { why: why.to_owned() }))
            .collect()
    }

    /// Every subject it is known for; before the first answer the rule itself.
    fn unread(&self, why: &str, at: Stamp) -> Vec<Reading> {
        let rule = [self.name.clone()];
        let subjects: Vec<&String> =
            if self.subjects.is_empty() { rule.iter().collect() } else { self.subjects.iter().collect() };
        let invalid = |subject: &String| {
            let reading = Reading::of(VALUE, subject, at, Measure::Invalid { why: why.to_owned() });
            reading.label(reading::UNIT, self.rule.unit.clone())
        };
        subjects.into_iter().map(invalid).collect()
    }
}

fn measure(value: Option<f64>) -> Measure {
    match value {
        Some(value) if value.is_finite() => Measure::Value(value),
        Some(value) => Measure::Invalid { why: format!("the exporter says {value}") },
        None => Measure::Invalid { why: "there is nothing to divide it by".to_owned() },
    }
}

impl Probe for MetricsProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if known.signal != VALUE {
            return;
        }
        for watched in &mut self.rules {
            let rest = known.subject.strip_prefix(&watched.name);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{')) {
                watched.subjects.insert(known.subject.clone());
            }
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
