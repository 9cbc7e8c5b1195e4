//! The units that are watched: what is known of each, kept by what systemd tells, and judged.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::service::{
    ACTIVE, Activity, Choice, Moment, RESTARTS_LEFT, TIMER_OVERDUE, Timer, TimerWatched, Unit, Watched,
};

use super::kept::{Service, vanished};
use super::news::News;
use super::systemd::{Loaded, Systemd};
use crate::Known;

/// Units watched at most, and units known at most that may become ones to watch.
const MOST_UNITS: usize = 500;
const MOST_KNOWN: usize = 5_000;
/// Readings between two looks; beyond them a unit's changes are told as one.
const MOST_READINGS: usize = 256;

#[derive(Debug)]
struct Clockwork {
    path: String,
    facts: Timer,
    watched: TimerWatched,
}

#[derive(Debug)]
pub(super) struct Units {
    choice: Choice,
    /// Names by object path, of all that the choice covers.
    names: BTreeMap<String, String>,
    services: BTreeMap<String, Service>,
    timers: BTreeMap<String, Clockwork>,
    /// Known from before the agent's own restart, and not seen since, with the labels of their restarts left.
    expected: BTreeMap<String, BTreeMap<String, String>>,
    /// To be asked about: names and paths.
    unknown: BTreeMap<String, String>,
    /// Changed since they were last judged.
    changed: BTreeSet<String>,
    readings: Vec<Reading>,
    outdated: bool,
}

impl Units {
    pub(super) fn new(choice: Choice) -> Self {
        Self {
            choice,
            names: BTreeMap::new(),
            services: BTreeMap::new(),
            timers: BTreeMap::new(),
            expected: BTreeMap::new(),
            unknown: BTreeMap::new(),
            changed: BTreeSet::new(),
            readings: Vec::new(),
            outdated: true,
        }
    }

    /// A unit that was watched before the agent's restart.
    pub(super) fn expect(&mut self, known: &Known) {
        if [ACTIVE, RESTARTS_LEFT, TIMER_OVERDUE].contains(&known.signal.as_str()) {
            let labels = self.expected.entry(known.subject.clone()).or_default();
            if known.signal == RESTARTS_LEFT {
                labels.clone_from(&known.labels);
            }
        }
    }

    /// All units must be asked about anew.
    pub(super) const fn outdate(&mut self) {
        self.outdated = true;
    }

    pub(super) const fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// Why some units are not watched, where that is so.
    pub(super) fn excuse(&self) -> Option<String> {
        let full = self.services.len() >= MOST_UNITS || self.timers.len() >= MOST_UNITS;
        full.then(|| format!("more than {MOST_UNITS} units: name those to watch in [probe.service] units"))
    }

    /// Whether there is something to tell or to ask before the next look.
    pub(super) fn has_news(&self) -> bool {
        !(self.readings.is_empty() && self.changed.is_empty() && self.unknown.is_empty())
    }

    /// Takes in one change. A unit that stopped or failed is judged a little later: a restart passes through both.
    pub(super) fn take(&mut self, news: News, now: Moment) {
        match news {
            News::Reloaded => self.outdated = true,
            News::New { name, path } => self.know(name, path),
            News::Gone { name } => self.lose(&name, now),
            News::Changed { path, values } => {
                let Some(name) = self.names.get(&path) else { return };
                if let Some(service) = self.services.get_mut(name) {
                    let before = service.facts.clone();
                    values.into_unit(&mut service.facts);
                    if service.facts == before {
                        return;
                    }
                    let passing = matches!(service.facts.activity, Activity::Stopped | Activity::Failed);
                    if passing || self.readings.len() >= MOST_READINGS {
                        self.changed.insert(name.clone());
                    } else {
                        self.readings.extend(service.watched.judge(&service.facts, now));
                    }
                } else if let Some(timer) = self.timers.get_mut(name) {
                    values.into_timer(&mut timer.facts);
                    self.changed.insert(name.clone());
                } else if values.activity() == Some(Activity::Failed) {
                    self.unknown.insert(name.clone(), path);
                }
            }
        }
    }

    fn know(&mut self, name: String, path: String) {
        let is_watchable = name.ends_with(".service") || name.ends_with(".timer");
        if is_watchable && self.choice.wants(&name) && self.names.len() < MOST_KNOWN {
            self.names.insert(path.clone(), name.clone());
            self.unknown.insert(name, path);
        }
    }

    fn lose(&mut self, name: &str, now: Moment) {
        const WHY: &str = "the unit is not loaded any more";
        if let Some(mut service) = self.services.remove(name) {
            self.names.remove(&service.path);
            if service.watched.was_up() {
                self.readings.extend(service.watched.gone(name, now, WHY));
            }
        }
        if let Some(timer) = self.timers.remove(name) {
            self.names.remove(&timer.path);
            self.readings.extend(timer.watched.gone(name, now));
        }
        self.unknown.remove(name);
        self.changed.remove(name);
    }

    /// Asks about every unit that is loaded; what is not any more is retired.
    ///
    /// # Errors
    /// systemd does not answer.
    pub(super) async fn pass(&mut self, systemd: &Systemd, now: Moment) -> Result<(), zbus::Error> {
        let loaded = systemd.loaded().await?;
        self.outdated = false;
        let names: BTreeSet<&str> = loaded.iter().map(|unit| unit.name.as_str()).collect();
        let watched = self.services.keys().chain(self.timers.keys());
        let gone: Vec<String> = watched.filter(|name| !names.contains(name.as_str())).cloned().collect();
        gone.iter().for_each(|name| self.lose(name, now));
        self.names.clear();
        for Loaded { name, path, .. } in loaded {
            self.know(name, path);
        }
        self.ask(systemd).await?;
        // What was watched before the agent's restart and is neither up nor loaded now ended meanwhile.
        for name in std::mem::take(&mut self.expected).into_keys() {
            if name.ends_with(".timer") {
                let mut watched = TimerWatched::default();
                watched.expected();
                self.readings.extend(watched.gone(&name, now));
            } else {
                self.readings.extend(Watched::default().gone(
                    &name,
                    now,
                    "it was stopped while nobody watched",
                ));
            }
        }
        Ok(())
    }

