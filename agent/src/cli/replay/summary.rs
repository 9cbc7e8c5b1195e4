//! What came of a history in a sentence, and of two judgements of it side by side.

use nearmiss_agent_core::evaluator::Summary;
use nearmiss_shared::bar;
use nearmiss_shared::time::{Span, Timestamp};
use serde::Serialize;

use super::timeline::Timeline;

/// How the proposed rules differ from the current ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    pub(super) episodes: i64,
    /// Negative: the proposed rules open earlier. `None` unless both open.
    pub(super) first_approach_seconds: Option<f64>,
    /// Positive: more time before the failure. `None` unless both see it.
    pub(super) lead_seconds: Option<f64>,
    pub(super) peak_proximity: Option<f64>,
}

impl Difference {
    pub(super) fn of(proposed: &Summary, current: &Summary) -> Self {
        let seconds = |(proposed, current): (Timestamp, Timestamp)| proposed.since(current).as_seconds();
        let less = |(proposed, current): (f64, f64)| proposed - current;
        Self {
            episodes: i64::try_from(proposed.episodes).unwrap_or(i64::MAX)
                - i64::try_from(current.episodes).unwrap_or(i64::MAX),
            first_approach_seconds: proposed.first_approach.zip(current.first_approach).map(seconds),
            lead_seconds: proposed.lead_seconds.zip(current.lead_seconds).map(less),
            peak_proximity: proposed.peak_proximity.zip(current.peak_proximity).map(less),
        }
    }

    /// `The proposed rules would have opened 2 more, the first 2h 30m earlier.`
    pub(super) fn told(&self, proposed: &Summary, current: &Summary) -> String {
        let count = match self.episodes {
            0 if proposed.episodes == 0 => "nothing, as the current ones do".to_owned(),
            0 => "as many episodes".to_owned(),
            more @ 1.. => format!("{more} more"),
            fewer => format!("{} fewer", fewer.unsigned_abs()),
        };
        let first = match (self.first_approach_seconds, proposed.first_approach, current.first_approach) {
            (Some(seconds), ..) if seconds < 0.0 => format!(", the first {} earlier", span(-seconds)),
            (Some(seconds), ..) if seconds > 0.0 => format!(", the first {} later", span(seconds)),
            (Some(_), ..) => ", the first at the same time".to_owned(),
            (None, Some(_), None) => "; the current ones open none".to_owned(),
            _ => String::new(),
        };
        let lead = match self.lead_seconds {
            Some(seconds) if seconds > 0.0 => format!(", with {} more before the failure", span(seconds)),
            Some(seconds) if seconds < 0.0 => format!(", with {} less before the failure", span(-seconds)),
            _ => String::new(),
        };
        format!("The proposed rules would have opened {count}{first}{lead}.")
    }
}

/// `2 episodes, the first near at ...; closest 0.97 at ...; failed at ..., 2h after the warning.`
pub(super) fn sentence(summary: &Summary, timeline: &Timeline) -> String {
    let closest = match summary.peak_proximity.zip(summary.peak_at) {
        Some((peak, at)) => format!("closest {} at {}", bar::number(peak), timeline.when(at)),
        None => "nothing was measured".to_owned(),
    };
    let opened = match (summary.episodes, summary.first_approach) {
        (1, Some(at)) => format!("1 episode, near at {}", timeline.when(at)),
        (count @ 2.., Some(at)) => format!("{count} episodes, the first near at {}", timeline.when(at)),
        _ if summary.breached => "No warning".to_owned(),
        _ => "Nothing would have opened".to_owned(),
    };
    let ended = match (summary.breached_at, summary.lead_seconds) {
        (Some(at), Some(lead)) if lead > 0.0 => {
            format!("failed at {}, {} after the warning", timeline.when(at), span(lead))
        }
        (Some(at), _) => format!("failed at {}", timeline.when(at)),
        _ if summary.episodes == 0 => return format!("{opened}; {closest}."),
        _ => "never failed".to_owned(),
    };
    format!("{opened}; {closest}; {ended}.")
}

/// Rows for a table: what, proposed, current.
pub(super) fn side_by_side(proposed: &Summary, current: &Summary, timeline: &Timeline) -> Vec<Vec<String>> {
    let when = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| timeline.when(at));
    let lead = |summary: &Summary| summary.lead_seconds.map_or_else(|| "-".to_owned(), span);
    let peak = |summary: &Summary| summary.peak_proximity.map_or_else(|| "-".to_owned(), bar::number);
    let both = |name: &str, of: &dyn Fn(&Summary) -> String| vec![name.to_owned(), of(proposed), of(current)];
    vec![
        both("episodes", &|summary| summary.episodes.to_string()),
        both("first approach", &|summary| when(summary.first_approach)),
        both("failed", &|summary| when(summary.breached_at)),
        both("warned before failure", &lead),
        both("closest", &peak),
    ]
}

fn span(seconds: f64) -> String {
    Span::from_millis((seconds * 1000.0).round() as i64).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::output::Terminal;

    fn at(hour: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(hour * 3_600_000))
    }

    fn near(episodes: u64, first: i64) -> Summary {
        let (peak_proximity, peak_at) = (Some(0.9), at(9));
        Summary { episodes, first_approach: at(first), peak_proximity, peak_at, ..Summary::default() }
    }

    fn failed(first: i64) -> Summary {
        let lead_seconds = Some((10 - first) as f64 * 3600.0);
        Summary { breached: true, breached_at: at(10), lead_seconds, ..near(1, first) }
    }

    #[test]
    fn a_sentence_says_what_opened_how_close_and_how_it_ended() {
        let terminal = Terminal { width: 80, height: None, colour: false };
        let timeline = Timeline { terminal, zone: TimeZone::UTC, about: 0 };
        let silent = Summary { episodes: 0, first_approach: None, lead_seconds: Some(0.0), ..failed(1) };
        let quiet = Summary { episodes: 0, first_approach: None, ..near(0, 0) };
        for (summary, told) in [
            (Summary::default(), "Nothing would have opened; nothing was measured."),
            (quiet, "Nothing would have opened; closest 0.90 at 1970-01-01 09:00:00."),
            (
                near(2, 1),
                "2 episodes, the first near at 1970-01-01 01:00:00; closest 0.90 at 1970-01-01 09:00:00; never failed.",
            ),
            (
                failed(7),
                "1 episode, near at 1970-01-01 07:00:00; closest 0.90 at 1970-01-01 09:00:00; failed at 1970-01-01 \
                 10:00:00, 3h after the warning.",
            ),
            (silent, "No warning; closest 0.90 at 1970-01-01 09:00:00; failed at 1970-01-01 10:00:00."),
        ] {
            assert_eq!(sentence(&summary, &timeline), told);
        }
    }

    #[test]
    fn a_difference_is_told_in_the_words_of_the_proposal() {
        let quiet = Summary::default();
        for (proposed, current, told) in [
            (near(2, 1), near(1, 3), "1 more, the first 2h earlier."),
            (near(1, 3), near(2, 1), "1 fewer, the first 2h later."),
            (near(1, 1), near(1, 1), "as many episodes, the first at the same time."),
            (near(1, 1), quiet, "1 more; the current ones open none."),
            (quiet, quiet, "nothing, as the current ones do."),
            (
                failed(2),
                failed(7),
                "as many episodes, the first 5h earlier, with 5h more before the failure.",
            ),
        ] {
            let difference = Difference::of(&proposed, &current).told(&proposed, &current);
            assert_eq!(difference, format!("The proposed rules would have opened {told}"));
        }
    }
}
