//! What a rule declares beside its levels: the thing to look at.
//!
//! A file a kind: its keys, how they are read, and the levels that follow from them. Levels that a rule writes
//! itself go before those.

mod backup;
mod certificate;
mod container;
mod endpoint;
mod integrity;
mod log;
mod metrics;
mod plugin;
mod power;
mod security;

use nearmiss_shared::fault::Reader;
use serde::Serialize;
use toml_edit::TableLike;

use super::parse::At;
use crate::proximity::Limits;
use crate::signal::Table;

pub use backup::{BackupRule, Verify};
pub use certificate::CertificateRule;
pub use container::ContainerRule;
pub use endpoint::{EndpointRule, Method as EndpointMethod, Target as EndpointTarget};
pub use integrity::{IntegrityRule, Mode as IntegrityMode};
pub use log::LogRule;
pub use metrics::MetricsRule;
pub use plugin::PluginRule;
pub use power::{PowerRule, Supply};
pub use security::SecurityRule;

/// The declaration of one rule. It is part of the hash of what decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    Log(LogRule),
    Endpoint(EndpointRule),
    Certificate(CertificateRule),
    Backup(BackupRule),
    Integrity(IntegrityRule),
    Plugin(PluginRule),
    Metrics(MetricsRule),
    Power(PowerRule),
    Container(ContainerRule),
    Security(SecurityRule),
}

impl Declared {
    /// The keys of `table` beside those that every rule has.
    pub(super) const fn keys(table: Table) -> &'static [&'static str] {
        match table {
            Table::Log => log::KEYS,
            Table::Endpoint => endpoint::KEYS,
            Table::Certificate => certificate::KEYS,
            Table::Backup => backup::KEYS,
            Table::Integrity => integrity::KEYS,
            Table::Plugin => plugin::KEYS,
            Table::Metrics => metrics::KEYS,
            Table::Power => power::KEYS,
            Table::Container => container::KEYS,
            Table::Security => security::KEYS,
            _ => &[],
        }
    }

    /// Reads what a rule of `table` declares; `None` where it declares nothing, or with faults.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        table: Table,
        entry: &dyn TableLike,
        at: At,
        enabled: bool,
    ) -> Option<Self> {
        match table {
            Table::Log => LogRule::read(reader, entry, at, enabled).map(Self::Log),
            Table::Endpoint => EndpointRule::read(reader, entry, at).map(Self::Endpoint),
            Table::Certificate => CertificateRule::read(reader, entry, at).map(Self::Certificate),
            Table::Backup => BackupRule::read(reader, entry, at).map(Self::Backup),
            Table::Integrity => IntegrityRule::read(reader, entry, at).map(Self::Integrity),
            Table::Plugin => PluginRule::read(reader, entry, at, enabled).map(Self::Plugin),
            Table::Metrics => MetricsRule::read(reader, entry, &at, enabled).map(Self::Metrics),
            Table::Power => PowerRule::read(reader, entry).map(Self::Power),
            Table::Container => ContainerRule::read(reader, entry).map(Self::Container),
            Table::Security => SecurityRule::read(reader, entry).map(Self::Security),
            _ => None,
        }
    }

    /// The levels that follow from the declaration for this signal.
    pub(super) fn levels(&self, signal: &str) -> Option<Limits> {
        match self {
            Self::Log(log) => Some(log.levels()),
            Self::Endpoint(endpoint) => Some(endpoint.levels(signal)),
            Self::Backup(backup) => backup.levels(signal),
            Self::Certificate(_)
            | Self::Integrity(_)
            | Self::Plugin(_)
            | Self::Power(_)
            | Self::Container(_)
            | Self::Security(_) => None,
            Self::Metrics(metrics) => Some(metrics.levels),
        }
    }

    /// The glob of the subjects it makes, where `name` is the rule's; `None` where `match` means something else.
    pub(super) fn subjects(&self, name: &str) -> Option<String> {
        match self {
            Self::Log(_) | Self::Container(_) | Self::Security(_) => None,
            Self::Endpoint(endpoint) => Some(globset::escape(&endpoint.target.subject())),
            Self::Certificate(certificate) => Some(certificate.subjects()),
            Self::Backup(backup) => Some(globset::escape(&backup.path)),
            Self::Integrity(integrity) => Some(globset::escape(&integrity.path)),
            Self::Plugin(_) => Some(itself_and_below(name, "/")),
            Self::Metrics(_) => Some(itself_and_below(name, "{")),
            Self::Power(power) => Some(globset::escape(power.supply.as_ref()?.subject())),
        }
    }
}

/// An absolute path or a glob of such.
fn path(text: &str) -> Result<String, &'static str> {
    let is_one = text.starts_with('/') && globset::Glob::new(text).is_ok();
    is_one
        .then(|| text.to_owned())
        .ok_or("an absolute path or a glob is expected, such as \"/srv/backup/*.tar\"")
}

/// Keys that mean something only beside `main`, which names what is looked at: a rule that has none of them only
/// judges what another declares.
fn alone(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At, main: &str, keys: &[&str]) {
    let besides = keys.iter().find(|key| **key != main && entry.contains_key(key));
    if let Some(key) = besides.filter(|_| !entry.contains_key(main)) {
        reader.fault(at, format!("`{key}` without `{main}`"), format!("`{main} = \"...\"` is expected here"));
    }
}

/// The glob of `name` itself and of all that begins with it and `mark`.
fn itself_and_below(name: &str, mark: &str) -> String {
    // Within braces a comma would part two alternatives.
    let name = globset::escape(name).replace(',', "[,]");
    format!("{{{name},{name}{}*}}", globset::escape(mark))
}
