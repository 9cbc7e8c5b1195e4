//! The evaluator on the model's life.

use nearmiss_shared::time::{Span, Timestamp};

use super::*;
use crate::rule::RuleSet;

/// The evaluator on the same life, with a host that reboots and a state that is stored and read back.
pub(super) struct Host {
    pub(super) state: SignalState,
    judgement: Judgement,
    /// Wall second of the last boot.
    booted: i64,
    pub(super) told: Vec<(String, i64)>,
}

impl Host {
    pub(super) fn new() -> Self {
        let rules = RuleSet::parse(&[("m.toml".to_owned(), RULES.to_owned())]).unwrap();
        Self {
            state: SignalState::new("filesystem.free", "/"),
            judgement: rules.judge("filesystem.free", "/", None).unwrap(),
            booted: 0,
            told: Vec::new(),
        }
    }

    fn at(&self, second: i64) -> Stamp {
        let wall = Timestamp::from_millis(second * 1000);
        Stamp { wall, boot_ms: (second - self.booted) * 1000 }
    }

    pub(super) fn takes(&mut self, what: What, second: i64) {
        let at = self.at(second);
        let measure = match what {
            // `free` at this proximity: normal 0.5, limit 0.
            What::Value(proximity) => Measure::Value(0.5 - proximity * 0.5),
            What::Trigger => Measure::Trigger { value: None, reason: String::new() },
            What::Consequence => Measure::Consequence { value: None, reason: String::new() },
            What::Invalid => Measure::Invalid { why: String::new() },
            What::Resting => Measure::Resting { why: String::new() },
            What::Retired => Measure::Retired { why: String::new() },
            What::Accepted => {
                let out = self.state.tick(&self.judgement, at);
                self.tell(&out);
                let until = at.wall.plus(Span::from_days(999));
                let (reason, person) = (String::new(), String::new());
                let baseline = Baseline { value: 0.0, until, reason, person };
                let out = self.state.acknowledge_baseline(&self.judgement, baseline, at);
                return self.tell(&out);
            }
            What::Restart => return self.store(),
            What::Reboot { orderly } => {
                self.store();
                self.booted = second - 1;
                return self.state.resumed(self.at(second), false, orderly);
            }
        };
        let out = self.state.observe(&self.judgement, &Reading::of("filesystem.free", "/", at, measure));
        self.tell(&out);
    }

    fn store(&mut self) {
        let text = serde_json::to_string(&self.state).unwrap();
        self.state = serde_json::from_str(&text).unwrap();
    }

    fn tell(&mut self, transitions: &[Transition]) {
        let told = transitions.iter().map(|one| (one.kind.to_string(), one.at.wall.as_millis() / 1000));
        self.told.extend(told);
    }

    /// Just before its next wake there is nothing to do.
    pub(super) fn sleeps_until_its_wake(&self, second: i64) -> bool {
        let at = self.at(second);
        self.state.next_wake(&self.judgement).is_none_or(|wake| {
            let early = Stamp { wall: at.wall, boot_ms: wake - 1 };
            early.boot_ms < at.boot_ms || self.state.clone().tick(&self.judgement, early).is_empty()
        })
    }
}
