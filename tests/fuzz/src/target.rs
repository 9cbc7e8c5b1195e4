//! The targets, a file a kind of input.

mod cluster;
mod history;
mod host;
mod log;
mod metrics;
mod plugin;
mod rules;
mod security;
mod smart;
mod trust;
mod wire;

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    security::HOST,
    smart::REPORT,
    smart::SCAN,
    host::PROC,
    host::CLOCK,
    host::LOGINS,
    cluster::ARRAYS,
    cluster::POWER,
    cluster::CONTAINERS,
    history::FRAMES,
    log::LINES,
    log::JOURNAL,
    log::SERIES,
    log::DRIVES,
    metrics::EXPOSITION,
    metrics::SELECTOR,
    plugin::OUTPUT,
    plugin::RANGE,
    rules::RULES,
    rules::CONFIG,
    rules::WORDS,
    trust::CERTIFICATE,
    trust::SUMS,
    wire::EVENTS,
    wire::SIGNATURE,
    wire::BUNDLE,
];

/// The input as text, as the parsers of text get it.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
