//! Monitoring Plugins: what the plugin says, and each value it tells with its ranges.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const PLUGIN: SignalSpec = SignalSpec {
    name: "plugin.value",
    table: Table::Plugin,
    unit: "",
    category: Category::Service,
    // Each value brings its own levels.
    scale: limited(0.0, 0.7, 0.9, 1.0),
    interval: Some(Span::from_minutes(1)),
    confirm: 3,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the plugin's critical range",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    PLUGIN,
    SignalSpec {
        name: "plugin.state",
        unit: "state",
        scale: limited(0.0, 1.0, 1.5, 2.0),
        forecast: false,
        source: "the plugin says CRITICAL",
        ..PLUGIN
    },
];
