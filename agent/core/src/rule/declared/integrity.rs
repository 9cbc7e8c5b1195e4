//! What an `[[integrity]]` rule guards: files, and what may happen to them.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Timestamp;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use super::{alone, path};
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &["path", "mode", "manifest", "accepted"];

/// Files whose content is guarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntegrityRule {
    /// A file, a folder or a glob.
    pub path: String,
    pub mode: Mode,
    /// What was there at this instant is as it should be: a person's word for a change.
    pub accepted: Option<Timestamp>,
}

/// What may happen to a guarded file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing, since it was first seen.
    Unchanged,
    /// It may grow at its end.
    AppendOnly,
    /// It is what this file of SHA-256 sums says (`sha256sum`).
    Manifest(String),
}

impl IntegrityRule {
    /// Reads it; `None` where the rule names no path and so only judges.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At) -> Option<Self> {
        alone(reader, entry, at.clone(), "path", KEYS);
        let named = reader.parsed(entry, "path", path);
        let manifest = reader.parsed(entry, "manifest", |text| {
            text.starts_with('/').then(|| text.to_owned()).ok_or("an absolute path is expected")
        });
        let shipped = if entry.contains_key("manifest") { "manifest" } else { "unchanged" };
        let mode = reader
            .parsed(entry, "mode", |text| match text {
                "unchanged" | "append-only" | "manifest" => Ok(text.to_owned()),
                _ => Err("\"unchanged\", \"append-only\" or \"manifest\" is expected"),
            })
            .unwrap_or_else(|| shipped.to_owned());
        if (mode == "manifest") != entry.contains_key("manifest") && entry.contains_key("mode") {
            let what = format!("mode {mode:?} and a `manifest` that is not for it");
            reader.fault(at, what, "a manifest for mode \"manifest\", and only for it");
        }
        let accepted = reader.parsed(entry, "accepted", |text| {
            text.parse::<Timestamp>().map_err(|_| "an instant is expected, such as \"2026-11-25T09:30:00Z\"")
        });
        if accepted.is_some() && mode == "manifest" {
            let at = entry.get("accepted").and_then(Item::span);
            reader.fault(at, "`accepted` beside a manifest", "a change is accepted by a new manifest");
        }
        let mode = match (mode.as_str(), manifest) {
            ("append-only", _) => Mode::AppendOnly,
            ("manifest", Some(manifest)) => Mode::Manifest(manifest),
            _ => Mode::Unchanged,
        };
        Some(Self { path: named?, mode, accepted })
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::RuleSet;

    #[test]
    fn every_fault_is_told_at_once() {
        let text = "[[integrity]]\nname = \"a\"\npath = \"cal\"\nmode = \"frozen\"\n\
                    [[integrity]]\nname = \"b\"\npath = \"/cal\"\nmode = \"append-only\"\nmanifest = \"SUMS\"\n\
                    [[integrity]]\nname = \"c\"\npath = \"/cal\"\naccepted = \"yesterday\"\n\
                    [[integrity]]\nname = \"d\"\nmode = \"unchanged\"\n";
        let faults = RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        for expected in [
            "r.toml:3: `path` is \"cal\"; an absolute path or a glob",
            "r.toml:4: `mode` is \"frozen\"; \"unchanged\", \"append-only\" or \"manifest\"",
            "r.toml:5: mode \"append-only\" and a `manifest`",
            "r.toml:9: `manifest` is \"SUMS\"; an absolute path",
            "r.toml:13: `accepted` is \"yesterday\"; an instant",
            "r.toml:14: `mode` without `path`",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {faults:#?}");
        }
        assert_eq!(faults.len(), 6, "{faults:#?}");
    }
}
