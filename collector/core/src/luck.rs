//! What stopped it, and whether that was luck: an ordered list of rules, each with its evidence (domain.md 3.2).
//!
//! Luck raises the class of a case, never lowers it, and without evidence the answer is `unknown`, never control: whoever acted is
//! credited where the signal's own course shows that it did something about it (rule C1), and the rule says so. Of the
//! specification's list L4 knows of silences and restarts alone (no host tells of its cron jobs yet), L8 of a case that nobody was
//! asked to answer, and L11 waits for the catalogue of barriers.

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::case::{Case, Episode, Login, Mitigation};
use crate::words::{LuckClass, StoppedBy};

pub mod effect;

use effect::Effect;

/// A rule that fired, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    pub rule: String,
    pub evidence: String,
    /// The parts of the case that it rests on: `episode:2`, `mitigation:0`, `login:1`, by their places in it.
    #[serde(default)]
    pub on: Vec<String>,
}

/// The proposal for a recovered case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub stopped_by: StoppedBy,
    pub luck: LuckClass,
    pub hits: Vec<RuleHit>,
}

/// What turns so soon after a silence or a restart was turned by it, as far as anybody can tell.
const JUST_AFTER: Span = Span::from_minutes(5);

/// Reads the newest episode of a case that turned.
pub fn propose(case: &Case) -> Proposal {
    let (Some(episode), Some(turned)) = (case.episodes.last(), case.turned_at()) else {
        return unknown(hit("L12", "the turn was not seen"));
    };
    let newest = format!("episode:{}", case.episodes.len() - 1);
    if episode.dark_seconds > 0.0 && darkness_decides(episode, turned) {
        let why = format!("{:.0} s without samples in the decisive time", episode.dark_seconds);
        return unknown(hit("L12", &why).resting_on(&newest));
    }
    let actions = case.mitigations.iter().enumerate().filter(|(_, one)| one.at >= episode.opened_at);
    let mut actions: Vec<(usize, &Mitigation)> = actions.collect();
    actions.sort_by_key(|(_, one)| one.at);
    let mut proposal = match actions.first() {
        None => nobody_acted(case, episode, turned),
        Some((place, action)) if effect::earliest(action) > turned => {
            let why = format!("the first action ({}) came after the turn", told(action));
            luck(StoppedBy::Luck, hit("L2", &why).resting_on(&format!("mitigation:{place}")))
        }
        Some(_) => somebody_acted(case, &actions, turned),
    };
    add_slack(case, episode, turned, &mut proposal);
    add_exposure(episode, turned, &newest, &mut proposal);
    if proposal.stopped_by == StoppedBy::HumanVigilance {
        proposal.is_partly(hit("L7", "a person noticed it before there was an alert"));
    }
    if case.responder.is_none() {
        proposal.is_partly(hit("L8", "nobody was there to be asked: it was answered by chance, if at all"));
    }
    if !case.is_acknowledged() && !actions.is_empty() {
        proposal.is_partly(hit("L9", "the alert was never acknowledged"));
    }
    add_noise(case, &mut proposal);
    proposal
}

/// The first action that the signal did something about is what stopped it; where none is, it was something else.
fn somebody_acted(case: &Case, actions: &[(usize, &Mitigation)], turned: Timestamp) -> Proposal {
    let mut without = Vec::new();
    for (place, action) in actions.iter().filter(|(_, action)| effect::earliest(action) <= turned) {
        let on = format!("mitigation:{place}");
        match effect::of(case, action, turned) {
            Effect::Turned { before, after, fell } => {
                let why = format!("{}: {}", told(action), turn(before, after, fell));
                return credit(case, action, hit("C1", &why).resting_on(&on));
            }
            Effect::Unread { .. } if action.at > turned => {
                let why = format!("{}: it came after the turn", told(action));
                without.push(hit("L2", &why).resting_on(&on));
            }
            Effect::Unread { soon: true } => {
                let why =
                    format!("{}: it turned soon after, and what it did between was not read", told(action));
                return credit(case, action, hit("C1", &why).resting_on(&on));
            }
            Effect::TooLate { .. } => {
                let why = format!("{}: it was going back already", told(action));
                without.push(hit("L2", &why).resting_on(&on));
            }
            Effect::Nothing { .. } | Effect::Unread { soon: false } => {
                let why = format!("{}: nothing changed after it", told(action));
                without.push(hit("L3", &why).resting_on(&on));
            }
        }
    }
    let late = without.iter().all(|hit| hit.rule == "L2");
    let stopped_by = if late { StoppedBy::Luck } else { StoppedBy::Coincidence };
    Proposal { stopped_by, luck: LuckClass::Main, hits: without }
}

fn turn(before: f64, after: f64, fell: f64) -> String {
    if before == 0.0 && after == 0.0 {
        return "its host measured more margin after it than before".to_owned();
    }
    format!("closeness went from {before:+.2} to {after:+.2} an hour, and fell by {fell:.2} at once")
}

