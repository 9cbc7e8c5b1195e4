//! What the pipeline shows: every margin for `check`, the short list for the status report.

use nearmiss_agent_core::margin::Margin;
use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;
use nearmiss_shared::wire::v1::{EpisodeMinute, SignalStatus};

use super::Pipeline;
use super::watched::Watched;
use crate::maintenance::{self, WindowTold};

/// From here on a signal is worth a line in every status report.
const WORTH_TELLING: f64 = 0.25;
/// A status report names at most this many signals.
const MOST_SIGNALS: usize = 20;
/// Of these, so many at least are kept for signals that were not told for long, whatever their urgency.
const OVERDUE_SIGNALS: usize = 5;
/// A signal that is far and does not change is told again after this: the collector forgets what nobody repeats.
const TOLD_AGAIN: Span = Span::from_hours(1);
/// And carries at most this many minutes, oldest first.
const MOST_MINUTES: usize = 500;

/// Everything as it stands.
#[derive(Clone, Debug)]
pub struct View {
    /// Most urgent first.
    pub margins: Vec<Margin>,
    /// Probe and reason.
    pub not_applicable: Vec<(String, String)>,
    pub observing_until: Option<Timestamp>,
    pub maintenance: Option<(Timestamp, String)>,
    /// Configured windows of maintenance: those that are open, and the next one.
    pub windows: Vec<WindowTold>,
    pub reserved_bytes: u64,
}

/// What a status report says of the signals.
#[derive(Clone, Debug)]
pub struct StatusParts {
    pub signals: Vec<SignalStatus>,
    pub not_listed: u64,
    pub minutes: Vec<EpisodeMinute>,
    pub observing: bool,
    pub reserved_bytes: u64,
}

impl Pipeline {
    pub(super) fn view(&self) -> View {
        let at = self.now();
        let now = at.wall;
        let mut margins: Vec<Margin> =
            self.signals.values().filter_map(|watched| watched.margin(at)).collect();
        margins.sort_by(|one, other| one.urgency().order(&other.urgency()));
        View {
            margins,
            not_applicable: self.not_applicable.iter().cloned().collect(),
            observing_until: self.observes_until().filter(|until| now < *until),
            maintenance: self.announced(now),
            windows: maintenance::windows(&self.parts.rules, now),
            reserved_bytes: self.parts.reserve.held(),
        }
    }

    /// Signals that are near, changed, or were not told for long: the most urgent first.
    pub(super) fn status(&self) -> StatusParts {
        let now = self.now();
        let watched = self.signals.values().filter(|watched| watched.standing().is_some()).count();
        let shown = self.signals.values().filter_map(|watched| Candidate::of(watched, now)).collect();
        let shown = choose(shown);
        StatusParts {
            not_listed: (watched - shown.len()) as u64,
            signals: shown.into_iter().map(|candidate| told(candidate.margin, now.wall)).collect(),
            minutes: self.minutes.untold(MOST_MINUTES),
            observing: self.is_observing(),
            reserved_bytes: self.parts.reserve.held(),
        }
    }

    /// The collector has this report: what it did not name is due again.
    pub(super) fn told(&mut self, signals: Vec<SignalStatus>, minutes: &[EpisodeMinute]) {
        let at = self.now();
        for signal in signals {
            let told = Told { state: signal.state, band: band(signal.proximity), at };
            if let Some(watched) = self.signals.get_mut(&(signal.signal, signal.subject)) {
                watched.told = Some(told);
            }
        }
        self.minutes.told(minutes);
    }
}

/// What the collector knows of a signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    state: Physical,
    band: i64,
    pub(super) at: Stamp,
}

/// A signal that may be told.
struct Candidate {
    margin: Margin,
    overdue: bool,
    /// When it was told last, in boot milliseconds.
    told_ms: Option<i64>,
}

impl Candidate {
    /// `None` for what is far, told, and did not change: most signals, so that their rates need not be known.
    fn of(watched: &Watched, now: Stamp) -> Option<Self> {
        let (state, proximity) = watched.standing()?;
        let told = watched.told;
        let changed = told.map(|told| (told.state, told.band)) != Some((state, band(proximity)));
        let overdue = told.is_none_or(|told| now.since(told.at) >= TOLD_AGAIN);
        if !is_near(state, proximity) && !changed && !overdue {
            return None;
        }
        let told_ms = told.map(|told| told.at.boot_ms);
        Some(Self { margin: watched.margin(now)?, overdue, told_ms })
    }
}

/// The most urgent, and those that were told longest ago: however many are near, each has its turn.
fn choose(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let order = |one: &Candidate, other: &Candidate| one.margin.urgency().order(&other.margin.urgency());
    candidates.sort_by(order);
    let rest = candidates.split_off(candidates.len().min(MOST_SIGNALS - OVERDUE_SIGNALS));
    let (mut waiting, others): (Vec<Candidate>, Vec<Candidate>) =
        rest.into_iter().partition(|candidate| candidate.overdue);
    // A stable sort: of those that waited as long, the most urgent first.
    waiting.sort_by_key(|candidate| candidate.told_ms);
    candidates.extend(waiting.into_iter().chain(others).take(OVERDUE_SIGNALS));
    candidates.sort_by(order);
    candidates
}

fn is_near(state: Physical, proximity: Option<f64>) -> bool {
    state != Physical::Normal || proximity.is_some_and(|proximity| proximity >= WORTH_TELLING)
}

/// Changes within a hundredth are not worth telling.
fn band(proximity: Option<f64>) -> i64 {
    proximity.map_or(i64::MIN, |proximity| (proximity * 100.0).round() as i64)
}

fn told(margin: Margin, now: Timestamp) -> SignalStatus {
    let time = margin.time_to_failure_seconds;
    SignalStatus {
        time_to_failure_seconds: time.and_then(|time| time.low.or(Some(time.estimate))),
        at: margin.at.unwrap_or(now),
        signal: margin.signal,
        subject: margin.subject,
        category: margin.category,
        value: margin.value,
        unit: margin.unit,
        normal: margin.normal,
        approach: margin.approach,
        critical: margin.critical,
        limit: margin.limit,
        ordinal: margin.ordinal,
        proximity: margin.proximity,
        state: margin.state,
        resting: margin.resting,
    }
}
