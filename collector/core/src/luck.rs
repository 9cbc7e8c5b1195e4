//! What stopped it, and whether that was luck: an ordered list of rules, each with its evidence (domain.md 3.2).
//!
//! Not every rule of the specification has its facts yet; those that have are here. Luck raises the class of a case,
//! never lowers it, and without evidence the answer is `unknown`, never control.

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::case::{Case, Episode, Login, Mitigation};
use crate::words::{LuckClass, StoppedBy};

/// A rule that fired, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    pub rule: String,
    pub evidence: String,
}

/// The proposal for a recovered case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub stopped_by: StoppedBy,
    pub luck: LuckClass,
    pub hits: Vec<RuleHit>,
}

/// Reads the newest episode of a case that turned.
pub fn propose(case: &Case) -> Proposal {
    let (Some(episode), Some(turned)) = (case.episodes.last(), case.turned_at()) else {
        return unknown("L12", "the turn was not seen");
    };
    if episode.dark_seconds > 0.0 && darkness_decides(episode, turned) {
        return unknown(
            "L12",
            &format!("{:.0} s without samples in the decisive time", episode.dark_seconds),
        );
    }
    let first = case.mitigations.iter().filter(|one| one.at >= episode.opened_at).min_by_key(|one| one.at);
    let mut proposal = match first {
        None => nobody_acted(case, turned),
        Some(action) if action.at > turned => {
            luck(StoppedBy::Luck, "L2", &format!("the first action ({}) came after the turn", told(action)))
        }
        Some(action) => {
            Proposal { stopped_by: credited(case, action), luck: LuckClass::None, hits: Vec::new() }
        }
    };
    add_slack(case, episode, turned, &mut proposal);
    if !case.is_acknowledged() && first.is_some() && proposal.luck == LuckClass::None {
        proposal.luck = LuckClass::Partial;
        proposal.hits.push(hit("L9", "the alert was never acknowledged"));
    }
    proposal
}

/// L1: luck only where nobody who could have turned it was on the case or on the host.
fn nobody_acted(case: &Case, turned: Timestamp) -> Proposal {
    let login = case.logins.iter().find(|login| login.since <= turned);
    match login {
        Some(login) => {
            let who = signed_in(login);
            unknown("L1", &format!("no action was named, but {who}; the responder is asked what was done"))
        }
        None if case.is_acknowledged() => {
            unknown("L1", "acknowledged, but nobody said what was done; the responder is asked")
        }
        None => luck(StoppedBy::Luck, "L1", "it receded with no action and nobody on the case"),
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
    RuleHit { rule: rule.to_owned(), evidence: evidence.to_owned() }
}

fn unknown(rule: &str, evidence: &str) -> Proposal {
    Proposal { stopped_by: StoppedBy::Unknown, luck: LuckClass::None, hits: vec![hit(rule, evidence)] }
}

fn luck(stopped_by: StoppedBy, rule: &str, evidence: &str) -> Proposal {
    Proposal { stopped_by, luck: LuckClass::Main, hits: vec![hit(rule, evidence)] }
}
