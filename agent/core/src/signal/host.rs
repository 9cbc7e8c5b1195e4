//! The host itself: memory, swap, handles, temperature, pressure.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const HOST: SignalSpec = SignalSpec {
    name: "host.memory_available",
    table: Table::Host,
    unit: "ratio",
    category: Category::Capacity,
    scale: limited(0.5, 0.08, 0.04, 0.01),
    interval: Some(Span::from_seconds(15)),
    confirm: 8,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the kernel kills processes near nothing",
};

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

pub(super) const SIGNALS: &[SignalSpec] = &[
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
