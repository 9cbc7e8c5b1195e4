//! Certificates: days until the first of a chain ends, and a chain that was trusted and is no more.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

const CERTIFICATE: SignalSpec = SignalSpec {
    name: "certificate.days_left",
    table: Table::Certificate,
    unit: "days",
    category: Category::Certificate,
    scale: limited(60.0, 20.0, 7.0, 0.0),
    interval: Some(Span::from_hours(1)),
    confirm: 1,
    hold: Span::from_hours(24),
    // It runs down by the clock: the end is known, not forecast.
    forecast: false,
    horizon: Span::from_days(6),
    response: Span::from_hours(24),
    source: "notAfter of the certificate",
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    CERTIFICATE,
    SignalSpec {
        name: "certificate.trust",
        unit: "flag",
        scale: limited(1.0, 0.5, 0.25, 0.0),
        hold: Span::from_hours(1),
        response: Span::from_hours(1),
        source: "clients refuse a chain that this host's authorities do not vouch for",
        ..CERTIFICATE
    },
];
