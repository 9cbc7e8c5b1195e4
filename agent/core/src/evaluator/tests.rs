//! A table test for each row of the physical layer, on the shipped filesystem rule and a manual clock.

use nearmiss_shared::time::{Span, Timestamp};

use super::*;
use crate::rule::RuleSet;

mod failure;
mod forecast;
mod hazard;
mod measures;
mod near;
mod rest;
mod silence;
mod standing;
mod stored;

/// A signal that is fed by hand: 15 s apart unless a test says otherwise.
struct Bench {
    state: SignalState,
    judgement: Judgement,
    now: Stamp,
    events: Vec<Transition>,
}

fn judgement(rules: &str, signal: &str) -> Judgement {
    RuleSet::parse(&[("t.toml".to_owned(), rules.to_owned())]).unwrap().judge(signal, "/srv", None).unwrap()
}

impl Bench {
    fn new(rules: &str, signal: &str) -> Self {
        let now = Stamp { wall: Timestamp::from_millis(1_795_457_577_000), boot_ms: 1_000_000 };
        let judgement = judgement(rules, signal);
        Self { state: SignalState::new(signal, "/srv"), judgement, now, events: Vec::new() }
    }

    fn filesystem() -> Self {
        Self::new("", "filesystem.free")
    }

    /// An episode that three samples opened.
    fn approached() -> Self {
        let mut bench = Self::filesystem();
        bench.values(&[0.14, 0.14, 0.14]);
        bench
    }

    /// And one that turned.
    fn receding() -> Self {
        let mut bench = Self::approached();
        bench.values(&[0.4]);
        bench
    }

    fn silent(mut self, span: Span) -> Self {
        self.wait(span);
        self
    }

    fn measure(&mut self, measure: Measure) -> &mut Self {
        let reading = Reading::of(self.state.signal(), "/srv", self.now, measure);
        let out = self.state.observe(&self.judgement, &reading);
        self.events.extend(out);
        self.now = self.now.plus(Span::from_seconds(15));
        self
    }

    fn values(&mut self, values: &[f64]) -> &mut Self {
        for value in values {
            self.measure(Measure::Value(*value));
        }
        self
    }

    fn trigger(&mut self) -> &mut Self {
        self.measure(Measure::Trigger { value: None, reason: "it says so".to_owned() })
    }

    fn consequence(&mut self) -> &mut Self {
        self.measure(Measure::Consequence { value: None, reason: "turned read-only".to_owned() })
    }

    fn retire(&mut self) -> &mut Self {
        self.measure(Measure::Retired { why: "serial S1 is gone".to_owned() })
    }

    fn unreadable(&mut self) -> &mut Self {
        self.measure(Measure::Invalid { why: "permission denied".to_owned() })
    }

    /// The same value every 15 s for this long.
    fn hold(&mut self, value: f64, span: Span) -> &mut Self {
        for _ in 0..=span.as_millis() / 15_000 {
            self.measure(Measure::Value(value));
        }
        self
    }

    /// A straight way from one value to another.
    fn line(&mut self, from: f64, to: f64, span: Span) -> &mut Self {
        let steps = span.as_millis() / 15_000;
        for step in 0..=steps {
            self.measure(Measure::Value(from + (to - from) * step as f64 / steps as f64));
        }
        self
    }

    fn wait(&mut self, span: Span) -> &mut Self {
        self.now = self.now.plus(span);
        let out = self.state.tick(&self.judgement, self.now);
        self.events.extend(out);
        self
    }

    /// The host starts anew; a minute is lost.
    fn reboot(&mut self, orderly: bool) -> &mut Self {
        self.now = Stamp { wall: self.now.wall.plus(Span::from_seconds(60)), boot_ms: 5_000 };
        self.state.resumed(self.now, false, orderly);
        self
    }

    fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.kind.as_str()).collect()
    }

    fn last(&self) -> &Transition {
        self.events.last().unwrap()
    }

    fn at(&self) -> Physical {
        self.state.physical()
    }

    fn measures(&self) -> Measures {
        self.state.measures(&self.judgement, self.now).unwrap()
    }
}
