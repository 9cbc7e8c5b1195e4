//! Monitoring Plugins: each declared one is run at its own pace, and what it says becomes a state and distances.
//!
//! A plugin that says UNKNOWN, is late or is not there gives invalid readings that tell why; it never stops the
//! others. At most a few run at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::plugin::{Said, State, distance};
use nearmiss_agent_core::reading::{self, Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{Declared, PluginRule, Rule, RuleSet};
use nearmiss_shared::time::Span;
use tokio::sync::Semaphore;

use crate::command::{Ended, Program, RunFault};
use crate::{Clock, Known, Probe, Readings};

const NAME: &str = "plugin";
const STATE: &str = "plugin.state";
const VALUE: &str = "plugin.value";

/// The label of a state that tells which values have no distance, and why.
const NO_DISTANCE: &str = "no_distance";
/// Plugins that run at the same time.
const MAX_RUNNING: usize = 4;
/// What a plugin prints beyond this is not read.
const MAX_BYTES: u64 = 64 * 1024;

/// Runs one declared plugin.
#[derive(Debug)]
pub struct PluginProbe {
    rule: String,
    interval: Span,
    program: Program,
    turns: Arc<Semaphore>,
    /// Labels of values that had a distance at the last look.
    told: BTreeSet<String>,
}

/// A probe for each plugin that a rule declares.
pub fn probes(rules: &RuleSet, default: Span) -> Vec<Box<dyn Probe>> {
    let turns = Arc::new(Semaphore::new(MAX_RUNNING));
    let probe = |rule: &Rule, plugin: &PluginRule| PluginProbe {
        rule: rule.name.clone(),
        interval: rule.interval.unwrap_or(default),
        program: Program {
            patience: plugin.timeout.to_duration(),
            max_bytes: MAX_BYTES,
            ..Program::new(&plugin.command)
        },
        turns: Arc::clone(&turns),
        told: BTreeSet::new(),
    };
    let declared = rules.declared().filter_map(|(rule, declared)| match declared {
        Declared::Plugin(plugin) => Some(probe(rule, plugin)),
        _ => None,
    });
    declared.map(|probe| Box::new(probe) as Box<dyn Probe>).collect()
}

impl PluginProbe {
    async fn look(&mut self, clock: &Clock) -> Readings {
        let turn = self.turns.acquire().await;
        let ended = self.program.run().await;
        drop(turn);
        let at = clock.stamp();
        let readings = match ended.map_err(|fault| self.fault(&fault)).and_then(|ended| heard(&ended)) {
            Ok((state, said)) => self.judge(state, &said, at),
            Err(why) => self.unread(&why, at),
        };
        Readings { readings, ..Readings::default() }
    }

    /// Names the program and never its arguments: they may hold a password.
    fn fault(&self, fault: &RunFault) -> String {
        let program = self.program.argv.first().map_or("", String::as_str);
        match fault {
            RunFault::Late { seconds, .. } => format!("{program} gave no answer in {seconds} s"),
            other => other.to_string(),
        }
    }

    fn judge(&mut self, state: State, said: &Said, at: Stamp) -> Vec<Reading> {
        let (near, far): (Vec<_>, Vec<_>) =
            said.values.iter().map(|value| (value, distance(value))).partition(|(_, limits)| limits.is_ok());
        let far = far.iter().filter_map(|(value, why)| Some(format!("{} ({})", value.label, why.err()?)));
        let far = far.take(10).collect::<Vec<_>>().join(", ");
        let state_reading = self.state(state, said, at);
        let mut readings = vec![match far.is_empty() {
            true => state_reading,
            false => state_reading.label(NO_DISTANCE, far),
        }];
        let mut told = BTreeSet::new();
        for (value, limits) in near {
            let number = value.value.unwrap_or_default();
            let mut reading = Reading::value(VALUE, &self.subject(&value.label), at, number);
            reading.limits = limits.ok();
            readings.push(reading.label(reading::UNIT, value.unit.clone()));
            told.insert(value.label.clone());
        }
        readings.extend(self.missing(&told, state, said, at));
        self.told.retain(|label| state == State::Critical && !told.contains(label));
        self.told.append(&mut told);
        readings
    }

    fn state(&self, state: State, said: &Said, at: Stamp) -> Reading {
        let text = if said.text.is_empty() { "it said nothing" } else { &said.text };
        let measure = match state {
            State::Ok => Measure::Value(0.0),
            State::Warning => Measure::Value(1.0),
            State::Critical => Measure::Consequence { value: Some(2.0), reason: text.to_owned() },
            State::Unknown => Measure::Invalid { why: text.to_owned() },
        };
        Reading::of(STATE, &self.rule, at, measure).label(reading::SAID, text)
    }

    /// Values that were told before and are not now. A plugin that met the failure itself has none to tell; from
    /// one that is well they are gone.
    fn missing(&self, told: &BTreeSet<String>, state: State, said: &Said, at: Stamp) -> Vec<Reading> {
        let measure = match state {
            State::Critical => Measure::Invalid { why: format!("not told: {}", said.text) },
            _ => Measure::Retired { why: "the plugin does not tell it any more".to_owned() },
        };
        let missing = self.told.difference(told);
        missing.map(|label| Reading::of(VALUE, &self.subject(label), at, measure.clone())).collect()
    }

    fn unread(&self, why: &str, at: Stamp) -> Vec<Reading> {
        let invalid = |signal, subject: &str| {
            Reading::of(signal, subject, at, Measure::Invalid { why: why.to_owned() })
        };
        let mut readings = vec![invalid(STATE, &self.rule)];
        readings.extend(self.told.iter().map(|label| invalid(VALUE, &self.subject(label))));
        readings
    }

    fn subject(&self, label: &str) -> String {
        format!("{}/{label}", self.rule)
    }
}

impl Probe for PluginProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        let label = known.subject.strip_prefix(&self.rule).and_then(|rest| rest.strip_prefix('/'));
        if known.signal == VALUE {
            self.told.extend(label.map(str::to_owned));
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

/// What it said, or why it said nothing that counts.
fn heard(ended: &Ended) -> Result<(State, Said), String> {
    let said = Said::parse(&ended.text);
    match ended.status.code().and_then(State::of_code) {
        Some(State::Unknown) if said.text.is_empty() => Err(format!("UNKNOWN: {}", ended.said())),
        Some(State::Unknown) => Err(said.text),
        Some(state) => Ok((state, said)),
        None => Err(format!("the plugin itself failed ({}): {}", ended.status, ended.said())),
    }
}

#[cfg(test)]
mod tests;
