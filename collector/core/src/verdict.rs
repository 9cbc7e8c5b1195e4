//! What a recovered case is proposed to have been, and which confirmations are forbidden (domain.md 1.4, Layer B).

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, Physical};

use crate::case::{Case, Episode};
use crate::words::{Ruling, Verdict};

/// Percent of an episode that samples must cover before its case may be called averted.
const COVERAGE: f64 = 95.0;

/// The system's proposal for a case in its present physical state, with the reason.
pub fn propose(case: &Case) -> (Option<Verdict>, String) {
    if case.drill.is_some() {
        return (Some(Verdict::Drill), "it was announced as a drill, with made-up readings".to_owned());
    }
    if has_failed(case) {
        return (Some(Verdict::BecameIncident), "the failure limit was reached".to_owned());
    }
    if has_crashed(case) {
        let why =
            "the host went down without an orderly shutdown while this was near: say whether anything failed";
        return (Some(Verdict::BecameIncident), why.to_owned());
    }
    match case.physical {
        Physical::Recovered | Physical::Normal | Physical::Restored => recovered(case),
        Physical::Standing => (Some(Verdict::StandingHazard), "near, known, and not moving".to_owned()),
        _ => (None, not_over(case)),
    }
}

/// What a case that is not judged yet waits for.
pub fn not_over(case: &Case) -> String {
    match case.physical {
        Physical::Receding => receding(case.turned_at(), case.judged_at()),
        _ if case.drill.is_some() => "the drill is still running".to_owned(),
        _ => "still running".to_owned(),
    }
}

/// Back, as long as it stays back: a return above reset, or a silence, begins the hold anew.
pub fn receding(since: Option<Timestamp>, judged: Option<Timestamp>) -> String {
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    match judged {
        Some(judged) => format!("back{since}; judged at {judged} at the soonest, if it stays back"),
        None => format!("back{since}; judged when it has stayed back for the rule's hold"),
    }
}

/// AVERTED needs evidence of absence: looked for, covered, and ruled on where security asks for it.
fn recovered(case: &Case) -> (Option<Verdict>, String) {
    match averted(case) {
        Ok(why) => (Some(Verdict::Averted), why),
        Err(doubt) => (Some(Verdict::Undetermined), doubt),
    }
}

fn averted(case: &Case) -> Result<String, String> {
    let absence = absence(case)?;
    if case.measures.proximity_peak.is_none_or(|peak| peak >= 1.0 && !case.measures.ordinal) {
        return Err("the closest point is not known to lie short of failure".to_owned());
    }
    let episode = case.episodes.last().ok_or("no episode was seen")?;
    let covered = covered(episode);
    if covered < COVERAGE {
        return Err(format!("samples cover {} % of the time, {COVERAGE} % are asked", covered.floor()));
    }
    Ok(format!("recovered short of failure: samples cover {} % of the time, and {absence}", covered.floor()))
}

/// Percent of the episode in which samples were read.
fn covered(episode: &Episode) -> f64 {
    let length = episode.recovered_at.map_or(Span::ZERO, |end| end.since(episode.opened_at)).as_seconds();
    if length > 0.0 { 100.0 * (1.0 - episode.dark_seconds / length) } else { 100.0 }
}

/// What shows that the consequence did not come, in words; the doubt where nothing does.
fn absence(case: &Case) -> Result<&'static str, &'static str> {
    let ruled = case.ruling == Some(Ruling::NoCompromise);
    let retired = case.episodes.last().is_some_and(|last| last.retired_at.is_some());
    if case.category.is_security() && !ruled {
        return Err("the Security Lead has not ruled that nothing was compromised");
    }
    match case.signal.split('.').next() {
        Some("filesystem") => Ok("none that was read found it full or read-only"),
        Some("service") => Ok("none that was read found the unit failed"),
        Some("disk") if retired => Ok("it was taken out of service before it failed"),
        _ if case.category == Category::Login => Ok("the Security Lead ruled that nothing was compromised"),
        _ => Err("no probe of the consequence runs for this signal"),
    }
}

/// Why `verdict` may not be confirmed; `None` when it may.
pub fn forbids(case: &Case, verdict: Verdict, reason: &str) -> Option<(&'static str, String)> {
    match verdict {
        _ if has_failed(case) && verdict != Verdict::BecameIncident => {
            Some(("BECAME_INCIDENT is sticky", "the failure limit was reached".to_owned()))
        }
        Verdict::Averted if has_crashed(case) => after_crash(case, reason),
        Verdict::Averted if case.proposed != Some(Verdict::Averted) => {
            Some(("AVERTED needs evidence of absence", propose(case).1))
        }
        Verdict::FalseAlarm => Some((
            "FALSE_ALARM has a code and evidence",
            "say what was wrong and what shows it, in the form for it".to_owned(),
        )),
        Verdict::Drill if case.drill.is_none() => {
            Some(("DRILL is announced before it opens", "this case was opened by a real signal".to_owned()))
        }
        _ => None,
    }
}

/// Why the case may not be called a false alarm; `None` when it may.
pub fn forbids_false_alarm(case: &Case) -> Option<(&'static str, String)> {
    if has_failed(case) {
        return Some(("BECAME_INCIDENT is sticky", "the failure limit was reached".to_owned()));
    }
    let is_drill = case.drill.is_some();
    is_drill.then(|| ("a drill is no false alarm", "it was announced, and its readings made up".to_owned()))
}

/// Whether the failure was seen. Of a login that succeeded after failures it is one until the Security Lead rules that nothing
/// was compromised: whoever forgot a password gets in at last.
fn has_failed(case: &Case) -> bool {
    let breached = case.episodes.iter().any(|episode| episode.breached_at.is_some());
    let harmless = case.category == Category::Login && case.ruling == Some(Ruling::NoCompromise);
    breached && !harmless
}

/// Whether a failure was only inferred from an unclean restart: a proposal, sticky once a person confirms it.
fn has_crashed(case: &Case) -> bool {
    case.episodes.iter().any(|episode| episode.crashed_at.is_some())
}

/// What a person knows of a crash may overrule the proposal, where the evidence does not speak against it.
fn after_crash(case: &Case, reason: &str) -> Option<(&'static str, String)> {
    if let Err(doubt) = averted(case) {
        return Some(("AVERTED needs evidence of absence", doubt));
    }
    let unsaid = reason.trim().is_empty();
    unsaid
        .then(|| ("AVERTED needs a reason after a crash", "say how you know that nothing failed".to_owned()))
}
