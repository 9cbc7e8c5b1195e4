//! Containers of Docker and Podman, asked at the runtime's socket: read only.
//!
//! A container that was stopped on purpose is retired, not failed; one that ended before anybody watched it is not
//! watched. A runtime that does not answer gives invalid readings of every container it was known for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use globset::GlobMatcher;
use nearmiss_agent_core::container::{Container, Phase, Policy};
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{ContainerRule, Declared, RuleSet};
use nearmiss_shared::time::Span;

use crate::{Clock, Excuses, Known, Probe, Readings};

mod restarts;
mod runtime;

use restarts::Restarts;
use runtime::{Runtime, Told};

const NAME: &str = "container";
const RUNNING: &str = "container.running";
const RESTARTS_LEFT: &str = "container.restarts_left";
const HEALTH_LEFT: &str = "container.health_left";

/// Restarts of a container without a limit of its own that are the failure, and within what time.
const RESTARTS: u32 = 5;
const WINDOW: Span = Span::from_minutes(10);

/// Watches the containers of every runtime of this host.
#[derive(Debug)]
pub struct ContainerProbe {
    interval: Span,
    rules: Vec<(Option<GlobMatcher>, ContainerRule)>,
    runtimes: Vec<Runtime>,
    watched: BTreeMap<String, Watched>,
    excuses: Excuses,
}

#[derive(Debug, Default)]
struct Watched {
    restarts: Restarts,
    was_up: bool,
    signals: BTreeSet<String>,
}

