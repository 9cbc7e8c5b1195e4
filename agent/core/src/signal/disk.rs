//! Drives: counts that never fall, and what has a limit.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{Scale, SignalSpec, Table, limited};
use crate::ordinal::Family;
use crate::outlook;

const DISK: SignalSpec = SignalSpec {
    name: "disk.reallocated",
    table: Table::Disk,
    unit: "sectors",
    category: Category::Disk,
    scale: Scale::Ordinal(Family::Reallocated),
    interval: Some(Span::from_minutes(10)),
    confirm: 1,
    hold: Span::from_hours(24),
    forecast: true,
    horizon: Span::from_days(6),
    response: Span::from_hours(24),
    source: "public drive statistics",
};

const fn disk(name: &'static str, unit: &'static str, scale: Scale) -> SignalSpec {
    SignalSpec { name, unit, scale, ..DISK }
}

const fn count(name: &'static str, unit: &'static str, family: Family) -> SignalSpec {
    disk(name, unit, Scale::Ordinal(family))
}

pub(super) const SIGNALS: &[SignalSpec] = &[
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
    count("disk.failed_self_tests", "tests", Family::SelfTest),
    count("disk.logged_errors", "errors", Family::ErrorLog),
    SignalSpec { source: "agent/core/README.md", ..count(outlook::SIGNAL, "points", Family::Outlook) },
    count("disk.attribute", "attributes at threshold", Family::Verdict),
    count("disk.verdict", "verdict", Family::Verdict),
    disk("disk.temperature", "celsius", limited(40.0, 55.0, 58.0, 60.0)),
    disk("disk.wear", "percent", limited(0.0, 80.0, 95.0, 100.0)),
    disk("disk.spare", "percent", limited(100.0, 20.0, 15.0, 10.0)),
    // Failures that an array still survives; each array has its own levels, by what its layout survives when whole.
    SignalSpec {
        interval: Some(Span::from_minutes(1)),
        hold: Span::from_minutes(30),
        forecast: false,
        source: "the array's layout",
        ..disk("disk.redundancy", "failures", limited(1.0, 0.5, 0.25, -1.0))
    },
    // Errors that passed the drive and reached a file system that checks what it reads.
    SignalSpec {
        interval: Some(Span::from_minutes(1)),
        source: "the file system's own counters",
        ..count("disk.filesystem_errors", "errors", Family::Unreadable)
    },
];
