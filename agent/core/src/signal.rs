//! Every signal the agent knows, with what a sysadmin would keep as its defaults.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

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

const FILESYSTEM: SignalSpec = SignalSpec {
    name: "filesystem.free",
    table: Table::Filesystem,
    unit: "ratio",
    category: Category::Capacity,
    scale: limited(0.5, 0.15, 0.05, 0.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 3,
    hold: Span::from_minutes(30),
    horizon: Span::from_hours(1),
    response: Span::from_hours(1),
    source: "nothing left for an unprivileged user",
};

const DISK: SignalSpec = SignalSpec {
    name: "disk.reallocated",
    table: Table::Disk,
    unit: "sectors",
    category: Category::Disk,
    scale: Scale::Ordinal(Family::Reallocated),
    interval: Some(Span::from_minutes(10)),
    confirm: 1,
    hold: Span::from_hours(24),
    horizon: Span::from_days(6),
    response: Span::from_hours(24),
    source: "public drive statistics",
};

const SERVICE: SignalSpec = SignalSpec {
    name: "service.restarts_left",
    table: Table::Service,
    unit: "restarts",
    category: Category::Service,
    scale: limited(5.0, 2.0, 1.0, 0.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 1,
    hold: Span::from_minutes(30),
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the unit's StartLimitBurst",
};

const HOST: SignalSpec = SignalSpec {
    name: "host.memory_available",
    table: Table::Host,
    unit: "ratio",
    category: Category::Capacity,
    scale: limited(0.5, 0.08, 0.04, 0.01),
    interval: Some(Span::from_seconds(15)),
    confirm: 8,
    hold: Span::from_minutes(30),
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the kernel kills processes near nothing",
};

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
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the rule's count",
};

const fn disk(name: &'static str, unit: &'static str, scale: Scale) -> SignalSpec {
    SignalSpec { name, unit, scale, ..DISK }
}

const fn count(name: &'static str, unit: &'static str, family: Family) -> SignalSpec {
    disk(name, unit, Scale::Ordinal(family))
}

const fn pressure(name: &'static str) -> SignalSpec {
    SignalSpec {
        name,
        unit: "percent",
        scale: limited(0.0, 40.0, 70.0, 100.0),
        confirm: 20,
        source: "every task stalled",
        ..HOST
    }
}

/// The catalogue. The first entry of a table is its main signal.
pub const SIGNALS: &[SignalSpec] = &[
    FILESYSTEM,
    SignalSpec { name: "filesystem.inodes_free", source: "no inode left", ..FILESYSTEM },
    SignalSpec {
        name: "filesystem.read_only",
        unit: "flag",
        scale: limited(0.0, 0.5, 0.75, 1.0),
        confirm: 1,
        source: "the superblock turned read-only",
        ..FILESYSTEM
    },
    DISK,
    count("disk.reallocation_events", "events", Family::Reallocated),
    count("disk.reported_uncorrectable", "errors", Family::Unreadable),
    count("disk.pending_sectors", "sectors", Family::Unreadable),
    count("disk.offline_uncorrectable", "sectors", Family::Unreadable),
    count("disk.media_errors", "errors", Family::Unreadable),
    count("disk.uncorrected_errors", "errors", Family::Unreadable),
    count("disk.grown_defects", "sectors", Family::Reallocated),
    count("disk.spin_retries", "retries", Family::Mechanical),
    count("disk.end_to_end_errors", "errors", Family::Mechanical),
    count("disk.command_timeouts", "timeouts", Family::Link),
    count("disk.crc_errors", "errors", Family::Link),
    count("disk.attribute", "attributes at threshold", Family::Verdict),
    count("disk.verdict", "verdict", Family::Verdict),
    disk("disk.temperature", "celsius", limited(40.0, 55.0, 58.0, 60.0)),
    disk("disk.wear", "percent", limited(0.0, 80.0, 95.0, 100.0)),
    disk("disk.spare", "percent", limited(100.0, 20.0, 15.0, 10.0)),
    SERVICE,
    SignalSpec {
        name: "service.active",
        unit: "flag",
        scale: limited(1.0, 0.5, 0.25, 0.0),
        source: "the unit failed",
        ..SERVICE
    },
    SignalSpec { name: "service.running", unit: "processes", scale: limited(1.0, 0.5, 0.25, 0.0), ..SERVICE },
    HOST,
    SignalSpec { name: "host.swap_free", scale: limited(1.0, 0.2, 0.1, 0.0), source: "no swap left", ..HOST },
    SignalSpec { name: "host.file_handles_free", source: "fs.file-max", ..HOST },
    SignalSpec {
        name: "host.temperature",
        unit: "celsius",
        scale: limited(50.0, 85.0, 95.0, 105.0),
        category: Category::Power,
        source: "the sensor's critical level, else 105 C",
        ..HOST
    },
    pressure("host.memory_pressure"),
    pressure("host.io_pressure"),
    pressure("host.cpu_pressure"),
];

/// The signal of this name; every `log.RULE` reads as [`LOG`].
pub fn spec(name: &str) -> Option<&'static SignalSpec> {
    if name.starts_with("log.") {
        return Some(&LOG);
    }
    SIGNALS.iter().find(|spec| spec.name == name)
}

/// The signal a table's rule means when it names none.
pub fn main_signal(table: Table) -> &'static SignalSpec {
    SIGNALS.iter().find(|spec| spec.table == table).unwrap_or(&LOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_named_once_after_its_table_and_its_levels_are_ordered() {
        for (index, spec) in SIGNALS.iter().enumerate() {
            assert!(spec.name.starts_with(&format!("{}.", spec.table)), "{}", spec.name);
            assert!(SIGNALS[..index].iter().all(|earlier| earlier.name != spec.name), "{}", spec.name);
            if let Scale::Limited(limits) = spec.scale {
                assert!(limits.are_ordered(), "{}", spec.name);
            }
        }
    }
}
