//! Values of a Prometheus exporter: the rule says what they are and where they fail.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

pub(super) const SIGNALS: &[SignalSpec] = &[SignalSpec {
    name: "metrics.value",
    table: Table::Metrics,
    unit: "",
    category: Category::Service,
    // Every rule that declares one brings its own levels.
    scale: limited(0.0, 0.7, 0.9, 1.0),
    interval: Some(Span::from_seconds(30)),
    confirm: 3,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the rule's limit",
}];
