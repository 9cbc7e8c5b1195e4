//! What a `[[plugin]]` rule runs.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &["command", "timeout"];

/// A run may take no longer than this, whatever the rule says.
const LONGEST: Span = Span::from_minutes(10);

/// A Monitoring Plugin with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginRule {
    /// The program by its absolute path, then its arguments; no shell sees them.
    pub command: Vec<String>,
    pub timeout: Span,
}

impl PluginRule {
    /// Reads it; with faults where it is wrong. A rule without a command only judges what others run, by `match`.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        entry: &dyn TableLike,
        at: At,
        enabled: bool,
    ) -> Option<Self> {
        const RIGHT: &str = "the program's absolute path, then its arguments, such as \
                             [\"/usr/lib/nagios/plugins/check_load\", \"-w\", \"5\", \"-c\", \"10\"]";
        let command = reader.strings(entry, "command");
        if enabled && !entry.contains_key("command") && !entry.contains_key("match") {
            reader.fault(at, "[[plugin]] has no `command`", RIGHT);
        }
        let timeout = reader.span(entry, "timeout", false).unwrap_or(Span::from_seconds(30));
        if timeout > LONGEST {
            let place = entry.get("timeout").and_then(Item::span);
            reader.fault(place, format!("`timeout` is {timeout}"), format!("at most {LONGEST}"));
        }
        let command = command?;
        if !command.first().is_some_and(|program| program.starts_with('/')) {
            reader.fault(
                entry.get("command").and_then(Item::span),
                match command.first() {
                    Some(program) => format!("`command` begins with {program:?}, which is no absolute path"),
                    None => "`command` is empty".to_owned(),
                },
                RIGHT,
            );
        }
        Some(Self { command, timeout })
    }
}
