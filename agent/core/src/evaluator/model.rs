//! A second, simple model of the physical layer beside the evaluator: the same states, and the same transitions at
//! the same times, under random readings, gaps, reboots, restarts, triggers, consequences, retirement, acceptance.
//!
//! It lives second by second on one wall clock, knows no boot time, no wakes and no stored form, and keeps its states
//! in one struct of plain numbers. A time that is not set is -1.

use proptest::prelude::*;

use super::*;

mod host;

use host::Host;

/// Its times in seconds are the model's constants below.
const RULES: &str = "[[filesystem]]\nname = \"m\"\nconfirm = 3\nhold = \"60s\"\nreopen = \"10m\"\ninterval = \"10s\"\n\
                     forecast = false\n";
const CONFIRM: i64 = 30;
const HOLD: i64 = 60;
const REOPEN: i64 = 600;
const SILENCE: i64 = 30;

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Value(f64),
    Trigger,
    Consequence,
    Invalid,
    Resting,
    Retired,
    /// A person accepts it as it stands.
    Accepted,
    /// The agent stops and starts; the host goes on.
    Restart,
    Reboot {
        orderly: bool,
    },
}

struct Model {
    state: Physical,
    now: i64,
    seen: i64,
    proximity: f64,
    /// Samples past approach in a row, and the first of them.
    near: i64,
    near_since: i64,
    quiet_since: i64,
    recovered_at: i64,
    entry: f64,
    critical_told: bool,
    before_dark: Physical,
    crashed: bool,
    /// When it was last found resting, while it rests.
    resting: i64,
    /// The failure is only taken for one, after a crash.
    inferred: bool,
    told: Vec<(String, i64)>,
}

impl Model {
    fn new() -> Self {
        Self {
            state: Physical::Normal,
            now: 0,
            seen: -1,
            proximity: 0.0,
            near: 0,
            near_since: -1,
            quiet_since: -1,
            recovered_at: -1,
            entry: 0.0,
            critical_told: false,
            before_dark: Physical::Normal,
            crashed: false,
            resting: -1,
            inferred: false,
            told: Vec::new(),
        }
    }

    fn tell(&mut self, kind: &str, at: i64) {
        self.told.push((kind.to_owned(), at));
    }

    /// Lives through every second until `until`, without a sample.
    fn pass(&mut self, until: i64) {
        while self.now < until {
            self.now += 1;
            let silent = self.seen >= 0 && self.now - self.seen > SILENCE;
            let held = self.quiet_since >= 0 && self.now - self.quiet_since >= HOLD;
            match self.state {
                // Nobody looks, so nobody can say that it stayed well.
                Physical::Breached if silent => self.quiet_since = -1,
                Physical::Breached if held => {
                    self.state = Physical::Normal;
                    self.near = 0;
                    self.tell("restored", self.now);
                }
                Physical::Breached | Physical::Dark => {}
                // Nothing is concluded of what rests.
                _ if silent && self.resting >= 0 => {}
                _ if silent => {
                    self.before_dark = self.state;
                    self.state = Physical::Dark;
                    self.crashed = false;
                    self.tell("dark", self.seen + SILENCE);
                }
                _ => self.settle(),
            }
        }
    }

    /// What was back for long enough has recovered, and what had recovered for long is as ever.
    fn settle(&mut self) {
        let held = self.quiet_since >= 0 && self.now - self.quiet_since >= HOLD;
        match self.state {
            Physical::Receding | Physical::Standing if held => self.recover("recovered"),
            Physical::Recovered if self.now - self.recovered_at >= REOPEN => {
                self.state = Physical::Normal;
                self.near = 0;
            }
            _ => {}
        }
    }

    fn recover(&mut self, kind: &str) {
        self.state = Physical::Recovered;
        self.recovered_at = self.now;
        self.near = 0;
        self.tell(kind, self.now);
    }

    fn is_near(state: Physical) -> bool {
        matches!(state, Physical::Approached | Physical::Receding | Physical::Standing)
    }

    fn takes(&mut self, what: What) {
        match what {
            What::Restart | What::Reboot { orderly: true } => return,
            What::Invalid => return self.lose(),
            What::Resting => {
                self.resting = self.now;
                return;
            }
            What::Accepted => return self.accept(),
            What::Reboot { orderly: false } => {
                if Self::is_near(self.state) {
                    self.before_dark = self.state;
                    self.state = Physical::Dark;
                }
                self.crashed = true;
                return;
            }
            What::Retired => self.retire(),
            What::Value(proximity) => {
                self.proximity = proximity;
                self.sees(false, false);
            }
            What::Trigger => self.sees(true, false),
            What::Consequence => self.sees(false, true),
        }
        self.seen = self.now;
        if std::mem::replace(&mut self.resting, -1) >= 0 {
            self.settle();
        }
    }

    /// It is not read: what rested is missed from when it was last found so, and its holds begin anew there.
    fn lose(&mut self) {
        let found = std::mem::replace(&mut self.resting, -1);
        if found < 0 {
            return;
        }
        self.seen = if self.seen < 0 { -1 } else { found };
        self.near = 0;
        match self.state {
            Physical::Receding => self.quiet_since = found,
            Physical::Standing | Physical::Breached => self.quiet_since = -1,
            _ => {}
        }
        // The running second again, as one of what is missed.
        self.now -= 1;
        self.pass(self.now + 1);
    }

