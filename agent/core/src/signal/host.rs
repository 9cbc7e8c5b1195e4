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

/// An average that follows its cause late and slows down toward it: its trend foretells nothing.
const MEMORY_PRESSURE: SignalSpec = SignalSpec {
    name: "host.memory_pressure",
    unit: "percent",
    scale: limited(0.0, 40.0, 70.0, 100.0),
    confirm: 20,
    forecast: false,
    source: "every task stalled",
    ..HOST
};

/// A backup keeps storage busy for its whole length, and a compiler the processors: near only after half an hour of
/// nothing but waiting, and never a failure by itself, since a pressure ends at 100.
const fn waiting(name: &'static str) -> SignalSpec {
    SignalSpec {
        name,
        scale: limited(0.0, 98.0, 100.0, 101.0),
        confirm: 120,
        source: "every task waits, all the time; waiting alone is no failure",
        ..MEMORY_PRESSURE
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
    MEMORY_PRESSURE,
    waiting("host.io_pressure"),
    waiting("host.cpu_pressure"),
];
