//! What the pipeline shows: every margin for `check`, the short list for the status report.

use nearmiss_agent_core::margin::Margin;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Physical;
use nearmiss_shared::wire::v1::{EpisodeMinute, SignalStatus};

use super::Pipeline;

/// From here on a signal is worth a line in every status report.
const WORTH_TELLING: f64 = 0.25;
/// A status report names at most this many signals.
const MOST_SIGNALS: usize = 20;
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
        let now = self.now().wall;
        let mut margins: Vec<Margin> = self.signals.values().filter_map(|watched| watched.margin()).collect();
        margins.sort_by(|one, other| one.urgency().order(&other.urgency()));
        View {
            margins,
            not_applicable: self.not_applicable.iter().cloned().collect(),
            observing_until: self.observes_until().filter(|until| now < *until),
            maintenance: self.maintenance.clone().filter(|(until, _)| now < *until),
            reserved_bytes: self.parts.reserve.held(),
        }
    }

    /// Signals that are near or changed since they were told last, the most urgent first.
    pub(super) fn status(&mut self) -> StatusParts {
        let mut shown: Vec<(Margin, bool)> = Vec::new();
        for watched in self.signals.values_mut() {
            let Some(margin) = watched.margin() else { continue };
            let now = (margin.state, band(margin.proximity));
            let changed = watched.told.replace(now) != Some(now);
            shown.push((margin, changed));
        }
        let watched = shown.len();
        shown.retain(|(margin, changed)| *changed || is_near(margin));
        shown.sort_by(|(one, _), (other, _)| one.urgency().order(&other.urgency()));
        shown.truncate(MOST_SIGNALS);
        StatusParts {
            not_listed: (watched - shown.len()) as u64,
            signals: shown.into_iter().map(|(margin, _)| told(margin, self.now().wall)).collect(),
            minutes: self.minutes.untold(MOST_MINUTES),
            observing: self.is_observing(),
            reserved_bytes: self.parts.reserve.held(),
        }
    }
}

fn is_near(margin: &Margin) -> bool {
    margin.state != Physical::Normal || margin.proximity.is_some_and(|proximity| proximity >= WORTH_TELLING)
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
    }
}