    fn accept(&mut self) {
        if matches!(self.state, Physical::Approached | Physical::Receding) {
            self.state = Physical::Standing;
            self.entry = self.proximity;
            self.quiet_since = -1;
            self.tell("standing", self.now);
        }
    }

    fn retire(&mut self) {
        let state = if self.state == Physical::Dark { self.before_dark } else { self.state };
        match state {
            Physical::Normal | Physical::Watch => {
                self.state = Physical::Normal;
                self.near = 0;
            }
            Physical::Breached => {}
            _ => self.recover("retired"),
        }
    }

    fn sees(&mut self, trigger: bool, consequence: bool) {
        if self.state == Physical::Dark {
            self.state = self.before_dark;
            self.near = 0;
            self.quiet_since = if self.state == Physical::Receding { self.now } else { -1 };
            if self.crashed && Self::is_near(self.state) {
                self.fail();
                self.inferred = true;
            } else {
                self.tell("gap", self.now);
            }
        }
        let known = self.state == Physical::Breached && !self.inferred;
        if !known && (consequence || self.proximity >= 1.0) {
            return self.fail();
        }
        self.judge(trigger, consequence);
    }

    fn fail(&mut self) {
        self.state = Physical::Breached;
        self.inferred = false;
        self.quiet_since = -1;
        self.tell("breached", self.now);
    }

    fn judge(&mut self, trigger: bool, consequence: bool) {
        let past = self.proximity >= 0.7;
        let quiet = self.proximity < 0.65 && !trigger && !consequence;
        match self.state {
            Physical::Normal | Physical::Watch | Physical::Recovered => self.confirm(trigger, past),
            Physical::Approached if quiet => {
                self.state = Physical::Receding;
                self.quiet_since = self.now;
                self.tell("receding", self.now);
            }
            Physical::Approached if self.proximity >= 0.9 && !self.critical_told => {
                self.critical_told = true;
                self.tell("worsened", self.now);
            }
            Physical::Receding if past || trigger => self.open(),
            Physical::Receding if !quiet => self.quiet_since = self.now,
            Physical::Standing if trigger || self.proximity < self.entry + 0.05 => self.quiet(quiet),
            Physical::Standing => self.open(),
            Physical::Breached => self.quiet(quiet),
            _ => {}
        }
    }

    fn quiet(&mut self, quiet: bool) {
        let begun = if self.quiet_since < 0 { self.now } else { self.quiet_since };
        self.quiet_since = if quiet { begun } else { -1 };
    }

    fn confirm(&mut self, trigger: bool, past: bool) {
        if trigger {
            return self.open();
        }
        self.near = if past { self.near + 1 } else { 0 };
        if self.near == 1 {
            self.near_since = self.now;
        }
        if self.near >= 3 || (self.near > 0 && self.now - self.near_since >= CONFIRM) {
            return self.open();
        }
        if self.state != Physical::Recovered {
            self.state = if past { Physical::Watch } else { Physical::Normal };
        }
    }

    fn open(&mut self) {
        self.state = Physical::Approached;
        self.near = 0;
        self.critical_told = self.proximity >= 0.9;
        self.tell("approached", self.now);
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, What)>> {
    let gap = prop_oneof![14 => Just(10i64), 2 => Just(30i64), 1 => Just(31i64), 2 => Just(95i64), 1 => Just(900i64)];
    let level = prop_oneof![
        3 => Just(0.1),
        1 => Just(0.66),
        1 => Just(0.68),
        3 => Just(0.72),
        1 => Just(0.79),
        1 => Just(0.95),
        1 => Just(1.0),
    ];
    let what = prop_oneof![
        40 => level.prop_map(What::Value),
        2 => Just(What::Trigger),
        1 => Just(What::Consequence),
        4 => Just(What::Invalid),
        3 => Just(What::Resting),
        1 => Just(What::Retired),
        2 => Just(What::Accepted),
        2 => Just(What::Restart),
        4 => any::<bool>().prop_map(|orderly| What::Reboot { orderly }),
    ];
    proptest::collection::vec((gap, what), 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn evaluator_and_model_are_in_the_same_states_by_the_same_moves_at_the_same_times(steps in steps()) {
        let mut host = Host::new();
        let mut model = Model::new();
        let mut now = 0;
        for (gap, what) in steps {
            now += gap;
            // Neither lives through the time between the last word and a reboot.
            if !matches!(what, What::Restart | What::Reboot { .. }) {
                model.pass(now);
            }
            model.takes(what);
            host.takes(what, now);
            if !matches!(what, What::Restart | What::Reboot { .. }) {
                prop_assert_eq!(host.state.physical(), model.state, "{:?} at {} s", what, now);
                prop_assert_eq!(&host.told, &model.told);
            }
            prop_assert!(host.sleeps_until_its_wake(now), "{:?} at {} s", what, now);
        }
    }
}
