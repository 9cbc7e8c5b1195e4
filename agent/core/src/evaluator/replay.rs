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

/// So many samples tell a series' pace; they are held until then.
const PACE_SAMPLES: usize = 256;

/// What became of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub transitions: Vec<Transition>,
    pub summary: Summary,
}

/// History in one line, in the shape of the contract's `replay series`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How many times it came near.
    pub episodes: u64,
    pub first_approach: Option<Timestamp>,
    /// The nearest that any sample was to failure, and when it was so first.
    pub peak_proximity: Option<f64>,
    pub peak_at: Option<Timestamp>,
    pub breached: bool,
    /// Of the first failure.
    pub breached_at: Option<Timestamp>,
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
    let mut replayer = Replayer::new(judgement.clone(), signal, subject);
    let mut transitions = Vec::new();
    for (at, value) in series {
        transitions.extend(replayer.sample(at, value));
    }
    let (last, summary) = replayer.finish();
    transitions.extend(last);
    Replay { transitions, summary }
}

/// A series as it is read: what is kept of it does not grow with its length.
#[derive(Clone, Debug)]
pub struct Replayer {
    judgement: Judgement,
    state: SignalState,
    tally: Tally,
    /// Samples that wait until the pace is known; `None` from then on.
    held: Option<Vec<(Timestamp, f64)>>,
    last: Option<Timestamp>,
}

impl Replayer {
    pub fn new(judgement: Judgement, signal: &str, subject: &str) -> Self {
        let state = SignalState::new(signal, subject);
        Self { judgement, state, tally: Tally::default(), held: Some(Vec::new()), last: None }
    }

    /// Judges one sample, later or sooner: the first ones wait until the pace is known.
    pub fn sample(&mut self, at: Timestamp, value: f64) -> Vec<Transition> {
        if self.last.is_some_and(|last| at <= last) {
            return Vec::new();
        }
        self.last = Some(at);
        match &mut self.held {
            None => self.judge(at, value),
            Some(held) => {
                held.push((at, value));
                if held.len() < PACE_SAMPLES { Vec::new() } else { self.set_off() }
            }
        }
    }

    /// The series has ended.
    pub fn finish(mut self) -> (Vec<Transition>, Summary) {
        let last = self.set_off();
        (last, self.tally.summary)
    }

    fn set_off(&mut self) -> Vec<Transition> {
        let held = self.held.take().unwrap_or_default();
        self.judgement.interval = pace(self.judgement.interval, &held);
        held.into_iter().flat_map(|(at, value)| self.judge(at, value)).collect()
    }

    fn judge(&mut self, at: Timestamp, value: f64) -> Vec<Transition> {
        // The wall clock of the series is all the time there is.
        let stamp = Stamp { wall: at, boot_ms: at.as_millis() };
        let reading = Reading::value(self.state.signal(), self.state.subject(), stamp, value);
        let moves = self.state.observe(&self.judgement, &reading);
        self.tally.judged(&self.state, &self.judgement, at, &moves);
        moves
    }
}

/// The rule's interval, or the series' own where that is longer.
fn pace(asked: Option<Span>, samples: &[(Timestamp, f64)]) -> Option<Span> {
    let mut distances: Vec<Span> = samples.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect();
    distances.sort_unstable();
    let own = distances.get(distances.len() / 2).copied();
    asked.map(|asked| own.map_or(asked, |own| own.max(asked)))
}

/// The summary of one signal of one subject as it grows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub summary: Summary,
    /// When the running case opened; a signal that is normal has none.
    opened: Option<Timestamp>,
}

impl Tally {
    /// A sample was judged, and these moves came of it.
    pub fn judged(
        &mut self,
        state: &SignalState,
        judgement: &Judgement,
        at: Timestamp,
        moves: &[Transition],
    ) {
        let summary =
            Summary { peak_proximity: state.proximity(judgement), peak_at: Some(at), ..Summary::default() };
        self.summary.add(&summary);
        if state.physical() == Physical::Normal {
            self.opened = None;
        }
        moves.iter().for_each(|transition| self.moved(transition));
    }

    /// It moved, by a sample or by time alone.
    pub fn moved(&mut self, transition: &Transition) {
        let at = transition.at.wall;
        let mut summary = Summary::default();
        match transition.kind {
            EventKind::Approached => {
                summary.episodes = 1;
                summary.first_approach = Some(at);
                self.opened.get_or_insert(at);
            }
            EventKind::Breached => {
                summary.breached = true;
                summary.breached_at = Some(at);
                let lead = self.opened.map_or(Span::ZERO, |opened| at.since(opened));
                summary.lead_seconds = Some(lead.as_seconds());
            }
            _ => {}
        }
        self.summary.add(&summary);
    }
}

impl Summary {
    /// Adds history that came meanwhile or after: of another subject, or what came of one more sample.
    pub fn add(&mut self, more: &Self) {
        self.episodes += more.episodes;
        self.first_approach = self.first_approach.into_iter().chain(more.first_approach).min();
        if more.peak_proximity.is_some_and(|peak| self.peak_proximity.is_none_or(|before| peak > before)) {
            (self.peak_proximity, self.peak_at) = (more.peak_proximity, more.peak_at);
        }
        self.breached |= more.breached;
        if more.breached_at.is_some_and(|at| self.breached_at.is_none_or(|before| at < before)) {
            (self.breached_at, self.lead_seconds) = (more.breached_at, more.lead_seconds);
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
    fn a_long_series_is_judged_as_it_is_read_and_little_of_it_is_kept() {
        let wave = |step: i32| 0.4 + f64::from(step % 100) * 0.001;
        let series = every(Span::from_minutes(1), (0..5_000).map(wave).chain([0.1; 10]));
        let mut replayer = Replayer::new(shipped(), "filesystem.free", "/srv");
        let mut told = Vec::new();
        for (at, value) in series.clone() {
            told.extend(replayer.sample(at, value));
            assert!(replayer.held.as_ref().is_none_or(|held| held.len() < PACE_SAMPLES));
        }
        let (last, summary) = replayer.finish();
        assert_eq!((last.len(), summary.episodes), (0, 1));
        assert_eq!(
            replay(&shipped(), "filesystem.free", "/srv", series),
            Replay { transitions: told, summary }
        );
    }

    #[test]
    fn an_empty_series_says_nothing() {
        let nothing = replay(&shipped(), "filesystem.free", "/srv", []);
        assert_eq!(nothing.summary, Summary::default());
    }
}
