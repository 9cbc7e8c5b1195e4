//! How close something is, from the freshest reading: what every row and page says of a signal.

use nearmiss_case::Case;
use nearmiss_case::track::response;
use nearmiss_case::verdict;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::urgency::{Urgency, is_last_barrier};
use nearmiss_shared::vocabulary::{Category, Physical};

use super::bar::Bar;
use crate::pages::{when, words};

/// One distance to failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closeness {
    pub category: Category,
    pub physical: Physical,
    pub proximity: Option<f64>,
    pub peak: Option<f64>,
    pub tick: f64,
    pub ordinal: bool,
    pub no_redundancy: bool,
    /// Seconds from now; the soonest known.
    pub failure: Option<f64>,
    /// Made-up readings end by themselves; what they were says nothing of normal.
    pub drill: bool,
    /// Since when a receding case is back.
    pub back_since: Option<Timestamp>,
    /// And when it is judged at the soonest.
    pub judged_at: Option<Timestamp>,
}

/// A reading newer than the case's last event, from the host's status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub value: Option<f64>,
    pub proximity: Option<f64>,
    pub failure: Option<f64>,
    pub at: Timestamp,
}

impl Closeness {
    /// Of a case; `fresh` overrules the numbers of its last event.
    pub(crate) fn of_case(case: &Case, fresh: Option<Reading>, now: Timestamp) -> Self {
        let measures = &case.measures;
        let fresh = fresh.filter(|_| is_running(case.physical) || case.physical == Physical::Standing);
        Self {
            category: case.category,
            physical: case.physical,
            proximity: fresh.map_or(measures.proximity_now, |reading| reading.proximity),
            peak: measures.proximity_peak,
            tick: measures.tick,
            ordinal: measures.ordinal,
            no_redundancy: is_last_barrier(&case.signal, measures.value),
            failure: match fresh {
                Some(reading) => reading.failure.map(|left| (left - age(reading.at, now)).max(0.0)),
                None => measures.failure_now.filter(|_| is_running(case.physical)),
            },
            drill: case.drill.is_some(),
            back_since: case.turned_at(),
            judged_at: case.judged_at(),
        }
    }

    pub(crate) fn urgency(&self) -> Urgency {
        Urgency {
            breached: self.physical == Physical::Breached,
            no_redundancy: self.no_redundancy,
            time_to_failure_seconds: self.failure,
            response_seconds: response(self.category).as_seconds(),
            proximity: self.proximity,
            approach: self.tick,
            ordinal: self.ordinal,
        }
    }

    pub(crate) fn bar(&self) -> Bar {
        let soon = self.failure.is_some_and(|left| left < response(self.category).as_seconds());
        let shown = if self.physical == Physical::Breached {
            self.proximity.map(|proximity| proximity.max(1.0)).or(Some(1.0))
        } else {
            self.proximity
        };
        Bar::new(shown, self.tick, self.peak, soon)
    }

    /// `full in 3 h 40 min`, `failed`, `no time known`.
    pub(crate) fn failure_words(&self) -> String {
        let verb = words::failure_verb(self.category);
        match (self.physical, self.failure) {
            (Physical::Breached, _) => "reached its failure limit".to_owned(),
            (Physical::Recovered | Physical::Restored | Physical::Normal, _) if self.drill => {
                "the drill has ended".to_owned()
            }
            (Physical::Recovered | Physical::Restored | Physical::Normal, _) => "back to normal".to_owned(),
            (Physical::Receding, _) => when::humane(&verdict::receding(self.back_since, self.judged_at)),
            (Physical::Dark, _) => "no reading: the host is silent".to_owned(),
            (_, Some(left)) if left < 1.0 => format!("{verb}: the predicted time has passed"),
            (_, Some(left)) => format!("{verb} in {}", when::span(left)),
            (_, None) if self.ordinal => "a count: no time to failure".to_owned(),
            (_, None) => "not converging".to_owned(),
        }
    }
}

/// Whether the signal is near and somebody must answer for it.
pub(crate) const fn is_running(physical: Physical) -> bool {
    matches!(
        physical,
        Physical::Approached | Physical::Receding | Physical::Breached | Physical::Dark | Physical::Watch
    )
}

fn age(at: Timestamp, now: Timestamp) -> f64 {
    now.since(at).as_seconds().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near() -> Closeness {
        Closeness {
            category: Category::Capacity,
            physical: Physical::Approached,
            proximity: Some(0.8),
            peak: Some(0.8),
            tick: 0.7,
            ordinal: false,
            no_redundancy: false,
            failure: Some(13_200.0),
            drill: false,
            back_since: None,
            judged_at: None,
        }
    }

    #[test]
    fn the_words_say_what_is_known_and_no_more() {
        assert_eq!(near().failure_words(), "full in 3 h 40 min");
        assert_eq!(Closeness { failure: None, ..near() }.failure_words(), "not converging");
        let ended = Closeness { physical: Physical::Recovered, drill: true, ..near() };
        assert_eq!(ended.failure_words(), "the drill has ended");
        assert_eq!(
            Closeness { failure: None, ordinal: true, ..near() }.failure_words(),
            "a count: no time to failure"
        );
        assert_eq!(
            Closeness { physical: Physical::Dark, ..near() }.failure_words(),
            "no reading: the host is silent"
        );
        assert_eq!(
            Closeness { category: Category::Disk, failure: Some(0.0), ..near() }.failure_words(),
            "fails: the predicted time has passed"
        );
    }

    #[test]
    fn failure_sooner_than_a_response_is_red_below_nine_tenths() {
        assert_eq!(near().bar().tone, "amber");
        assert_eq!(Closeness { failure: Some(600.0), ..near() }.bar().tone, "red");
        assert_eq!(Closeness { physical: Physical::Breached, ..near() }.bar().tone, "red breached");
    }
}
