//! What a recovered case is proposed to have been, and which confirmations are forbidden (domain.md 1.4, Layer B).

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;

use crate::case::Case;
use crate::words::{Ruling, Verdict};

/// The system's proposal for a case in its present physical state, with the reason.
pub fn propose(case: &Case) -> (Option<Verdict>, String) {
    if case.drill.is_some() {
        return (Some(Verdict::Drill), "it was announced as a drill, with made-up readings".to_owned());
    }
    if case.episodes.iter().any(|episode| episode.breached_at.is_some()) {
        return (Some(Verdict::BecameIncident), "the failure limit was reached".to_owned());
    }
    match case.physical {
        Physical::Recovered | Physical::Normal => recovered(case),
        Physical::Standing => (Some(Verdict::StandingHazard), "near, known, and not moving".to_owned()),
        Physical::Receding => (None, receding(case.turned_at())),
        _ => (None, "still running".to_owned()),
    }
}

/// Back, as long as it stays back. How long the rule asks for is the host's to know.
pub fn receding(since: Option<Timestamp>) -> String {
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    format!("back{since}; judged when it has stayed back for the rule's hold")
}

/// AVERTED needs evidence of absence: probed, covered, and ruled on where security asks for it.
fn recovered(case: &Case) -> (Option<Verdict>, String) {
    let doubt = |why: String| (Some(Verdict::Undetermined), why);
    if !has_consequence_probe(case) {
        return doubt("no probe of the consequence runs for this signal".to_owned());
    }
    if case.measures.proximity_peak.is_none_or(|peak| peak >= 1.0 && !case.measures.ordinal) {
        return doubt("the closest point is not known to lie short of failure".to_owned());
    }
    let Some(episode) = case.episodes.last() else { return doubt("no episode was seen".to_owned()) };
    let length = episode.recovered_at.map_or(Span::ZERO, |end| end.since(episode.opened_at)).as_seconds();
    if length > 0.0 && episode.dark_seconds / length > 0.05 {
        let covered = 100.0 * (1.0 - episode.dark_seconds / length);
        return doubt(format!("samples cover {covered:.0} % of the time, 95 % are asked"));
    }
    if case.category.is_security() && case.ruling != Some(Ruling::NoCompromise) {
        return doubt("the Security Lead has not ruled that nothing was compromised".to_owned());
    }
    (
        Some(Verdict::Averted),
        "recovered short of failure, with every sample read and the consequence probe passed".to_owned(),
    )
}

/// Signals whose own samples show that the consequence did not come: every one was read and short of the limit.
fn has_consequence_probe(case: &Case) -> bool {
    ["filesystem.", "service.", "disk.", "log."].iter().any(|table| case.signal.starts_with(table))
}

/// Why `verdict` may not be confirmed; `None` when it may.
pub fn forbids(case: &Case, verdict: Verdict, reason: &str) -> Option<(&'static str, String)> {
    let breached = case.episodes.iter().any(|episode| episode.breached_at.is_some());
    match verdict {
        _ if breached && verdict != Verdict::BecameIncident => {
            Some(("BECAME_INCIDENT is sticky", "the failure limit was reached".to_owned()))
        }
        Verdict::Averted if case.proposed != Some(Verdict::Averted) => {
            Some(("AVERTED needs evidence of absence", propose(case).1))
        }
        Verdict::FalseAlarm if reason.trim().is_empty() => Some((
            "FALSE_ALARM needs a reason",
            "say what was wrong: sensor, threshold, planned work, duplicate".to_owned(),
        )),
        Verdict::Drill if case.drill.is_none() => {
            Some(("DRILL is announced before it opens", "this case was opened by a real signal".to_owned()))
        }
        _ => None,
    }
}
