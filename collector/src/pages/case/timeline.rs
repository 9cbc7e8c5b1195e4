//! The timeline as people read it: who, when, what, and whether the chain is whole.

use nearmiss_case::chain::{Payload, Sealed, verify};
use nearmiss_case::entry::What;
use nearmiss_case::words::Verdict;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::cases::TimelineRow;

use crate::pages::when::{self, When};
use crate::pages::words::{Said, count, sentence};

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub sequence: u64,
    /// When it happened: by the host's clock, where the collector heard of it later.
    pub when: When,
    /// `arrived 2 h later`.
    pub arrived: Option<String>,
    pub actor: String,
    pub text: String,
    pub erased: bool,
}

/// Newest first: what happened last is what is asked for.
pub(crate) fn lines(rows: Vec<TimelineRow>, now: Timestamp) -> Vec<Line> {
    rows.into_iter().rev().map(|row| line(row, now)).collect()
}

fn line(row: TimelineRow, now: Timestamp) -> Line {
    let late = row.what.as_ref().and_then(|what| what.late(row.at));
    Line {
        sequence: row.sequence,
        when: When::new(late.map_or(row.at, |(observed, _)| observed), now),
        arrived: late.map(|(_, later)| format!("arrived {} later", when::span(later.as_seconds()))),
        erased: row.what.is_none(),
        text: row.what.as_ref().map_or_else(
            || "This entry's text was erased by rule; its hash remains.".to_owned(),
            |what| text(what, &row.actor),
        ),
        actor: row.actor,
    }
}

/// The reason of the newest confirmation; empty where none was given.
pub(crate) fn confirmed_because(rows: &[TimelineRow]) -> String {
    let reason = |row: &TimelineRow| match &row.what {
        Some(What::Confirmed { reason, .. } | What::CalledFalse { reason, .. }) => Some(reason.clone()),
        _ => None,
    };
    rows.iter().rev().find_map(reason).unwrap_or_default()
}

/// The engine's own text, without ids, hashes and underscores where a page can say it better.
fn text(what: &What, actor: &str) -> String {
    match what {
        What::Evidence { valid: true, .. } => "Evidence arrived; its signature is valid.".to_owned(),
        What::Evidence { valid: false, .. } => "Evidence arrived; its signature does NOT verify.".to_owned(),
        What::Proposed { verdict: Verdict::Drill, reason, .. } => {
            format!("Proposed: drill, because {reason}.")
        }
        What::Proposed { verdict, reason, stopped_by, rules, .. } => {
            let rules = if rules.is_empty() { String::new() } else { format!(" {}.", rules.join("; ")) };
            format!(
                "Proposed: {}, because {reason}. Stopped by {}.{rules}",
                verdict.said(),
                stopped_by.said()
            )
        }
        What::Confirmed { verdict, reason } => format!("Confirmed: {}. {reason}", verdict.said()),
        What::LuckSaid { stopped_by, luck, was_stopped_by, was_luck, reason, .. } => format!(
            "Said that it was stopped by {} (luck: {luck}), where {} (luck: {was_luck}) stood before: {reason}",
            stopped_by.said(),
            was_stopped_by.said()
        ),
        What::Ruled { ruling, reason } => format!("Ruled: {}. {reason}", ruling.replace('_', " ")),
        What::Answered { question } => format!("Answered question {question} of the retrospective."),
        // The host is named beside the line.
        What::Opened { .. } => {
            let told = when::humane(&what.text());
            told.strip_prefix(&format!("{actor}: ")).map(str::to_owned).unwrap_or(told)
        }
        // A person's own words keep their first letter.
        What::Note { .. } | What::Mitigated { .. } | What::MitigationEnded { .. } => {
            when::humane(&what.text())
        }
        other => sentence(&when::humane(&other.text())),
    }
}

/// `12 entries, hash chain whole`, or what is wrong with it.
pub(crate) fn chain(entries: &[(Sealed, Payload)]) -> (String, bool) {
    let faults = verify(entries);
    let length = count(entries.len(), "entry", "entries");
    match faults.first() {
        None => (format!("{length}, hash chain whole"), true),
        Some(first) => (format!("{length}, hash chain broken: {first}"), false),
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_case::words::{LuckClass, StoppedBy};
    use nearmiss_shared::time::Span;

    use super::*;

    #[test]
    fn a_line_says_it_in_plain_words() {
        let proposed = What::Proposed {
            verdict: Verdict::Averted,
            reason: "recovered".into(),
            stopped_by: StoppedBy::MonitoredResponse,
            luck: LuckClass::None,
            rules: Vec::new(),
        };
        assert_eq!(
            text(&proposed, "nearmiss"),
            "Proposed: averted, because recovered. Stopped by a monitored response."
        );
        assert_eq!(
            text(&What::Acknowledged { comment: String::new(), observed_at: None }, "Sana"),
            "Acknowledged"
        );
        assert_eq!(text(&What::note("iSCSI path lost".into()), "Sana"), "iSCSI path lost");
        let opened = What::Opened {
            title: "vm: /tmp filling".into(),
            track: "brief".into(),
            track_reason: "not converging".into(),
            reasons: vec!["1.0 % free".into()],
            drill: None,
            observed_at: None,
        };
        assert_eq!(text(&opened, "vm"), "/tmp filling. 1.0 % free. Track brief: not converging");
        let drill = What::Proposed {
            verdict: Verdict::Drill,
            reason: "announced".into(),
            stopped_by: StoppedBy::HumanVigilance,
            luck: LuckClass::None,
            rules: Vec::new(),
        };
        assert_eq!(text(&drill, "nearmiss"), "Proposed: drill, because announced.");
        let (words, whole) = chain(&[]);
        assert_eq!((words.as_str(), whole), ("0 entries, hash chain whole", true));
    }

    #[test]
    fn what_arrived_late_stands_at_the_time_it_happened() {
        let now = crate::pages::sample::NOW;
        let row = |observed: Timestamp| TimelineRow {
            sequence: 1,
            at: now.minus(Span::from_minutes(10)),
            actor: "vm".into(),
            kind: "note".into(),
            what: Some(What::Note { text: "moved the archive".into(), observed_at: Some(observed) }),
            hash: String::new(),
            previous_hash: String::new(),
        };
        let late = &lines(vec![row(now.minus(Span::from_minutes(130)))], now)[0];
        assert_eq!(late.arrived.as_deref(), Some("arrived 2 h later"));
        assert!(late.when.to_string().contains("2 h 10 min ago"), "{}", late.when);
        let soon = &lines(vec![row(now.minus(Span::from_minutes(11)))], now)[0];
        assert_eq!(soon.arrived, None);
        assert!(soon.when.to_string().contains("10 min ago"), "{}", soon.when);
    }
}
