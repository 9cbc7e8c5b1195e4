//! The timeline as people read it: who, when, what, and whether the chain is whole.

use nearmiss_case::chain::{Payload, Sealed, verify};
use nearmiss_case::entry::What;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::cases::TimelineRow;

use crate::pages::when::{self, When};
use crate::pages::words::{Said, count};

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub sequence: u64,
    pub when: When,
    pub actor: String,
    pub text: String,
    pub erased: bool,
}

/// Newest first: what happened last is what is asked for.
pub(crate) fn lines(rows: Vec<TimelineRow>, now: Timestamp) -> Vec<Line> {
    let line = |row: TimelineRow| Line {
        sequence: row.sequence,
        when: When::new(row.at, now),
        actor: row.actor,
        erased: row.what.is_none(),
        text: row
            .what
            .as_ref()
            .map_or_else(|| "This entry's text was erased by rule; its hash remains.".to_owned(), text),
    };
    rows.into_iter().rev().map(line).collect()
}

/// The engine's own text, without ids, hashes and underscores where a page can say it better.
fn text(what: &What) -> String {
    match what {
        What::Evidence { valid: true, .. } => "Evidence arrived; its signature is valid.".to_owned(),
        What::Evidence { valid: false, .. } => "Evidence arrived; its signature does NOT verify.".to_owned(),
        What::Proposed { verdict, reason, stopped_by, rules, .. } => {
            let rules = if rules.is_empty() { String::new() } else { format!(" {}.", rules.join("; ")) };
            format!(
                "Proposed: {}, because {reason}. Stopped by {}.{rules}",
                verdict.said(),
                stopped_by.said()
            )
        }
        What::Confirmed { verdict, reason } => format!("Confirmed: {}. {reason}", verdict.said()),
        What::Ruled { ruling, reason } => format!("Ruled: {}. {reason}", ruling.replace('_', " ")),
        What::Answered { question } => format!("Answered question {question} of the retrospective."),
        What::Opened { .. } => when::humane(&what.text()),
        other => sentence(&when::humane(&other.text())),
    }
}

/// Begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
    use nearmiss_case::words::{LuckClass, StoppedBy, Verdict};

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
        assert_eq!(text(&proposed), "Proposed: averted, because recovered. Stopped by a monitored response.");
        assert_eq!(text(&What::Acknowledged { comment: String::new() }), "Acknowledged");
        let (words, whole) = chain(&[]);
        assert_eq!((words.as_str(), whole), ("0 entries, hash chain whole", true));
    }
}
