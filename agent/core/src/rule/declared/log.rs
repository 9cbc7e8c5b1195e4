//! What a `[[log]]` rule counts.

use std::collections::BTreeMap;

use globset::Glob;
use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use crate::proximity::Limits;
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &[
    "pattern",
    "journal",
    "begins",
    "count",
    "window",
    "distinct",
    "by",
    "over_usual",
    "then",
    "then_after",
];

/// A field's name in the journal is no longer (systemd.journal-fields(7)).
const MAX_FIELD: usize = 64;
/// Fields that one rule asks for.
const MAX_FIELDS: usize = 16;

/// Matches of a pattern within a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogRule {
    pub pattern: String,
    /// Globs over fields of the journal's entries (systemd.journal-fields(7)); with any, nothing but the journal is matched.
    pub journal: BTreeMap<String, String>,
    /// Matches (or distinct values) within the window that are the failure limit.
    pub count: u32,
    pub window: Span,
    /// Count the distinct values of this named group instead of lines.
    pub distinct: Option<String>,
    /// Count apart for each value of this named group, which becomes the subject.
    pub by: Option<String>,
    /// The failure limit is this many times what the host itself usually has in a window, and never below `count`.
    pub over_usual: Option<f64>,
    /// A line on which this matches begins a record; the lines that follow are of it.
    pub begins: Option<String>,
    /// What must not follow.
    pub then: Option<Then>,
}

/// A line that is the failure itself when it comes after enough matches of the same `by`: a success after failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Then {
    pub pattern: String,
    /// Matches within the window from which on it counts.
    pub after: u32,
}

impl LogRule {
    /// Reads it; with faults where it is wrong.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        entry: &dyn TableLike,
        at: At,
        enabled: bool,
    ) -> Option<Self> {
        let (pattern, groups) = expression(reader, entry, "pattern").unzip();
        if enabled && entry.get("pattern").is_none() {
            reader.fault(at, "[[log]] has no `pattern`", "a regular expression (Rust regex syntax)");
        }
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
        let over_usual = reader.number(entry, "over_usual");
        if over_usual.is_some_and(|times| !(1.0..=1_000.0).contains(&times)) {
            let at = entry.get("over_usual").and_then(Item::span);
            reader.fault(
                at,
                "`over_usual` is out of range",
                "how many times the usual count, from 1 to 1000",
            );
        }
        if over_usual.is_some() && by.is_some() {
            let at = entry.get("over_usual").and_then(Item::span);
            reader.fault(
                at,
                "`over_usual` beside `by`",
                "what is usual is of the whole log: count with `distinct` instead",
            );
        }
        let begins = expression(reader, entry, "begins").map(|(text, _)| text);
        if begins.is_some() && !entry.contains_key("match") {
            let at = entry.get("begins").and_then(Item::span);
            reader.fault(at, "`begins` needs `match`", "the file whose records are of several lines");
        }
        let journal = fields(reader, entry);
        let then = Then::read(reader, entry, by.as_deref());
        Some(Self {
            pattern: pattern?,
            journal,
            count: u32::try_from(count).unwrap_or(10),
            window,
            distinct,
            by,
            over_usual,
            begins,
            then,
        })
    }

    /// Near at half of the count, critical at four fifths.
    pub(super) fn levels(&self) -> Limits {
        Self::levels_at(f64::from(self.count))
    }

    /// The same for another count.
    pub(crate) fn levels_at(count: f64) -> Limits {
        Limits::new(0.0, (count / 2.0).ceil(), (count * 0.8).ceil(), count)
    }

    /// The count that is the failure limit where `usual` is what the host has in a window; `None` where the rule does not ask.
    pub(crate) fn count_over(&self, usual: f64) -> Option<f64> {
        let limit = (usual * self.over_usual?).ceil();
        Some(limit.max(f64::from(self.count)))
    }
}

impl Then {
    fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, by: Option<&str>) -> Option<Self> {
        let after = reader.integer(entry, "then_after", 1..1_000_001).unwrap_or(1);
        let (pattern, groups) = expression(reader, entry, "then")?;
        let at = entry.get("then").and_then(Item::span);
        match by {
            None => reader.fault(at, "`then` needs `by`", "what both lines are about, like an address"),
            Some(by) if !groups.iter().any(|group| group == by) => {
                let mend = format!("put (?P<{by}>...) into it as well");
                reader.fault(at, format!("`then` has no group `{by}`, which `by` names"), mend);
            }
            Some(_) => {}
        }
        Some(Self { pattern, after: u32::try_from(after).unwrap_or(1) })
    }
}

/// The fields that an entry of the journal must have, by the globs of their values.
fn fields(reader: &mut Reader<'_>, entry: &dyn TableLike) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let Some(table) = reader.table(entry, "journal") else { return fields };
    for (name, item) in table.iter() {
        let is_name = name.len() <= MAX_FIELD && name.starts_with(|first: char| !first.is_ascii_digit());
        let is_letter =
            |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        if !is_name || name.is_empty() || !name.chars().all(is_letter) {
            let mend = "as `journalctl --output=verbose` shows them, like PRIORITY or _UID";
            reader.fault(item.span(), format!("`{name}` is no field of the journal"), mend);
            continue;
        }
        let glob = |text: &str| Glob::new(text).map(|_| text.to_owned()).map_err(|_| "a glob of its values");
        fields.extend(reader.parsed(table, name, glob).map(|glob| (name.to_owned(), glob)));
    }
    if fields.len() > MAX_FIELDS {
        let at = entry.get("journal").and_then(Item::span);
        reader.fault(
            at,
            format!("more than {MAX_FIELDS} fields"),
            "the few that tell these entries from others",
        );
    }
    fields
}

/// A regular expression with the names of its groups; with a fault where it is none.
fn expression(reader: &mut Reader<'_>, entry: &dyn TableLike, key: &str) -> Option<(String, Vec<String>)> {
    let text = reader.string(entry, key)?;
    match regex::bytes::Regex::new(&text) {
        Ok(regex) => {
            let groups = regex.capture_names().flatten().map(str::to_owned).collect();
            Some((text, groups))
        }
        Err(fault) => {
            let at = entry.get(key).and_then(Item::span);
            let why = fault.to_string().lines().last().unwrap_or_default().trim().to_owned();
            reader.fault(
                at,
                format!("`{key}` is no regular expression: {why}"),
                "Rust regex syntax is expected",
            );
            None
        }
    }
}
