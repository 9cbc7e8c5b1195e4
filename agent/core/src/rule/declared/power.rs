//! What a `[[power]]` rule asks for, and how long a shutdown takes.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

pub(super) const KEYS: &[&str] = &["ups", "apcupsd", "shutdown"];

/// A supply that is asked for by name, or found by itself; and what it must still carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PowerRule {
    pub supply: Option<Supply>,
    /// How long an orderly shutdown takes.
    pub shutdown: Option<Span>,
}

/// A supply behind a server of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// `NAME@HOST[:PORT]`, as `upsc` takes it.
    Nut(String),
    /// `HOST[:PORT]`, as `apcaccess -h` takes it.
    Apcupsd(String),
}

impl Supply {
    pub fn subject(&self) -> &str {
        match self {
            Self::Nut(name) | Self::Apcupsd(name) => name,
        }
    }
}

impl PowerRule {
    /// Reads it; with faults where it is wrong.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<Self> {
        let nut = reader.parsed(entry, "ups", |text| address(text, true)).map(Supply::Nut);
        let apcupsd = reader.parsed(entry, "apcupsd", |text| address(text, false)).map(Supply::Apcupsd);
        if let (Some(_), Some(_)) = (&nut, &apcupsd) {
            let at = entry.get("apcupsd").and_then(Item::span);
            reader.fault(at, "`ups` and `apcupsd` in one rule", "a rule is for one supply: write two");
        }
        let shutdown = reader.span(entry, "shutdown", false);
        let supply = nut.or(apcupsd);
        (supply.is_some() || shutdown.is_some()).then_some(Self { supply, shutdown })
    }
}

/// A word that no program takes for an option.
fn address(text: &str, named: bool) -> Result<String, &'static str> {
    let is_word = !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|letter| letter.is_ascii_graphic())
        && text.len() <= 200;
    match is_word {
        true if named => Ok(text.to_owned()),
        true if !text.contains('@') => Ok(text.to_owned()),
        _ if named => Err("such as \"rack1@ups-server:3493\""),
        _ => Err("such as \"ups-server:3551\""),
    }
}
