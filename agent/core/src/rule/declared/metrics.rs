//! What a `[[metrics]]` rule asks an exporter for.

use nearmiss_shared::fault::Reader;
use serde::Serialize;
use toml_edit::{Item, TableLike, Value};

use crate::metrics::Selector;
use crate::proximity::Limits;
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &["url", "select", "per", "by", "unit"];

/// Levels that a rule must write: nobody else knows what a metric means.
const LEVELS: [&str; 3] = ["normal", "approach", "limit"];
const MAX_UNIT: usize = 24;

/// A value, or a ratio of two, of an exporter's series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricsRule {
    /// `http://` or `https://`, without credentials.
    pub url: String,
    pub select: Selector,
    /// What each selected series is divided by.
    pub per: Option<Selector>,
    /// Labels that tell the subjects apart; `None` for all that differ, where more than one series matches.
    pub by: Option<Vec<String>>,
    pub unit: String,
    pub levels: Limits,
}

impl MetricsRule {
    /// Reads it; with faults where it is wrong. A rule with none of its keys only judges, by `match`.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        entry: &dyn TableLike,
        at: &At,
        enabled: bool,
    ) -> Option<Self> {
        if !enabled || (entry.contains_key("match") && KEYS.iter().all(|key| !entry.contains_key(key))) {
            return None;
        }
        let url = reader.required(entry, at.clone(), "url", address);
        let select = reader.required(entry, at.clone(), "select", Selector::parse);
        let per = reader.parsed(entry, "per", Selector::parse);
        let by = reader.strings(entry, "by");
        let unit = reader.parsed(entry, "unit", unit);
        for level in LEVELS {
            if !entry.contains_key(level) {
                reader.fault(
                    at.clone(),
                    format!("[[metrics]] has no `{level}`"),
                    "a metric's normal, approach and limit are not known unless the rule tells them",
                );
            }
        }
        let ratio = if per.is_some() { "ratio" } else { "" };
        let levels = levels(entry)?;
        Some(Self {
            url: url?,
            select: select?,
            per,
            by,
            unit: unit.unwrap_or_else(|| ratio.to_owned()),
            levels,
        })
    }
}

fn address(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.contains('@') {
        return Err("an address without a password: it would be told in logs and events");
    }
    if authority.is_empty() || text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err("such as \"http://127.0.0.1:9100/metrics\"");
    }
    Ok(text.to_owned())
}

fn unit(text: &str) -> Result<String, String> {
    let fits = text.chars().count() <= MAX_UNIT && !text.contains(|letter: char| letter.is_control());
    fits.then(|| text.to_owned()).ok_or_else(|| format!("at most {MAX_UNIT} letters, such as \"bytes\""))
}

/// The levels as written; what is no number is told where every rule's levels are read.
fn levels(entry: &dyn TableLike) -> Option<Limits> {
    let number = |key: &str| {
        let value = entry.get(key).and_then(Item::as_value)?;
        Value::as_float(value).or_else(|| value.as_integer().map(|whole| whole as f64))
    };
    let (approach, limit) = (number("approach")?, number("limit")?);
    let critical = number("critical").unwrap_or_else(|| f64::midpoint(approach, limit));
    Some(Limits::new(number("normal")?, approach, critical, limit))
}
