//! What a `[[log]]` rule counts.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use crate::proximity::Limits;
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &["pattern", "count", "window", "distinct", "by"];

/// Matches of a pattern within a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRule {
    pub pattern: String,
    /// Matches (or distinct values) within the window that are the failure limit.
    pub count: u32,
    pub window: Span,
    /// Count the distinct values of this named group instead of lines.
    pub distinct: Option<String>,
    /// Count apart for each value of this named group, which becomes the subject.
    pub by: Option<String>,
}

impl LogRule {
    /// Reads it; with faults where it is wrong.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        entry: &dyn TableLike,
        at: At,
        enabled: bool,
    ) -> Option<Self> {
        let pattern = reader.string(entry, "pattern");
        if enabled && entry.get("pattern").is_none() {
            reader.fault(at, "[[log]] has no `pattern`", "a regular expression (Rust regex syntax)");
        }
        let groups = pattern.as_ref().and_then(|text| match regex::bytes::Regex::new(text) {
            Ok(regex) => Some(regex.capture_names().flatten().map(str::to_owned).collect::<Vec<_>>()),
            Err(fault) => {
                let at = entry.get("pattern").and_then(Item::span);
                let why = fault.to_string().lines().last().unwrap_or_default().trim().to_owned();
                reader.fault(
                    at,
                    format!("`pattern` is no regular expression: {why}"),
                    "Rust regex syntax is expected",
                );
                None
            }
        });
        let group = |reader: &mut Reader<'_>, key: &str| {
            let named = reader.string(entry, key)?;
            if groups.as_ref().is_some_and(|groups| !groups.contains(&named)) {
                let at = entry.get(key).and_then(Item::span);
                reader.fault(
                    at,
                    format!("`{key}` names no group `{named}`"),
                    format!("put (?P<{named}>...) into the pattern"),
                );
            }
            Some(named)
        };
        let distinct = group(reader, "distinct");
        let by = group(reader, "by");
        let count = reader.integer(entry, "count", 1..1_000_001).unwrap_or(10);
        let window = reader.span(entry, "window", false).unwrap_or(Span::from_minutes(10));
        Some(Self { pattern: pattern?, count: u32::try_from(count).unwrap_or(10), window, distinct, by })
    }

    /// Near at half of the count, critical at four fifths.
    pub(super) fn levels(&self) -> Limits {
        let count = f64::from(self.count);
        Limits::new(0.0, (count / 2.0).ceil(), (count * 0.8).ceil(), count)
    }
}
