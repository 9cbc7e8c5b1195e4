//! Endpoints: how long an answer takes, and failures left before one counts as down.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const ENDPOINT: SignalSpec = SignalSpec {
    name: "endpoint.latency",
    table: Table::Endpoint,
    unit: "seconds",
    category: Category::Service,
    scale: limited(0.0, 2.5, 4.0, 5.0),
    // While nothing answers there is nothing to measure: `attempts_left` tells of that, silence here does not.
    interval: None,
    confirm: 3,
    hold: Span::from_minutes(30),
    forecast: false,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the rule's timeout",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    ENDPOINT,
    SignalSpec {
        name: "endpoint.attempts_left",
        unit: "attempts",
        scale: limited(3.0, 1.2, 0.6, 0.0),
        interval: Some(Span::from_seconds(30)),
        confirm: 1,
        source: "the rule's attempts",
        ..ENDPOINT
    },
];
