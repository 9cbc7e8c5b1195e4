//! A second, simple model of the physical layer beside the evaluator under random readings: same states.

use nearmiss_shared::time::{Span, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::rule::RuleSet;

/// Confirm 2, hold 60 s, reopen 10 min, an interval of 10 s, no forecast (the horizon is too short to fill).
const RULES: &str = "[[filesystem]]\nname = \"m\"\nconfirm = 2\nhold = \"60s\"\nreopen = \"10m\"\ninterval = \"10s\"\n\
                     horizon = \"100ms\"\n";

/// The table in the plainest words: seconds, a state name, a counter, the second of the last change.
struct Model {
    state: Physical,
    count: u32,
    quiet_since: i64,
    seen: i64,
    before_dark: Physical,
}

impl Model {
    fn pass(&mut self, now: i64) {
        let held = now - self.quiet_since;
        match self.state {
            Physical::Receding if held >= 60 => {
                self.state = Physical::Recovered;
                self.quiet_since += 60;
                self.count = 0;
                self.pass(now);
            }
            Physical::Recovered if held >= 600 => self.state = Physical::Normal,
            Physical::Breached if self.quiet_since >= 0 && held >= 60 => self.state = Physical::Normal,
            _ => {}
        }
    }

    fn sample(&mut self, now: i64, proximity: f64) {
        if self.seen >= 0
            && now - self.seen > 30
            && !matches!(self.state, Physical::Breached | Physical::Dark)
        {
            self.before_dark = self.state;
            self.state = Physical::Dark;
        }
        if self.state == Physical::Dark {
            self.state = self.before_dark;
        }
        self.seen = now;
        let near = proximity >= 0.7;
        self.state = match self.state {
            state if proximity >= 1.0 => {
                self.quiet_since = if state == Physical::Breached { self.quiet_since } else { -1 };
                self.quiet_since = -1;
                Physical::Breached
            }
            Physical::Normal | Physical::Watch | Physical::Recovered => {
                let resting =
                    if self.state == Physical::Recovered { Physical::Recovered } else { Physical::Normal };
                self.count = if near { self.count + 1 } else { 0 };
                match (near, self.count >= 2) {
                    (true, true) => Physical::Approached,
                    (true, false) if resting == Physical::Normal => Physical::Watch,
                    _ => resting,
                }
            }
            Physical::Approached if proximity < 0.65 => {
                self.quiet_since = now;
                Physical::Receding
            }
            Physical::Receding if near => Physical::Approached,
            Physical::Receding => {
                self.quiet_since = if proximity < 0.65 { self.quiet_since } else { now };
                Physical::Receding
            }
            Physical::Breached => {
                let quiet = if self.quiet_since < 0 { now } else { self.quiet_since };
                self.quiet_since = if proximity < 0.65 { quiet } else { -1 };
                Physical::Breached
            }
            other => other,
        };
        if matches!(self.state, Physical::Approached) {
            self.count = 0;
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let gap = prop_oneof![8 => Just(10i64), 1 => Just(30i64)];
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
        let mut model =
            Model { state: Physical::Normal, count: 0, quiet_since: -1, seen: -1, before_dark: Physical::Normal };
        let mut now = 0;
        let mut sequence = 0;
        for (gap, proximity) in steps {
            now += gap;
            let at = Stamp { wall: Timestamp::from_millis(now * 1000), boot_ms: now * 1000 };
            // `free` at this proximity: normal 0.5, limit 0.
            let reading = Reading::value("filesystem.free", "/", at, 0.5 - proximity * 0.5);
            let events = state.observe(&judgement, &reading);
            model.pass(now);
            model.sample(now, proximity);
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
