//! What changes on a host before an attacker succeeds: doors, keys, rights, and updates that wait.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use super::{SignalSpec, Table, limited};

/// One deviation is near at once. How many are a failure is the site's to say: the limit is one more than there are things.
const DEVIATIONS: SignalSpec = SignalSpec {
    name: "security.new_listeners",
    table: Table::Security,
    unit: "deviations",
    category: Category::Misconfiguration,
    scale: limited(0.0, 1.0, 1.0, 2.0),
    // Listing the listening sockets, the kernel goes through its table of all connections: some 10 ms each time.
    interval: Some(Span::from_minutes(5)),
    confirm: 1,
    hold: Span::from_minutes(30),
    forecast: false,
    horizon: Span::from_hours(1),
    response: Span::from_hours(4),
    source: "what this host had when it was first looked at, or when a person accepted it",
};

/// They run up by the clock.
const DAYS: SignalSpec = SignalSpec {
    name: "security.update_age",
    unit: "days",
    category: Category::Patch,
    scale: limited(0.0, 14.0, 25.0, 30.0),
    interval: Some(Span::from_hours(1)),
    hold: Span::from_hours(1),
    response: Span::from_hours(24),
    source: "30 days, unless the site's patch policy says otherwise (limit)",
    ..DEVIATIONS
};

pub(super) const SIGNALS: &[SignalSpec] = &[
    DEVIATIONS,
    SignalSpec { name: "security.sshd_drift", ..DEVIATIONS },
    SignalSpec { name: "security.sudo_drift", ..DEVIATIONS },
    SignalSpec { name: "security.privileged_users", category: Category::Login, ..DEVIATIONS },
    SignalSpec { name: "security.authorised_keys", category: Category::Login, ..DEVIATIONS },
    DAYS,
    SignalSpec { name: "security.reboot_required", ..DAYS },
];