impl ContainerProbe {
    pub fn new(rules: &RuleSet, interval: Span) -> Self {
        let rules: Vec<(Option<GlobMatcher>, ContainerRule)> = rules
            .declared()
            .filter_map(|(rule, declared)| match declared {
                Declared::Container(container) => Some((rule.subject.clone(), container.clone())),
                _ => None,
            })
            .collect();
        let declared: BTreeSet<&str> = rules.iter().filter_map(|(_, rule)| rule.socket.as_deref()).collect();
        Self {
            interval,
            runtimes: Runtime::all(&declared),
            rules,
            watched: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    async fn look(&mut self, clock: &Clock) -> Readings {
        let (mut containers, mut faults, mut excuses) = (BTreeMap::new(), Vec::new(), Vec::new());
        for runtime in &mut self.runtimes {
            match runtime.containers().await {
                Told::Containers(found) => {
                    for container in found {
                        // Two runtimes may each have one of this name: the second is told with its socket.
                        let name = match containers.contains_key(&container.name) {
                            true => format!("{} ({})", container.name, runtime.path()),
                            false => container.name.clone(),
                        };
                        containers.insert(name, container);
                    }
                }
                Told::Absent => {}
                Told::Unreadable(why) => excuses.push(why),
                Told::Silent(why) => faults.push(why),
            }
        }
        if self.runtimes.iter().all(|runtime| !runtime.is_there()) {
            excuses.push(runtime::NONE.to_owned());
        }
        excuses.extend(faults.iter().cloned());
        let at = clock.stamp();
        let mut readings: Vec<Reading> =
            containers.iter().flat_map(|(name, container)| self.judge(name, container, at)).collect();
        readings.extend(self.missing(&containers, &faults, at));
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    fn judge(&mut self, name: &str, container: &Container, at: Stamp) -> Vec<Reading> {
        let again = Container { phase: Phase::Up, ..container.clone() };
        let container = if container.awaits_restart(at.wall) { &again } else { container };
        let (most, window) = self.limit(name);
        let watched = self.watched.entry(name.to_owned()).or_default();
        watched.restarts.count(container.restarts, at.boot_ms);
        let running = match &container.phase {
            Phase::Up => Measure::Value(1.0),
            phase if phase.is_failure() && watched.was_up => {
                Measure::Consequence { value: Some(0.0), reason: ended(name, phase) }
            }
            _ => return watched.stopped(name, at),
        };
        watched.was_up = true;
        let mut readings = vec![Reading::of(RUNNING, name, at, running)];
        readings.extend(restarts_left(name, container, &mut watched.restarts, (most, window), at));
        readings.extend(health_left(name, container, at));
        watched.signals = readings.iter().map(|reading| reading.signal.clone()).collect();
        let told = |mut reading: Reading| {
            reading.labels.extend(container.labels.clone());
            reading
        };
        readings.into_iter().map(told).collect()
    }

    /// What the last rules that cover the container say.
    fn limit(&self, name: &str) -> (u32, Span) {
        let covers = |glob: &Option<GlobMatcher>| glob.as_ref().is_none_or(|glob| glob.is_match(name));
        let mut limit = (RESTARTS, WINDOW);
        for (_, rule) in self.rules.iter().filter(|(glob, _)| covers(glob)) {
            limit = (rule.restarts.unwrap_or(limit.0), rule.window.unwrap_or(limit.1));
        }
        limit
    }

    /// Containers that were known and are not told of: removed, unless a runtime did not answer.
    fn missing(&mut self, told: &BTreeMap<String, Container>, faults: &[String], at: Stamp) -> Vec<Reading> {
        let measure = match faults {
            [] => Measure::Retired { why: "the container was removed".to_owned() },
            faults => Measure::Invalid { why: faults.join("; ") },
        };
        let gone = self.watched.iter().filter(|(name, _)| !told.contains_key(*name));
        let readings = gone.flat_map(|(name, watched)| watched.all(name, &measure, at)).collect();
        if faults.is_empty() {
            self.watched.retain(|name, _| told.contains_key(name));
        }
        readings
    }
}

impl Watched {
    /// Stopped on purpose, or never seen running.
    fn stopped(&mut self, name: &str, at: Stamp) -> Vec<Reading> {
        let why = "the container was stopped in an orderly way".to_owned();
        let readings = self.all(name, &Measure::Retired { why }, at);
        (self.was_up, self.signals) = (false, BTreeSet::new());
        readings
    }

    /// The same for every signal it had.
    fn all(&self, name: &str, measure: &Measure, at: Stamp) -> Vec<Reading> {
        self.signals.iter().map(|signal| Reading::of(signal, name, at, measure.clone())).collect()
    }
}

impl Probe for ContainerProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if known.signal.starts_with("container.") {
            let watched = self.watched.entry(known.subject.clone()).or_default();
            watched.signals.insert(known.signal.clone());
            watched.was_up = true;
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

fn ended(name: &str, phase: &Phase) -> String {
    match phase {
        Phase::Ended { out_of_memory: true, .. } => format!("{name} was killed for want of memory"),
        Phase::Ended { code, error, .. } if error.is_empty() => format!("{name} ended with status {code}"),
        Phase::Ended { code, error, .. } => format!("{name} ended with status {code}: {error}"),
        _ => format!("{name} does not run"),
    }
}

/// Starts that its policy still allows; without a limit of the policy, those that the rule's window still allows.
fn restarts_left(
    name: &str,
    container: &Container,
    seen: &mut Restarts,
    (most, window): (u32, Span),
    at: Stamp,
) -> Option<Reading> {
    let (most, left) = match container.policy {
        Policy::Never => return None,
        Policy::Times(most) => (most, most.saturating_sub(container.restarts)),
        Policy::Always => (most, seen.left(most, window.as_millis(), at.boot_ms)),
    };
    let measure = match &container.phase {
        Phase::Up => Measure::Value(f64::from(left)),
        phase => Measure::Consequence { value: Some(0.0), reason: ended(name, phase) },
    };
    let burst = f64::from(most);
    // With no restart left a container still runs, and its next end is the failure; so many restarts in a window are
    // the failure themselves.
    let limit = if container.policy == Policy::Always { 0.0 } else { -1.0 };
    let mut reading = Reading::of(RESTARTS_LEFT, name, at, measure);
    reading.limits = Some(Limits::new(burst, burst * 0.4, burst * 0.2, limit));
    Some(reading.label("restarts", container.restarts.to_string()))
}

/// Failed checks that are still allowed in a row.
fn health_left(name: &str, container: &Container, at: Stamp) -> Option<Reading> {
    let health = container.health.filter(|_| container.phase == Phase::Up)?;
    let retries = f64::from(health.retries);
    let measure = match health.unhealthy {
        true => {
            let reason = format!("{name} is unhealthy: {} checks failed in a row", health.failing);
            Measure::Consequence { value: Some(0.0), reason }
        }
        // As long as the runtime does not call it unhealthy, one more check is allowed.
        false => Measure::Value(f64::from(health.retries.saturating_sub(health.failing).max(1))),
    };
    let mut reading = Reading::of(HEALTH_LEFT, name, at, measure);
    reading.limits = Some(Limits::new(retries, retries * 0.5, retries * 0.3, 0.0));
    Some(reading)
}

#[cfg(test)]
mod tests;