    /// Asks about the units that are new, or of which little is known.
    ///
    /// # Errors
    /// systemd does not answer. A unit that vanished meanwhile is left out.
    pub(super) async fn ask(&mut self, systemd: &Systemd) -> Result<(), zbus::Error> {
        while let Some((name, path)) = self.unknown.first_key_value() {
            let (name, path) = (name.clone(), path.clone());
            if name.ends_with(".timer") {
                match systemd.timer(&name, &path).await {
                    Ok(facts) => self.keep_timer(name.clone(), path, facts),
                    Err(fault) => vanished(fault)?,
                }
            } else {
                let before = self.services.contains_key(&name) || self.expected.contains_key(&name);
                let always = self.choice.named || before;
                match systemd.unit(&name, &path, always).await {
                    Ok(facts) => self.keep(name.clone(), path, facts),
                    Err(fault) => vanished(fault)?,
                }
            }
            self.unknown.remove(&name);
        }
        Ok(())
    }

    fn keep(&mut self, name: String, path: String, facts: Option<Unit>) {
        let Some(facts) = facts.filter(|_| self.services.len() < MOST_UNITS) else { return };
        self.changed.insert(name.clone());
        if let Some(service) = self.services.get_mut(&name) {
            (service.path, service.facts) = (path, facts);
            return;
        }
        let mut watched = Watched::default();
        if let Some(labels) = self.expected.remove(&name) {
            watched.expected(&labels);
        }
        self.services.insert(name, Service::new(path, facts, watched));
    }

    fn keep_timer(&mut self, name: String, path: String, facts: Timer) {
        if self.timers.len() >= MOST_UNITS {
            return;
        }
        self.changed.insert(name.clone());
        if let Some(timer) = self.timers.get_mut(&name) {
            (timer.path, timer.facts) = (path, facts);
            return;
        }
        let mut watched = TimerWatched::default();
        if self.expected.remove(&name).is_some() {
            watched.expected();
        }
        self.timers.insert(name, Clockwork { path, facts, watched });
    }

    /// What systemd does not tell by itself: when watchdogs were fed, and how a timer's job stands that nothing else
    /// watches.
    ///
    /// # Errors
    /// systemd does not answer.
    pub(super) async fn refresh(&mut self, systemd: &Systemd, now: Moment) -> Result<(), zbus::Error> {
        for service in self.services.values_mut() {
            service.feed(systemd, now).await?;
        }
        for timer in self.timers.values_mut().filter(|timer| self.choice.leaves(&timer.facts.unit)) {
            match systemd.job(&timer.facts.unit).await {
                Ok(job) => timer.facts.job = Some(job),
                Err(fault) => vanished(fault)?,
            }
        }
        Ok(())
    }

    /// When the next watchdog is worth a look, in milliseconds of CLOCK_MONOTONIC.
    pub(super) fn hungry_at(&self) -> Option<i64> {
        self.services.values().filter_map(Service::hungry_at).min()
    }

    /// Looks at the watchdogs that are late to be fed.
    ///
    /// # Errors
    /// systemd does not answer.
    pub(super) async fn look_at_hungry(&mut self, systemd: &Systemd, now: Moment) -> Result<(), zbus::Error> {
        let due = |service: &&mut Service| service.hungry_at().is_some_and(|at| at <= now.monotonic_ms);
        for service in self.services.values_mut().filter(due) {
            service.feed(systemd, now).await?;
            if service.hungry_since().is_some_and(|since| since <= now.monotonic_ms) {
                self.changed.insert(service.facts.name.clone());
            }
        }
        Ok(())
    }

    /// What happened since the last readings.
    pub(super) fn news(&mut self, now: Moment) -> Vec<Reading> {
        for name in std::mem::take(&mut self.changed) {
            if let Some(service) = self.services.get_mut(&name) {
                self.readings.extend(service.watched.judge(&service.facts, now));
            }
            if let Some(timer) = self.timers.get_mut(&name) {
                self.readings.extend(timer.watched.judge(&timer.facts, now));
            }
        }
        std::mem::take(&mut self.readings)
    }

    /// Every unit as it stands, after what happened since the last readings.
    pub(super) fn all(&mut self, now: Moment) -> Vec<Reading> {
        self.changed.clear();
        let mut readings = std::mem::take(&mut self.readings);
        readings.extend(self.services.values_mut().flat_map(|one| one.watched.judge(&one.facts, now)));
        readings.extend(self.timers.values_mut().filter_map(|one| one.watched.judge(&one.facts, now)));
        readings
    }

    /// Every unit that is up as one that cannot be looked at.
    pub(super) fn unread(&self, why: &str, now: Moment) -> Vec<Reading> {
        let services =
            self.services.iter().filter(|(_, one)| one.watched.was_up()).map(|(name, _)| (ACTIVE, name));
        let timers =
            self.timers.iter().filter(|(_, one)| one.watched.was_up()).map(|(name, _)| (TIMER_OVERDUE, name));
        let invalid = |(signal, name): (&str, &String)| {
            Reading::of(signal, name, now.at, Measure::Invalid { why: why.to_owned() })
        };
        services.chain(timers).map(invalid).collect()
    }
}
