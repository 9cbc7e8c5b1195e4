//! The risk class proposed for a case: ERC-IT, adapted from ARMS (domain.md 2). The values are fixed; a person confirms.

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::words;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::words::{Control, LuckClass, StoppedBy};

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

words! {
    /// What a cell asks for.
    Colour {
        /// It feeds the database.
        Green = "green",
        /// Investigate, or refine the assessment.
        Yellow = "yellow",
        /// Investigate at once and act.
        Red = "red",
    }
}

/// The table of colours: values are fixed, colours rest on one reading of ARMS v4.1 and may come to be read otherwise.
pub const COLOURS: &str = "arms-4.1/1";

/// The cell's colour in the table [`COLOURS`].
pub const fn colour(outcome: Outcome, barriers: Barriers) -> Colour {
    match value(outcome, barriers) {
        1 | 2 => Colour::Green,
        101 | 102 | 500 | 502 | 2500 => Colour::Red,
        _ => Colour::Yellow,
    }
}

/// A proposed cell with its reasons; `confirmed` is a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErcProposal {
    pub outcome: Outcome,
    pub barriers: Barriers,
    pub value: u32,
    pub reasons: Vec<String>,
    pub confirmed: Option<ErcSaid>,
}

/// The cell that a person confirmed: the proposed one, or another with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErcSaid {
    pub outcome: Outcome,
    pub barriers: Barriers,
    pub value: u32,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

impl ErcProposal {
    /// The cell that counts: the confirmed one, else the proposed.
    pub fn cell(&self) -> (Outcome, Barriers) {
        self.confirmed.as_ref().map_or((self.outcome, self.barriers), |said| (said.outcome, said.barriers))
    }

    /// Whether a person chose another class than was proposed; `None` until one has. The share of these is the override rate.
    pub fn is_overridden(&self) -> Option<bool> {
        self.confirmed.as_ref().map(|said| said.value != self.value)
    }
}

impl Default for ErcProposal {
    fn default() -> Self {
        Self {
            outcome: Outcome::Major,
            barriers: Barriers::Minimal,
            value: value(Outcome::Major, Barriers::Minimal),
            reasons: vec![UNKNOWN_IMPACT.to_owned()],
            confirmed: None,
        }
    }
}

/// Never silently minor.
const UNKNOWN_IMPACT: &str = "impact analysis missing: read as major";

/// The proposal as the case stands: the first rule of the specification's table (domain.md 2.2) that fits, the worst first. No
/// impact analysis is entered yet, so Q1 is Major with that flag; no catalogue of barriers either, so "effective" is never proposed.
pub fn propose(case: &Case) -> ErcProposal {
    let (barriers, why) = remaining(case);
    let outcome = Outcome::Major;
    ErcProposal {
        outcome,
        barriers,
        value: value(outcome, barriers),
        reasons: vec![UNKNOWN_IMPACT.to_owned(), why],
        confirmed: case.erc.confirmed.clone(),
    }
}

/// Q2: what still stood, and how that is known.
fn remaining(case: &Case) -> (Barriers, String) {
    let peak = case.measures.proximity_peak.unwrap_or(0.0);
    let slack = slack(case);
    if case.episodes.iter().any(|episode| episode.exposed_seconds > 0.0 || episode.exposed_since.is_some()) {
        return (Barriers::NotEffective, "no independent barrier was left for a while".to_owned());
    }
    if peak >= 1.0 && !case.measures.ordinal {
        return (Barriers::NotEffective, "it was not stopped".to_owned());
    }
    if case.luck == LuckClass::Main {
        return (Barriers::NotEffective, "stopped by luck: no barrier was effective".to_owned());
    }
    if let Some(slack) = slack.filter(|slack| *slack <= 1.0) {
        return (Barriers::NotEffective, format!("it turned after the predicted failure (slack {slack:.1})"));
    }
    if peak >= 0.95 {
        return (Barriers::Minimal, format!("less than 5 % of the margin was left (closest {peak:.2})"));
    }
    if matches!(case.control, Some(Control::Unknown | Control::External)) {
        return (Barriers::Minimal, "what stopped it is not known, or not ours: at most minimal".to_owned());
    }
    let in_time = case
        .responder
        .as_ref()
        .is_some_and(|one| one.acknowledged_at.is_some_and(|answered| answered <= one.acknowledge_due));
    match slack {
        Some(slack) if slack > 1.5 && in_time && case.stopped_by == Some(StoppedBy::MonitoredResponse) => {
            let why = format!(
                "answered in time, and turned with slack {slack:.1}; no tested barrier is known beside it"
            );
            (Barriers::Limited, why)
        }
        Some(slack) if slack <= 1.5 => {
            (Barriers::Minimal, format!("it turned with little time to spare (slack {slack:.1})"))
        }
        _ => (Barriers::Minimal, "no barrier is known to be tested: at most minimal".to_owned()),
    }
}

/// B of the specification: predicted time to failure over the time to turn.
fn slack(case: &Case) -> Option<f64> {
    let taken = case.turned_at()?.since(case.episodes.last()?.opened_at).as_seconds();
    case.measures.failure_at_open.filter(|_| taken > 0.0).map(|predicted| predicted / taken)
}

/// The rule of ICAO's Annex 13: short of an accident, by limited barriers or by luck.
pub fn is_serious(case: &Case) -> bool {
    let (outcome, barriers) = case.erc.cell();
    let credible = matches!(outcome, Outcome::Catastrophic | Outcome::Major);
    let few = matches!(barriers, Barriers::Minimal | Barriers::NotEffective);
    credible && (few || case.luck == LuckClass::Main)
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

    #[test]
    fn cell_by_cell_values_and_colours_are_those_of_the_matrix() {
        use Colour::{Green as G, Red as R, Yellow as Y};
        for (outcome, cells) in [
            (Outcome::Catastrophic, [(50, Y), (102, R), (502, R), (2500, R)]),
            (Outcome::Major, [(10, Y), (21, Y), (101, R), (500, R)]),
            (Outcome::Minor, [(2, G), (4, Y), (20, Y), (100, Y)]),
            (Outcome::None, [(1, G), (1, G), (1, G), (1, G)]),
        ] {
            for (barriers, cell) in Barriers::ALL.iter().zip(cells) {
                assert_eq!(
                    (value(outcome, *barriers), colour(outcome, *barriers)),
                    cell,
                    "{outcome} {barriers}"
                );
            }
        }
    }
}
