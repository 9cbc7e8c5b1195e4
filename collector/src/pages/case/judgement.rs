//! What it was, what stopped it and whether that was luck, how bad it could have been, as the page shows and asks it.

use nearmiss_case::case::LuckSaid;
use nearmiss_case::erc::{self, Barriers, Colour, ErcSaid, Outcome};
use nearmiss_case::words::{ActionState, LuckClass, StoppedBy, Verdict};
use nearmiss_case::{Case, verdict};

use crate::pages::part::closeness::is_running;
use crate::pages::when;
use crate::pages::words::Said;

/// What it was, what stopped it, how bad it could have been.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub proposed: Option<&'static str>,
    pub reason: String,
    pub confirmed: Option<&'static str>,
    /// Verdicts that no rule forbids: value and words.
    pub offered: Vec<(&'static str, &'static str, bool)>,
    pub stopped_by: Option<&'static str>,
    pub luck: &'static str,
    pub is_luck: bool,
    pub hits: Vec<(String, String)>,
    pub erc: u32,
    pub erc_words: String,
    pub erc_reasons: Vec<String>,
    /// Who confirmed the class and why, where somebody has.
    pub erc_said: Option<String>,
    pub erc_tone: &'static str,
    /// Value, words, and whether it is the one that counts now.
    pub outcomes: Vec<(&'static str, &'static str, bool)>,
    pub barriers: Vec<(&'static str, String, bool)>,
    /// Who said what of luck.
    pub luck_said: Option<String>,
    pub stoppers: Vec<(&'static str, &'static str, bool)>,
    pub lucks: Vec<(&'static str, &'static str, bool)>,
    pub is_serious: bool,
    pub may_be_false: bool,
    /// Something can be said of luck and risk.
    pub is_over: bool,
    pub asks_ruling: bool,
    pub ruling: Option<&'static str>,
    pub before_close: Vec<String>,
}

impl Judgement {
    pub(crate) fn new(case: &Case) -> Self {
        let (outcome, barriers) = case.erc.cell();
        Self {
            proposed: case.proposed.map(|verdict| verdict.said()),
            reason: because(case),
            confirmed: case.confirmed.map(|verdict| verdict.said()),
            offered: offered(case),
            stopped_by: case
                .stopped_by
                .filter(|_| !is_running(case.physical) && case.drill.is_none())
                .map(|by| by.said()),
            luck: luck(case.luck),
            is_luck: case.luck != LuckClass::None,
            hits: case.luck_hits.iter().map(|hit| (hit.rule.clone(), when::humane(&hit.evidence))).collect(),
            erc: case.erc.confirmed.as_ref().map_or(case.erc.value, |said| said.value),
            erc_words: format!("{outcome} outcome, {} barriers", barriers.as_str().replace('_', " ")),
            erc_reasons: case.erc.reasons.clone(),
            erc_said: case.erc.confirmed.as_ref().map(|said| risk_said(said, case.erc.value)),
            erc_tone: tone(erc::colour(outcome, barriers)),
            outcomes: Outcome::ALL.iter().map(|one| (one.as_str(), loss(*one), *one == outcome)).collect(),
            barriers: Barriers::ALL
                .iter()
                .map(|one| (one.as_str(), one.as_str().replace('_', " "), *one == barriers))
                .collect(),
            luck_said: case.luck_said.as_ref().map(luck_said),
            stoppers: StoppedBy::ALL
                .iter()
                .map(|by| (by.as_str(), by.said(), case.stopped_by == Some(*by)))
                .collect(),
            lucks: LuckClass::ALL.iter().map(|one| (one.as_str(), luck(*one), case.luck == *one)).collect(),
            is_serious: case.confirmed == Some(Verdict::Averted) && erc::is_serious(case),
            may_be_false: verdict::forbids_false_alarm(case).is_none(),
            is_over: !is_running(case.physical) && case.drill.is_none(),
            asks_ruling: case.category.is_security(),
            ruling: case.ruling.map(|ruling| ruling.said()),
            before_close: before_close(case),
        }
    }
}

/// Why this is proposed, or why nothing is yet.
fn because(case: &Case) -> String {
    match (case.proposed, case.accepted_until) {
        (Some(Verdict::StandingHazard), Some(until)) => format!("accepted until {}", when::exact(until)),
        (Some(Verdict::StandingHazard), None) => "near, known, and not moving".to_owned(),
        (None, _) => when::humane(&verdict::not_over(case)),
        _ => when::humane(&verdict::propose(case).1),
    }
}

fn risk_said(said: &ErcSaid, proposed: u32) -> String {
    let other =
        if said.value == proposed { "as proposed".to_owned() } else { format!("{proposed} was proposed") };
    let because = if said.reason.is_empty() { String::new() } else { format!(": {}", said.reason) };
    format!("confirmed by {}, {other}{because}", said.by)
}

fn luck_said(said: &LuckSaid) -> String {
    let rests = said.evidence.map_or_else(String::new, |bundle| format!(" (evidence {bundle})"));
    format!("{} said so: {}{rests}", said.by, said.reason)
}

const fn tone(colour: Colour) -> &'static str {
    match colour {
        Colour::Green => "muted",
        Colour::Yellow => "amber",
        Colour::Red => "red",
    }
}

/// The rows as the impact analysis reads them (domain.md 2.2).
const fn loss(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Catastrophic => "Catastrophic: for good, or intolerably long",
        Outcome::Major => "Major: beyond RTO or RPO",
        Outcome::Minor => "Minor: within RTO",
        Outcome::None => "None: no way to a loss",
    }
}

const fn luck(class: LuckClass) -> &'static str {
    match class {
        LuckClass::None => "No luck rule fired",
        LuckClass::Partial => "Luck had a part",
        LuckClass::Main => "Luck was the main thing",
    }
}

fn offered(case: &Case) -> Vec<(&'static str, &'static str, bool)> {
    let allowed = |verdict: &&Verdict| verdict::forbids(case, **verdict, "a reason").is_none();
    let option = |verdict: &Verdict| (verdict.as_str(), verdict.said(), case.proposed == Some(*verdict));
    if is_running(case.physical) {
        return Vec::new();
    }
    Verdict::ALL.iter().filter(allowed).map(option).collect()
}

/// What still stands between the case and its end; empty when it may be closed.
pub(crate) fn before_close(case: &Case) -> Vec<String> {
    let mut missing = Vec::new();
    let unanswered: Vec<String> = case.unanswered().iter().map(ToString::to_string).collect();
    if !unanswered.is_empty() {
        missing.push(format!("answers to question {}", unanswered.join(", ")));
    }
    let silent: Vec<&str> = case.silent_roles().iter().map(|role| role.title()).collect();
    if !silent.is_empty() {
        missing.push(format!("the part of {}", silent.join(", ")));
    }
    if case.retrospective.held_at.is_none() {
        missing.push("the retrospective".to_owned());
    }
    if case.actions.iter().any(|action| action.state == ActionState::Open) {
        missing.push("proof of every action".to_owned());
    }
    if case.confirmed.is_none() {
        missing.push("a confirmed verdict".to_owned());
    }
    missing
}
