//! Filesystems: space, inodes, and turning read-only.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const FILESYSTEM: SignalSpec = SignalSpec {
    name: "filesystem.free",
    table: Table::Filesystem,
    unit: "ratio",
    category: Category::Capacity,
    scale: limited(0.5, 0.15, 0.05, 0.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 3,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_hours(1),
    source: "nothing left for an unprivileged user",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
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
];
