//! Which hosts a rule is for, so that one `rules.d` can be rolled out to a whole fleet unchanged.
//!
//! `host = "lab-*"` is a glob over the host's name, whatever its case; `labels = { tier = "calibration" }` holds globs
//! over the host's own labels, those of `[labels]` in its `agent.toml`. All that is written must match; a rule that
//! writes neither is for every host. What a rule is about on a host is chosen by `match`, not here.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use jiff::tz::TimeZone;
use nearmiss_shared::fault::Reader;
use toml_edit::{Item, TableLike};

/// The keys of a rule, or of a window, that say which hosts it is for.
pub(super) const KEYS: [&str; 2] = ["host", "labels"];

/// The host that rules are resolved for.
#[derive(Clone, Debug)]
pub struct Here {
    /// As hostname(1) prints it.
    pub name: String,
    /// The host's own labels.
    pub labels: BTreeMap<String, String>,
    /// The zone of its clock on the wall.
    pub zone: TimeZone,
}

/// The hosts a rule is for; every one by default.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    host: Option<GlobMatcher>,
    labels: BTreeMap<String, GlobMatcher>,
}

impl Scope {
    /// Whether the rule is for this host.
    pub fn covers(&self, here: &Here) -> bool {
        let named = self.host.as_ref().is_none_or(|glob| glob.is_match(&here.name));
        let labelled = |(name, glob): (&String, &GlobMatcher)| {
            here.labels.get(name).is_some_and(|value| glob.is_match(value))
        };
        named && self.labels.iter().all(labelled)
    }

    /// Whether it is for every host.
    pub fn is_everywhere(&self) -> bool {
        self.host.is_none() && self.labels.is_empty()
    }

    /// `host` and `labels` of a table; what is wrong is told.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Self {
        let host = entry.get("host").and_then(|item| pattern(reader, "host", item));
        let mut labels = BTreeMap::new();
        if let Some(table) = reader.table(entry, "labels") {
            for (name, item) in table.iter() {
                labels.extend(pattern(reader, name, item).map(|glob| (name.to_owned(), glob)));
            }
        }
        Self { host, labels }
    }

    fn texts(&self) -> (Option<&str>, Vec<(&str, &str)>) {
        let labels = self.labels.iter().map(|(name, glob)| (name.as_str(), glob.glob().glob())).collect();
        (self.host.as_ref().map(|glob| glob.glob().glob()), labels)
    }
}

/// Written the same.
impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

fn pattern(reader: &mut Reader<'_>, key: &str, item: &Item) -> Option<GlobMatcher> {
    let Some(text) = item.as_str() else {
        reader.fault(item.span(), format!("`{key}` is {}", item.type_name()), "a string is expected");
        return None;
    };
    match GlobBuilder::new(text).case_insensitive(true).build() {
        Ok(glob) => Some(glob.compile_matcher()),
        Err(fault) => {
            let what = format!("`{key}` is no glob: {}", fault.kind());
            reader.fault(item.span(), what, "such as \"lab-*\"");
            None
        }
    }
}
