//! The risk class proposed for a case: ERC-IT, adapted from ARMS (domain.md 2). The values are fixed; a person confirms.

use nearmiss_shared::words;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::words::LuckClass;

words! {
    /// Q1: the most credible outcome had it failed, read against the client's own impact analysis.
    Outcome {
        Catastrophic = "catastrophic",
        Major = "major",
        Minor = "minor",
        None = "none",
    }
}

words! {
    /// Q2: what still stood between this event and that outcome.
    Barriers {
        Effective = "effective",
        Limited = "limited",
        Minimal = "minimal",
        NotEffective = "not_effective",
    }
}

/// The cell's value (ARMS v4.1).
pub const fn value(outcome: Outcome, barriers: Barriers) -> u32 {
    match (outcome, barriers) {
        (Outcome::Catastrophic, Barriers::Effective) => 50,
        (Outcome::Catastrophic, Barriers::Limited) => 102,
        (Outcome::Catastrophic, Barriers::Minimal) => 502,
        (Outcome::Catastrophic, Barriers::NotEffective) => 2500,
        (Outcome::Major, Barriers::Effective) => 10,
        (Outcome::Major, Barriers::Limited) => 21,
        (Outcome::Major, Barriers::Minimal) => 101,
        (Outcome::Major, Barriers::NotEffective) => 500,
        (Outcome::Minor, Barriers::Effective) => 2,
        (Outcome::Minor, Barriers::Limited) => 4,
        (Outcome::Minor, Barriers::Minimal) => 20,
        (Outcome::Minor, Barriers::NotEffective) => 100,
        (Outcome::None, _) => 1,
    }
}

/// A proposed cell with its reasons; `confirmed` is a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErcProposal {
    pub outcome: Outcome,
    pub barriers: Barriers,
    pub value: u32,
    pub reasons: Vec<String>,
    pub confirmed: Option<u32>,
}

impl Default for ErcProposal {
    fn default() -> Self {
        Self {
            outcome: Outcome::Major,
            barriers: Barriers::Minimal,
            value: value(Outcome::Major, Barriers::Minimal),
            reasons: vec!["impact analysis missing: read as major".to_owned()],
            confirmed: None,
        }
    }
}

/// The proposal as the case stands. No impact analysis is entered yet, so Q1 is Major with that flag.
pub fn propose(case: &Case) -> ErcProposal {
    let mut reasons = vec!["impact analysis missing: read as major".to_owned()];
    let peak = case.measures.proximity_peak.unwrap_or(0.0);
    let barriers = if case.luck == LuckClass::Main || peak >= 1.0 {
        reasons.push("stopped by luck, or not stopped: no barrier was effective".to_owned());
        Barriers::NotEffective
    } else if peak >= 0.95 {
        reasons.push(format!("less than 5 % of the margin was left (closest {peak:.2})"));
        Barriers::Minimal
    } else {
        reasons.push("no barrier is known to be tested: at most minimal".to_owned());
        Barriers::Minimal
    };
    ErcProposal {
        outcome: Outcome::Major,
        barriers,
        value: value(Outcome::Major, barriers),
        reasons,
        confirmed: case.erc.confirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_are_the_published_ones_and_each_is_its_own() {
        let mut seen: Vec<u32> = Outcome::ALL
            .iter()
            .flat_map(|outcome| Barriers::ALL.iter().map(|barriers| value(*outcome, *barriers)))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [1, 2, 4, 10, 20, 21, 50, 100, 101, 102, 500, 502, 2500]);
    }
}
