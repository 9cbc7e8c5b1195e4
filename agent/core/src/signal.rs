//! Every signal the agent knows, with what a sysadmin would keep as its defaults.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

mod backup;
mod certificate;
mod container;
mod disk;
mod endpoint;
mod filesystem;
mod host;
mod integrity;
mod metrics;
mod plugin;
mod power;
mod security;
mod service;

use crate::ordinal::Family;
use crate::proximity::Limits;

nearmiss_shared::words! {
    /// The tables of a rules file, one a probe.
    Table {
        Filesystem = "filesystem",
        Disk = "disk",
        Service = "service",
        Log = "log",
        Host = "host",
        Endpoint = "endpoint",
        Certificate = "certificate",
        Backup = "backup",
        Power = "power",
        Integrity = "integrity",
        Plugin = "plugin",
        Metrics = "metrics",
        Container = "container",
        Security = "security",
    }
}

impl Table {
    /// Whether only a rule makes its signals: what no rule declares is judged by nothing.
    pub const fn is_declared(self) -> bool {
        matches!(self, Self::Log | Self::Plugin | Self::Metrics)
    }
}

/// How a signal's value becomes a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Between a normal level and a failure limit.
    Limited(Limits),
    /// A count that never falls: see [`crate::ordinal`].
    Ordinal(Family),
}

/// One signal and its shipped defaults.
#[derive(Clone, Copy, Debug)]
pub struct SignalSpec {
    pub name: &'static str,
    pub table: Table,
    pub unit: &'static str,
    pub category: Category,
    pub scale: Scale,
    /// Between two samples; `None` for signals that speak only when something happens.
    pub interval: Option<Span>,
    /// Samples past approach that open an episode.
    pub confirm: u32,
    /// How long a signal stays back before it counts as recovered.
    pub hold: Span,
    /// Whether a trend alone may open an episode before approach; not for what runs down by the clock.
    pub forecast: bool,
    /// A time to failure below this opens an episode early; the window is a sixth of it.
    pub horizon: Span,
    /// What a person needs to respond.
    pub response: Span,
    /// Where the failure limit comes from.
    pub source: &'static str,
}

const fn limited(normal: f64, approach: f64, critical: f64, limit: f64) -> Scale {
    Scale::Limited(Limits::new(normal, approach, critical, limit))
}

/// What a `[[log]]` rule has before it says anything: its limit is the rule's `count`.
pub const LOG: SignalSpec = SignalSpec {
    name: "log",
    table: Table::Log,
    unit: "matches",
    category: Category::Login,
    scale: limited(0.0, 5.0, 8.0, 10.0),
    interval: None,
    confirm: 1,
    hold: Span::from_minutes(30),
    forecast: false,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the rule's count",
};

/// The catalogue, table by table; the first entry of a table is its main signal.
const CATALOGUE: &[&[SignalSpec]] = &[
    filesystem::SIGNALS,
    disk::SIGNALS,
    service::SIGNALS,
    host::SIGNALS,
    endpoint::SIGNALS,
    certificate::SIGNALS,
    backup::SIGNALS,
    integrity::SIGNALS,
    plugin::SIGNALS,
    metrics::SIGNALS,
    power::SIGNALS,
    container::SIGNALS,
    security::SIGNALS,
];

/// Every signal but those of log rules.
pub fn signals() -> impl Iterator<Item = &'static SignalSpec> {
    CATALOGUE.iter().copied().flatten()
}

/// The signal of this name; every `log.RULE` reads as [`LOG`].
pub fn spec(name: &str) -> Option<&'static SignalSpec> {
    if name.starts_with("log.") {
        return Some(&LOG);
    }
    signals().find(|spec| spec.name == name)
}

/// The signal a table's rule means when it names none.
pub fn main_signal(table: Table) -> &'static SignalSpec {
    signals().find(|spec| spec.table == table).unwrap_or(&LOG)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_signal_is_named_once_after_its_table_and_its_levels_are_ordered() {
        let mut names = BTreeSet::new();
        for spec in signals() {
            assert!(spec.name.starts_with(&format!("{}.", spec.table)), "{}", spec.name);
            assert!(names.insert(spec.name), "{}", spec.name);
            if let Scale::Limited(limits) = spec.scale {
                assert!(limits.are_ordered(), "{}", spec.name);
            }
        }
    }
}
