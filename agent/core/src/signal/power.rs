//! Uninterruptible power supplies: runtime left before an orderly shutdown no longer fits, charge, status.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const POWER: SignalSpec = SignalSpec {
    name: "power.runtime_left",
    table: Table::Power,
    unit: "seconds",
    category: Category::Power,
    scale: limited(2400.0, 930.0, 510.0, 300.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 2,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_minutes(30),
    response: Span::from_minutes(5),
    source: "what an orderly shutdown takes",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    POWER,
    SignalSpec {
        name: "power.charge",
        unit: "percent",
        scale: limited(100.0, 37.0, 19.0, 10.0),
        source: "the charge that the supply calls low",
        ..POWER
    },
    SignalSpec {
        name: "power.status",
        unit: "status",
        scale: limited(0.0, 1.0, 1.5, 2.0),
        confirm: 1,
        forecast: false,
        source: "the supply calls its battery low, or shuts down",
        ..POWER
    },
];
