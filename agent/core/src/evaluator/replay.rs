//! Judging recorded history by the code that judges live: what would have opened, when, how close, how long before.
//!
//! Time comes from the series alone. A series that was recorded more slowly than the rule looks is judged at its own
//! pace (the median distance of its samples): its gaps are the recorder's, not the host's.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{EventKind, Physical};
use serde::Serialize;

use super::{SignalState, Transition};
use crate::reading::{Reading, Stamp};
use crate::rule::Judgement;

/// What became of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub transitions: Vec<Transition>,
    pub summary: Summary,
}

/// The series in one line, in the shape of the contract's `replay series`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How many times it came near.
    pub episodes: u64,
    pub first_approach: Option<Timestamp>,
    /// The nearest that any sample was to failure.
    pub peak_proximity: Option<f64>,
    pub breached: bool,
    /// From the opening of the case to its failure; 0 when the failure came without a warning, `None` without one.
    pub lead_seconds: Option<f64>,
}

/// Judges `series`, oldest first; a sample that is not later than the one before it is left out.
pub fn replay(
    judgement: &Judgement,
    signal: &str,
    subject: &str,
    series: impl IntoIterator<Item = (Timestamp, f64)>,
) -> Replay {
    let mut samples: Vec<(Timestamp, f64)> = Vec::new();
    for (at, value) in series {
        if samples.last().is_none_or(|(before, _)| *before < at) {
            samples.push((at, value));
        }
    }
    let judgement = Judgement { interval: pace(judgement.interval, &samples), ..judgement.clone() };
    let mut state = SignalState::new(signal, subject);
    let mut told = Told::default();
    let mut transitions = Vec::new();
    for (at, value) in &samples {
        let stamp = Stamp { wall: *at, boot_ms: at.since(samples[0].0).as_millis() };
        let moves = state.observe(&judgement, &Reading::value(signal, subject, stamp, *value));
        told.sample(state.proximity(&judgement), state.physical());
        moves.iter().for_each(|transition| told.transition(transition));
        transitions.extend(moves);
    }
    Replay { transitions, summary: told.summary }
}

/// The rule's interval, or the series' own where that is longer.
fn pace(asked: Option<Span>, samples: &[(Timestamp, f64)]) -> Option<Span> {
    let mut distances: Vec<Span> = samples.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect();
    distances.sort_unstable();
    let own = distances.get(distances.len() / 2).copied();
    asked.map(|asked| own.map_or(asked, |own| own.max(asked)))
}

/// The summary as it grows.
#[derive(Default)]
struct Told {
    summary: Summary,
    /// When the running case opened; a signal that is normal has none.
    opened: Option<Timestamp>,
}

impl Told {
    fn sample(&mut self, proximity: Option<f64>, physical: Physical) {
        if let Some(proximity) = proximity {
            let peak = self.summary.peak_proximity.map_or(proximity, |peak| peak.max(proximity));
            self.summary.peak_proximity = Some(peak);
        }
        if physical == Physical::Normal {
            self.opened = None;
        }
    }

    fn transition(&mut self, transition: &Transition) {
        let at = transition.at.wall;
        match transition.kind {
            EventKind::Approached => {
                self.summary.episodes += 1;
                self.summary.first_approach.get_or_insert(at);
                self.opened.get_or_insert(at);
            }
            EventKind::Breached => {
                self.summary.breached = true;
                let lead = self.opened.map_or(Span::ZERO, |opened| at.since(opened));
                self.summary.lead_seconds.get_or_insert(lead.as_seconds());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleSet;

    fn shipped() -> Judgement {
        RuleSet::parse(&[]).unwrap().judge("filesystem.free", "/srv", None).unwrap()
    }

    fn every(span: Span, values: impl IntoIterator<Item = f64>) -> Vec<(Timestamp, f64)> {
        let at = |index: usize| Timestamp::from_millis(span.as_millis() * index as i64);
        values.into_iter().enumerate().map(|(index, value)| (at(index), value)).collect()
    }

    #[test]
    fn a_fill_to_the_end_tells_its_lead() {
        let fill = every(Span::from_minutes(5), (0..=40).map(|step| 0.4 - f64::from(step) * 0.01));
        let Replay { transitions, summary } = replay(&shipped(), "filesystem.free", "/srv", fill);
        assert_eq!((summary.episodes, summary.breached), (1, true));
        assert_eq!(summary.first_approach, Some(transitions[0].at.wall));
        assert!(summary.lead_seconds.unwrap() >= 3600.0, "{summary:?}");
        assert_eq!(transitions.last().map(|last| last.kind.clone()), Some(EventKind::Breached));
    }

    #[test]
    fn a_failure_without_warning_has_no_lead_and_a_quiet_series_none_at_all() {
        let fell = replay(&shipped(), "filesystem.free", "/srv", every(Span::from_seconds(15), [0.4, 0.0]));
        assert_eq!((fell.summary.episodes, fell.summary.lead_seconds), (0, Some(0.0)));
        let quiet = replay(&shipped(), "filesystem.free", "/srv", every(Span::from_seconds(15), [0.4; 40]));
        assert_eq!((quiet.transitions.len(), quiet.summary.lead_seconds), (0, None));
        assert!((quiet.summary.peak_proximity.unwrap() - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_series_recorded_slowly_is_not_dark_and_one_out_of_order_is_put_right() {
        let mut slow = every(Span::from_hours(1), [0.4; 9]);
        slow.insert(4, (Timestamp::from_millis(0), 0.0));
        assert_eq!(replay(&shipped(), "filesystem.free", "/srv", slow).transitions, []);
    }

    #[test]
    fn an_empty_series_says_nothing() {
        let nothing = replay(&shipped(), "filesystem.free", "/srv", []);
        assert_eq!(nothing.summary, Summary::default());
    }
}
