//! Services: restarts left before systemd gives up, failed units, watchdogs, late timers, processes that must run.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const SERVICE: SignalSpec = SignalSpec {
    name: "service.restarts_left",
    table: Table::Service,
    unit: "restarts",
    category: Category::Service,
    scale: limited(5.0, 2.0, 1.0, 0.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 1,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the unit's StartLimitBurst",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    SERVICE,
    SignalSpec {
        name: "service.active",
        unit: "flag",
        scale: limited(1.0, 0.5, 0.25, 0.0),
        source: "the unit failed",
        ..SERVICE
    },
    SignalSpec {
        name: "service.restarts",
        scale: limited(0.0, 3.0, 6.0, 10.0),
        forecast: false,
        source: "what restarts ten times in an hour is not in service",
        ..SERVICE
    },
    SignalSpec {
        name: "service.watchdog_left",
        unit: "ratio",
        scale: limited(0.5, 0.2, 0.1, 0.0),
        forecast: false,
        source: "the unit's WatchdogSec, fed at half of it (sd_watchdog_enabled(3))",
        ..SERVICE
    },
    SignalSpec {
        name: "service.timer_overdue",
        unit: "seconds",
        scale: limited(0.0, 8_640.0, 43_200.0, 86_400.0),
        forecast: false,
        source: "a whole run missed",
        ..SERVICE
    },
    SignalSpec {
        name: "service.running",
        unit: "processes",
        scale: limited(1.0, 0.5, 0.25, 0.0),
        source: "no such process runs",
        ..SERVICE
    },
];
