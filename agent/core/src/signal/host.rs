//! The host itself: memory, swap, handles, temperature, pressure, its clock.

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
    SignalSpec {
        name: "host.oom_kills",
        unit: "kills",
        scale: limited(0.0, 1.0, 3.0, 5.0),
        confirm: 1,
        forecast: false,
        source: "a host that kills five processes in an hour does not do its work",
        ..HOST
    },
    SignalSpec {
        name: "host.clock_offset",
        unit: "seconds",
        category: Category::Time,
        scale: limited(0.0, 30.0, 150.0, 300.0),
        interval: Some(Span::from_seconds(60)),
        confirm: 3,
        source: "Kerberos' default tolerance (MIT krb5, clockskew)",
        ..HOST
    },
    SignalSpec {
        name: "host.clock_unsynchronised",
        unit: "seconds",
        category: Category::Time,
        scale: limited(0.0, 43_200.0, 302_400.0, 604_800.0),
        interval: Some(Span::from_seconds(60)),
        forecast: false,
        source: "a free clock at NTP's largest frequency error, 500 ppm (RFC 5905), is 300 s off in a week",
        ..HOST
    },
];
