//! Backups: the age of the newest, its size beside those before it, and the age of the last that was verified.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const BACKUP: SignalSpec = SignalSpec {
    name: "backup.age",
    table: Table::Backup,
    unit: "hours",
    category: Category::Backup,
    scale: limited(0.0, 38.4, 44.2, 48.0),
    interval: Some(Span::from_minutes(5)),
    confirm: 1,
    hold: Span::from_minutes(30),
    // It ages by the clock.
    forecast: false,
    horizon: Span::from_days(1),
    response: Span::from_hours(4),
    source: "the rule's RPO",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    BACKUP,
    SignalSpec { name: "backup.verified_age", source: "the rule's RPO and verify_interval", ..BACKUP },
    SignalSpec {
        name: "backup.size_ratio",
        unit: "of the usual size",
        scale: limited(1.0, 0.5, 0.2, 0.0),
        source: "an empty backup",
        ..BACKUP
    },
];
