//! One host as its row shows it.

use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::hosts::HostRow;
use nearmiss_store::requests::AskedRow;

use crate::pages::part::strip::SILENT_AFTER;
use crate::pages::when::{self, When};

/// A row of the page.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub id: HostId,
    pub name: String,
    /// Client, and site where it has one.
    pub place: String,
    pub version: String,
    /// `None`: never heard.
    pub seen: Option<When>,
    pub silent: bool,
    pub maintenance: Maintenance,
    pub may_act: bool,
}

/// Whether people are paged for a host, and what it was asked last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Maintenance {
    None,
    /// The window runs.
    Until(When),
    /// The host has not answered yet.
    Asked(When),
    /// It does not obey, and why.
    Refused(String),
}

impl Host {
    pub(super) fn new(row: &HostRow, asked: Option<&AskedRow>, may_act: bool, now: Timestamp) -> Self {
        let site = row.site_name.as_ref().map(|site| format!(" · {site}")).unwrap_or_default();
        Self {
            id: row.id,
            name: row.name.clone(),
            place: format!("{}{site}", row.client_name),
            version: row.agent_version.clone(),
            seen: row.last_seen_at.map(|at| When::new(at, now)),
            silent: now.since(row.last_seen_at.unwrap_or(row.enrolled_at)) > SILENT_AFTER,
            maintenance: Maintenance::new(row.maintenance_until, asked, now),
            may_act,
        }
    }
}

impl Maintenance {
    /// What was asked is told until it has come to its own end.
    fn new(until: Option<Timestamp>, asked: Option<&AskedRow>, now: Timestamp) -> Self {
        let asked = asked.filter(|asked| asked.expires_at > now);
        match (asked, until.filter(|until| *until > now)) {
            (Some(asked), _) if asked.state == "open" => Self::Asked(When::new(asked.expires_at, now)),
            (_, Some(until)) => Self::Until(When::new(until, now)),
            (Some(asked), None) if asked.state != "done" => Self::Refused(when::humane(&asked.detail)),
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Span;
    use serde_json::Value;

    use super::*;
    use crate::pages::sample::NOW;

    fn asked(state: &str, hours: i64) -> AskedRow {
        AskedRow {
            host: HostId::from_parts(NOW, [1; 10]),
            state: state.to_owned(),
            detail: "[accept] forbids it".to_owned(),
            data: Value::Null,
            expires_at: NOW.plus(Span::from_hours(hours)),
        }
    }

    #[test]
    fn a_row_says_what_holds_and_what_was_asked_last() {
        let at = |hours| NOW.plus(Span::from_hours(hours));
        let when = |hours| When::new(at(hours), NOW);
        let refused = || Maintenance::Refused("[accept] forbids it".to_owned());
        for (until, last, expected) in [
            (None, None, Maintenance::None),
            (Some(2), None, Maintenance::Until(when(2))),
            (Some(-1), None, Maintenance::None),
            (None, Some(asked("open", 3)), Maintenance::Asked(when(3))),
            (Some(2), Some(asked("open", 3)), Maintenance::Asked(when(3))),
            (None, Some(asked("open", -1)), Maintenance::None),
            (Some(3), Some(asked("done", 3)), Maintenance::Until(when(3))),
            (None, Some(asked("refused", 3)), refused()),
            (Some(2), Some(asked("refused", 3)), Maintenance::Until(when(2))),
            (None, Some(asked("refused", -1)), Maintenance::None),
        ] {
            let found = Maintenance::new(until.map(at), last.as_ref(), NOW);
            assert_eq!(found, expected, "{until:?} {last:?}");
        }
    }
}
