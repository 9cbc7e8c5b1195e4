//! Containers: restarts left, health checks left, and ends that nobody asked for.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const CONTAINER: SignalSpec = SignalSpec {
    name: "container.restarts_left",
    table: Table::Container,
    unit: "restarts",
    category: Category::Service,
    scale: limited(5.0, 2.0, 1.0, 0.0),
    interval: Some(Span::from_seconds(15)),
    confirm: 1,
    hold: Span::from_minutes(30),
    forecast: true,
    horizon: Span::from_hours(1),
    response: Span::from_minutes(30),
    source: "the container's restart policy, or the rule's restarts",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    CONTAINER,
    SignalSpec {
        name: "container.health_left",
        unit: "checks",
        scale: limited(3.0, 1.5, 0.9, 0.0),
        forecast: false,
        source: "the health check's retries",
        ..CONTAINER
    },
    SignalSpec {
        name: "container.running",
        unit: "flag",
        scale: limited(1.0, 0.5, 0.25, 0.0),
        forecast: false,
        source: "the container ended and nobody asked for it",
        ..CONTAINER
    },
];
