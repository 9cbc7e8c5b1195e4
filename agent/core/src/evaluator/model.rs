//! A second, simple model of the physical layer beside the evaluator under random readings: same states.

use nearmiss_shared::time::{Span, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::rule::RuleSet;

/// Confirm 2, hold 60 s, reopen 10 min, an interval of 10 s, no forecast (the horizon is too short to fill).
const RULES: &str = "[[filesystem]]\nname = \"m\"\nconfirm = 2\nhold = \"60s\"\nreopen = \"10m\"\ninterval = \"10s\"\n\
                     horizon = \"100ms\"\n";

/// The table in the plainest words, second by second. A time that is not set is -1.
struct Model {
    state: Physical,
    count: u32,
    quiet_since: i64,
    recovered_at: i64,
    now: i64,
    seen: i64,
    before_dark: Physical,
}

const NEW: Model = Model {
    state: Physical::Normal,
    count: 0,
    quiet_since: -1,
    recovered_at: -1,
    now: 0,
    seen: -1,
    before_dark: Physical::Normal,
};

impl Model {
    /// Lives through every second until `now`, without a sample.
    fn pass(&mut self, now: i64) {
        while self.now < now {
            self.now += 1;
            let silent = self.seen >= 0 && self.now - self.seen > 30;
            let held = self.quiet_since >= 0 && self.now - self.quiet_since >= 60;
            match self.state {
                // Nobody looks, so nobody can say that it stayed well.
                Physical::Breached if silent => self.quiet_since = -1,
                Physical::Breached if held => self.state = Physical::Normal,
                Physical::Dark | Physical::Breached => {}
                _ if silent => {
                    self.before_dark = self.state;
                    self.state = Physical::Dark;
                }
                Physical::Receding if held => {
                    self.state = Physical::Recovered;
                    self.recovered_at = self.now;
                    self.count = 0;
                }
                Physical::Recovered if self.now - self.recovered_at >= 600 => {
                    self.state = Physical::Normal;
                    self.count = 0;
                }
                _ => {}
            }
        }
    }

    fn sample(&mut self, proximity: f64) {
        if self.state == Physical::Dark {
            self.state = self.before_dark;
            self.quiet_since = self.now;
        }
        self.seen = self.now;
        self.state = self.judged(proximity);
    }

    fn judged(&mut self, proximity: f64) -> Physical {
        let (near, well) = (proximity >= 0.7, proximity < 0.65);
        if proximity >= 1.0 {
            self.quiet_since = -1;
            self.count = 0;
            return Physical::Breached;
        }
        match self.state {
            Physical::Normal | Physical::Watch | Physical::Recovered => {
                self.count = if near { self.count + 1 } else { 0 };
                let resting =
                    if self.state == Physical::Recovered { Physical::Recovered } else { Physical::Normal };
                match (self.count, resting) {
                    (2.., _) => self.opened(),
                    (1, Physical::Normal) => Physical::Watch,
                    _ => resting,
                }
            }
            Physical::Receding if near => self.opened(),
            Physical::Approached if well => {
                self.quiet_since = self.now;
                Physical::Receding
            }
            Physical::Receding if !well => {
                self.quiet_since = self.now;
                Physical::Receding
            }
            Physical::Breached => {
                self.quiet_since = if !well {
                    -1
                } else if self.quiet_since < 0 {
                    self.now
                } else {
                    self.quiet_since
                };
                Physical::Breached
            }
            same => same,
        }
    }

    fn opened(&mut self) -> Physical {
        self.count = 0;
        Physical::Approached
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let gap = prop_oneof![12 => Just(10i64), 2 => Just(30i64), 1 => Just(31i64), 1 => Just(95i64), 1 => Just(900i64)];
    let level = prop_oneof![Just(0.1), Just(0.66), Just(0.68), Just(0.72), Just(0.95), Just(1.0)];
    proptest::collection::vec((gap, level), 1..120)
}

proptest! {
    #[test]
    fn evaluator_and_model_agree(steps in steps()) {
        let judgement = RuleSet::parse(&[("m.toml".to_owned(), RULES.to_owned())])
            .unwrap()
            .judge("filesystem.free", "/", None)
            .unwrap();
        let mut state = SignalState::new("filesystem.free", "/");
        let mut model = NEW;
        let mut now = 0;
        let mut sequence = 0;
        for (gap, proximity) in steps {
            now += gap;
            let at = Stamp { wall: Timestamp::from_millis(now * 1000), boot_ms: now * 1000 };
            // `free` at this proximity: normal 0.5, limit 0.
            let reading = Reading::value("filesystem.free", "/", at, 0.5 - proximity * 0.5);
            let events = state.observe(&judgement, &reading);
            model.pass(now);
            model.sample(proximity);
            prop_assert_eq!(state.physical(), model.state, "at {} s, p {}", now, proximity);
            for event in events {
                prop_assert_eq!(event.sequence, sequence + 1);
                sequence = event.sequence;
            }
            if let Some(wake) = state.next_wake(&judgement) {
                let early = Stamp { wall: at.wall, boot_ms: wake - 1 };
                prop_assert!(early.since(at) < Span::ZERO || state.clone().tick(&judgement, early).is_empty());
            }
        }
    }
}
