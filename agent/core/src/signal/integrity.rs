//! Data that must not change: files that deviate from what they were or should be.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

pub(super) const SIGNALS: &[SignalSpec] = &[SignalSpec {
    name: "integrity.changed",
    table: Table::Integrity,
    unit: "deviations",
    category: Category::Integrity,
    // One is near at once. How many are a failure is the site's to say: its limit is one more than there are files.
    scale: limited(0.0, 1.0, 1.0, 2.0),
    interval: Some(Span::from_minutes(1)),
    confirm: 1,
    hold: Span::from_minutes(30),
    forecast: false,
    horizon: Span::from_hours(1),
    response: Span::from_hours(4),
    source: "every declared file deviates",
}];
