//! How near a signal comes in its daily work, and turns: a nightly backup, a rotated log, a queue that is drained.
//!
//! A trend that stays within what turned by itself in the last week is no news, so the forecast speaks only beyond
//! it. The level at approach is judged as ever, and so is a signal that never came near before: a long quiet past
//! holds nothing back. Who turned it cannot be told here: what a person cleaned up short of approach is usual too.

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rule::Judgement;

/// What was usual longer ago is forgotten; a new host learns for as long.
const REMEMBERED: Span = Span::from_days(7);

/// The nearest turn below approach, and the running rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usual {
    /// The nearest since the signal last turned.
    #[serde(default)]
    crest: Option<f64>,
    #[serde(default)]
    turned: Option<Turn>,
}

/// A rise that ended short of approach. Times are wall times: a week outlives a boot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Turn {
    proximity: f64,
    at: Timestamp,
}

impl Usual {
    /// Takes one sample in: falling back from the crest by the rule's hysteresis is a turn.
    pub(super) fn sample(&mut self, judgement: &Judgement, proximity: f64, at: Timestamp) {
        let crest = self.crest.map_or(proximity, |crest| crest.max(proximity));
        let turned = proximity <= crest - judgement.hysteresis;
        if turned && crest < judgement.approach() {
            self.turn(judgement, Turn { proximity: crest, at });
        }
        self.crest = Some(if turned { proximity } else { crest });
    }

    /// A turn about as near as the nearest keeps that one in memory; one that is farther does not.
    fn turn(&mut self, judgement: &Judgement, turn: Turn) {
        let Some(known) = self.known(turn.at) else { return self.turned = Some(turn) };
        if turn.proximity >= known.proximity - judgement.hysteresis {
            let proximity = turn.proximity.max(known.proximity);
            self.turned = Some(Turn { proximity, ..turn });
        }
    }

    fn known(&self, now: Timestamp) -> Option<Turn> {
        self.turned.filter(|turn| now.since(turn.at) < REMEMBERED)
    }

    /// From this proximity on a trend is news.
    pub(super) fn beyond(&self, judgement: &Judgement, now: Timestamp) -> f64 {
        self.known(now).map_or(f64::NEG_INFINITY, |turn| turn.proximity + judgement.hysteresis)
    }
}