fn credit(case: &Case, action: &Mitigation, why: RuleHit) -> Proposal {
    Proposal { stopped_by: credited(case, action), luck: LuckClass::None, hits: vec![why] }
}

/// L1: luck only where nobody who could have turned it was on the case or on the host. L4: what turned just as its host was
/// heard of again was turned by what happened meanwhile.
fn nobody_acted(case: &Case, episode: &Episode, turned: Timestamp) -> Proposal {
    let login = case.logins.iter().enumerate().find(|(_, login)| login.since <= turned);
    if let Some((place, login)) = login {
        let why =
            format!("no action was named, but {}; the responder is asked what was done", signed_in(login));
        return unknown(hit("L1", &why).resting_on(&format!("login:{place}")));
    }
    if case.is_acknowledged() {
        return unknown(hit("L1", "acknowledged, but nobody said what was done; the responder is asked"));
    }
    let again = episode.seen_again_at.filter(|again| *again <= turned && turned.since(*again) <= JUST_AFTER);
    match again {
        Some(again) => {
            let why = format!(
                "it turned just after its host was heard of again at {again}: a restart, or what went with it"
            );
            luck(StoppedBy::Coincidence, hit("L4", &why))
        }
        None => luck(StoppedBy::Luck, hit("L1", "it receded with no action and nobody on the case")),
    }
}

fn signed_in(login: &Login) -> String {
    format!("{} was signed in on {} since {}", login.user, login.tty, login.since)
}

/// L5: the predicted failure time had passed before the turn.
fn add_slack(case: &Case, episode: &Episode, turned: Timestamp, proposal: &mut Proposal) {
    let Some(predicted) = case.measures.failure_at_open else { return };
    let taken = turned.since(episode.opened_at).as_seconds();
    if taken > 0.0 && predicted / taken <= 1.0 {
        proposal.luck = LuckClass::Main;
        proposal.stopped_by = StoppedBy::Luck;
        proposal.hits.push(hit(
            "L5",
            &format!("failure was predicted after {predicted:.0} s, the turn took {taken:.0} s"),
        ));
    }
}

/// L6: every independent barrier was down, and the second event simply did not come.
fn add_exposure(episode: &Episode, turned: Timestamp, on: &str, proposal: &mut Proposal) {
    let open = episode.exposed_since.map_or(0.0, |since| turned.since(since).as_seconds().max(0.0));
    let seconds = episode.exposed_seconds + open;
    if seconds <= 0.0 {
        return;
    }
    let why = format!(
        "for {:.0} min no independent barrier was left, and the second failure did not come",
        seconds / 60.0
    );
    proposal.luck = LuckClass::Main;
    proposal.stopped_by = StoppedBy::Luck;
    proposal.hits.push(hit("L6", &why).resting_on(on));
}

/// L10: what lies within its noise of the limit cannot be told from what was past it. A flag, no verdict.
fn add_noise(case: &Case, proposal: &mut Proposal) {
    let Some((peak, noise)) = case.measures.proximity_peak.zip(effect::noise(case)) else { return };
    if peak < 1.0 && 1.0 - peak < 2.0 * noise {
        let why =
            format!("the smallest margin ({:.3} of it) is within twice the noise ({noise:.3})", 1.0 - peak);
        proposal.hits.push(hit("L10", &why));
    }
}

fn darkness_decides(episode: &Episode, turned: Timestamp) -> bool {
    let length = turned.since(episode.opened_at).as_seconds();
    episode.dark_seconds > 0.05 * length
        && Span::from_millis((episode.dark_seconds * 1000.0) as i64) > Span::from_minutes(15)
}

/// An alert was out before the action: a monitored response; otherwise somebody noticed by themselves.
fn credited(case: &Case, action: &Mitigation) -> StoppedBy {
    if action.at >= case.received_at { StoppedBy::MonitoredResponse } else { StoppedBy::HumanVigilance }
}

fn told(action: &Mitigation) -> String {
    format!("{} by {}", action.text, action.by)
}

fn hit(rule: &str, evidence: &str) -> RuleHit {
    RuleHit { rule: rule.to_owned(), evidence: evidence.to_owned(), on: Vec::new() }
}

impl RuleHit {
    fn resting_on(mut self, part: &str) -> Self {
        self.on.push(part.to_owned());
        self
    }
}

impl Proposal {
    /// Luck had a part, if it was not the whole of it.
    fn is_partly(&mut self, hit: RuleHit) {
        if self.luck == LuckClass::None && self.stopped_by != StoppedBy::Unknown {
            self.luck = LuckClass::Partial;
        }
        self.hits.push(hit);
    }
}

fn unknown(hit: RuleHit) -> Proposal {
    Proposal { stopped_by: StoppedBy::Unknown, luck: LuckClass::None, hits: vec![hit] }
}

fn luck(stopped_by: StoppedBy, hit: RuleHit) -> Proposal {
    Proposal { stopped_by, luck: LuckClass::Main, hits: vec![hit] }
}
