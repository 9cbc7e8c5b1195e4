//! Where a `[[container]]` rule finds its runtime, and how many restarts are too many.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::TableLike;

pub(super) const KEYS: &[&str] = &["socket", "restarts", "window"];

/// What differs from a runtime that is found by itself and from the shipped limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerRule {
    /// Another runtime's socket, by its absolute path.
    pub socket: Option<String>,
    /// Of containers whose policy sets no limit: so many restarts within the window are the failure.
    pub restarts: Option<u32>,
    pub window: Option<Span>,
}

impl ContainerRule {
    /// Reads it; with faults where it is wrong.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<Self> {
        let socket = reader.parsed(entry, "socket", |text| {
            let is_path = text.starts_with('/') && !text.contains(|letter: char| letter.is_control());
            is_path
                .then(|| text.to_owned())
                .ok_or("an absolute path, such as \"/run/user/1000/podman/podman.sock\"")
        });
        let restarts = reader.integer(entry, "restarts", 1..1001).and_then(|count| u32::try_from(count).ok());
        let window = reader.span(entry, "window", false);
        let rule = Self { socket, restarts, window };
        (rule != Self::default()).then_some(rule)
    }
}
