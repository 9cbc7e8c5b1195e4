//! What a `[[security]]` rule says: that a change was meant.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Timestamp;
use serde::Serialize;
use toml_edit::TableLike;

pub(super) const KEYS: &[&str] = &["accepted"];

/// A person's word for what deviates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecurityRule {
    /// What is there at the first look after this instant is as it should be.
    pub accepted: Timestamp,
}

impl SecurityRule {
    /// Reads it; `None` where the rule only judges.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<Self> {
        let accepted = reader.parsed(entry, "accepted", |text| {
            text.parse::<Timestamp>().map_err(|_| "an instant is expected, such as \"2026-11-25T09:30:00Z\"")
        })?;
        Some(Self { accepted })
    }
}
