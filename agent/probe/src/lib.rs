//! Probes: thin reads over the pure parsers of the core.
//!
//! A probe never fails: what cannot be read is an invalid reading of a known signal, and what this host does not
//! have is "not applicable", said once with the reason and what to do. A probe that is asked again soon gives
//! the same answer; nothing is stored here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::config::AgentConfig;
use nearmiss_agent_core::reading::Reading;
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_agent_core::signal::{Table, main_signal};
use nearmiss_shared::time::{Span, Timestamp};

pub mod backup;
pub mod captures;
pub mod certificate;
pub mod clock;
pub mod command;
pub mod container;
pub mod disk;
mod due;
pub mod endpoint;
mod fetch;
mod files;
pub mod filesystem;
pub mod host;
pub mod integrity;
pub mod metrics;
mod patience;
pub mod plugin;
pub mod power;
pub mod redundancy;
pub mod security;
pub mod service;
mod words;

use backup::BackupProbe;
pub use captures::Captures;
use certificate::CertificateProbe;
pub use clock::Clock;
use container::ContainerProbe;
use disk::DiskProbe;
use endpoint::EndpointProbe;
use filesystem::FilesystemProbe;
use host::HostProbe;
use integrity::IntegrityProbe;
use power::PowerProbe;
use redundancy::RedundancyProbe;
use security::{SecurityProbe, UpdatesProbe};
use service::ServiceProbe;

/// A signal of a subject as it was known before a restart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    pub signal: String,
    pub subject: String,
    /// Of its last reading.
    pub labels: BTreeMap<String, String>,
    /// Its values of the last two weeks, where they are kept and asked for.
    pub past: Vec<(Timestamp, f64)>,
}

/// What one look gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings {
    pub readings: Vec<Reading>,
    pub not_applicable: Vec<NotApplicable>,
}

/// Something that this host does not have or does not show: said once when it begins, and once when it is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotApplicable {
    pub probe: &'static str,
    /// Why, and what would make it applicable.
    pub why: String,
    /// False when it was so and is not any more.
    pub holds: bool,
}

/// One kind of thing that is looked at.
pub trait Probe: Debug + Send {
    /// As its table in the rules is called.
    fn name(&self) -> &'static str;

    /// From the start of one look to the start of the next.
    fn interval(&self) -> Span;

    /// Tells of a signal that the store knows from before a restart, so that a subject which went away meanwhile
    /// is retired instead of going dark.
    fn expect(&mut self, _known: &Known) {}

    /// Looks once. Bounded in time.
    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings>;

    /// Waits for what should not wait for the next look, and tells it. May be dropped at any time and asked again;
    /// never returns for a probe that is told of nothing.
    fn between<'a>(&'a mut self, _clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(std::future::pending())
    }
}

/// The probes that the configuration enables, each with the shortest interval that its rules ask for.
pub fn all(config: &AgentConfig, rules: &RuleSet, captures: &Captures) -> Vec<Box<dyn Probe>> {
    let shipped = |table| main_signal(table).interval.unwrap_or(Span::from_seconds(15));
    let interval = |table| rules.interval(table).unwrap_or_else(|| shipped(table));
    let own = |signal| rules.own_interval(signal).unwrap_or(Span::from_minutes(1));
    let probes = &config.probe;
    let mut all: Vec<Box<dyn Probe>> = Vec::new();
    if probes.filesystem.enabled {
        all.push(Box::new(FilesystemProbe::new(interval(Table::Filesystem))));
    }
    if probes.disk.enabled {
        all.push(Box::new(DiskProbe::new(&probes.disk, interval(Table::Disk), captures.clone())));
        let asked = own("disk.redundancy");
        all.push(Box::new(RedundancyProbe::new(asked, captures.clone())));
    }
    if probes.service.enabled {
        all.push(Box::new(ServiceProbe::new(&probes.service, interval(Table::Service))));
    }
    if probes.host.enabled {
        let asked = own("host.clock_offset");
        all.push(Box::new(HostProbe::new(interval(Table::Host).min(asked), asked)));
    }
    if probes.endpoint.enabled {
        all.push(Box::new(EndpointProbe::new(rules)));
    }
    if probes.certificate.enabled {
        all.push(Box::new(CertificateProbe::new(rules)));
    }
    if probes.backup.enabled {
        all.push(Box::new(BackupProbe::new(rules)));
    }
    if probes.integrity.enabled {
        all.push(Box::new(IntegrityProbe::new(rules)));
    }
    if probes.plugin.enabled {
        all.extend(plugin::probes(rules, shipped(Table::Plugin)));
    }
    if probes.power.enabled {
        all.push(Box::new(PowerProbe::new(rules, interval(Table::Power))));
    }
    if probes.container.enabled {
        all.push(Box::new(ContainerProbe::new(rules, interval(Table::Container))));
    }
    if probes.security.enabled {
        all.push(Box::new(SecurityProbe::new(rules, interval(Table::Security))));
        let asked = rules.own_interval("security.update_age").unwrap_or(Span::from_minutes(5));
        all.push(Box::new(UpdatesProbe::new(asked)));
    }
    if probes.metrics.enabled {
        all.extend(metrics::probes(rules, shipped(Table::Metrics)));
    }
    all
}

/// Says each reason once, when it is over, and again after it was gone for a while.
#[derive(Debug)]
pub struct Excuses {
    probe: &'static str,
    said: BTreeSet<String>,
}

impl Excuses {
    pub fn new(probe: &'static str) -> Self {
        Self { probe, said: BTreeSet::new() }
    }

    /// Of all reasons that hold now, those that did not hold at the last look; and those that are over.
    pub fn news(&mut self, hold: impl IntoIterator<Item = String>) -> Vec<NotApplicable> {
        let hold: BTreeSet<String> = hold.into_iter().collect();
        let told = |why: &String, holds| NotApplicable { probe: self.probe, why: why.clone(), holds };
        let begun = hold.difference(&self.said).map(|why| told(why, true));
        let over = self.said.difference(&hold).map(|why| told(why, false));
        let news = begun.chain(over).collect();
        self.said = hold;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once_as_long_as_it_holds() {
        let mut excuses = Excuses::new("disk");
        let why = || "no drive".to_owned();
        let said = |holds| [NotApplicable { probe: "disk", why: why(), holds }];
        assert_eq!(excuses.news([why()]), said(true));
        assert_eq!(excuses.news([why()]), []);
        assert_eq!(excuses.news([]), said(false));
        assert_eq!(excuses.news([]), []);
        assert_eq!(excuses.news([why()]).len(), 1);
    }

    #[test]
    fn the_configuration_decides_which_probes_there_are() {
        let mut config = AgentConfig::default();
        let names = |config: &AgentConfig| -> Vec<&str> {
            all(config, &RuleSet::default(), &Captures::default()).iter().map(|probe| probe.name()).collect()
        };
        let rest = [
            "host",
            "endpoint",
            "certificate",
            "backup",
            "integrity",
            "power",
            "container",
            "security",
            "security",
        ];
        assert_eq!(names(&config), [&["filesystem", "disk", "disk", "service"][..], &rest].concat());
        config.probe.disk.enabled = false;
        assert_eq!(names(&config), [&["filesystem", "service"][..], &rest].concat());
    }
}
