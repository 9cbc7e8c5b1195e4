//! What answers and failures of one endpoint amount to, look after look.

use std::collections::VecDeque;

use nearmiss_shared::time::Span;

use crate::reading::{Measure, Reading, Stamp};
use crate::rule::EndpointRule;

/// The latency told is the median of this many answers, so that one slow answer does not count.
const ANSWERS: usize = 3;
/// What a host starts comes up meanwhile; later, an endpoint that was never seen up is told of at its first failure.
const BOOT: Span = Span::from_minutes(10);

/// A good answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub seconds: f64,
    /// The other host that it points to, which was not asked.
    pub elsewhere: Option<String>,
}

/// One endpoint between looks.
#[derive(Clone, Debug, Default)]
pub struct Health {
    failures: u32,
    /// It answered once, or was watched before a restart.
    known: bool,
    answers: VecDeque<f64>,
}

impl Health {
    /// As it was before a restart, by the labels of its last reading.
    pub fn resume(&mut self, failures: Option<&str>) {
        self.known = true;
        self.failures = failures.and_then(|text| text.parse().ok()).unwrap_or(0);
    }

    /// The readings of one look: an answer, or why there was none.
    pub fn judge(
        &mut self,
        rule: &EndpointRule,
        answer: Result<Answered, String>,
        at: Stamp,
    ) -> Vec<Reading> {
        let subject = rule.target.subject();
        match answer {
            Ok(answered) => {
                self.failures = 0;
                self.known = true;
                let mut latency =
                    Reading::value("endpoint.latency", &subject, at, self.median(answered.seconds));
                latency.limits = Some(rule.latency_levels());
                let elsewhere = answered.elsewhere;
                let latency =
                    elsewhere.into_iter().fold(latency, |reading, host| reading.label("redirects_to", host));
                vec![latency, self.attempts(rule, &subject, None, at)]
            }
            Err(why) => {
                self.failures = self.failures.saturating_add(1).min(rule.attempts);
                let consequence = self.consequence(rule, &subject, &why, at);
                let attempts = self.attempts(rule, &subject, Some(why), at);
                [attempts].into_iter().chain(consequence).collect()
            }
        }
    }

    /// A unit that is there for this endpoint has failed with it, also where systemd calls it active.
    fn consequence(&self, rule: &EndpointRule, subject: &str, why: &str, at: Stamp) -> Option<Reading> {
        let unit = rule.consequence_for.as_ref().filter(|_| self.failures >= rule.attempts)?;
        let reason = format!("{subject} is down: {why}");
        let measure = Measure::Consequence { value: None, reason };
        Some(Reading::of("service.active", unit, at, measure))
    }

    fn attempts(&self, rule: &EndpointRule, subject: &str, why: Option<String>, at: Stamp) -> Reading {
        let left = f64::from(rule.attempts.saturating_sub(self.failures));
        let levels = rule.attempts_levels();
        let new = !self.known && at.boot_ms >= BOOT.as_millis();
        let failed = why.clone();
        let measure = match failed {
            Some(why) if left == 0.0 => {
                let reason = match self.failures {
                    1 => format!("down: {why}"),
                    count => format!("down after {count} failures in a row: {why}"),
                };
                Measure::Consequence { value: Some(left), reason }
            }
            Some(reason) if new || left <= levels.approach => Measure::Trigger { value: Some(left), reason },
            _ => Measure::Value(left),
        };
        let mut reading = Reading::of("endpoint.attempts_left", subject, at, measure);
        reading.limits = Some(levels);
        match why {
            Some(why) => reading.label("failures", self.failures.to_string()).label("failed_by", why),
            None => reading,
        }
    }

    fn median(&mut self, seconds: f64) -> f64 {
        self.answers.push_back(seconds);
        if self.answers.len() > ANSWERS {
            self.answers.pop_front();
        }
        let mut sorted: Vec<f64> = self.answers.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        // Of two, the quicker.
        sorted.get((sorted.len() - 1) / 2).copied().unwrap_or(seconds)
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;

    use super::*;
    use crate::rule::{Declared, RuleSet};

    fn rule() -> EndpointRule {
        let text = "[[endpoint]]\nname = \"p\"\ntarget = \"http://h/\"\n".to_owned();
        let rules = RuleSet::parse(&[("r.toml".to_owned(), text)]).unwrap();
        match rules.declared().next().unwrap().1 {
            Declared::Endpoint(rule) => rule.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn up_for(minutes: i64) -> Stamp {
        let boot_ms = Span::from_minutes(minutes).as_millis();
        Stamp { wall: Timestamp::from_millis(boot_ms), boot_ms }
    }

    fn answer(seconds: f64) -> Result<Answered, String> {
        Ok(Answered { seconds, elsewhere: None })
    }

    fn refused() -> Result<Answered, String> {
        Err("connection refused".to_owned())
    }

    #[test]
    fn an_endpoint_that_was_up_counts_down_says_why_when_near_and_is_down_at_none_left() {
        let mut health = Health::default();
        health.judge(&rule(), answer(0.1), up_for(60));
        let looks: Vec<Measure> =
            (0..4).map(|_| health.judge(&rule(), refused(), up_for(61)).remove(0).measure).collect();
        let near = Measure::Trigger { value: Some(1.0), reason: "connection refused".to_owned() };
        let reason = "down after 3 failures in a row: connection refused".to_owned();
        let down = Measure::Consequence { value: Some(0.0), reason };
        assert_eq!(looks, [Measure::Value(2.0), near, down.clone(), down]);
        let back = health.judge(&rule(), answer(0.1), up_for(62));
        assert_eq!(back[1].measure, Measure::Value(3.0));
    }

    #[test]
    fn a_unit_fails_with_its_endpoint_and_not_before() {
        let rule = EndpointRule { consequence_for: Some("portal.service".to_owned()), ..rule() };
        let mut health = Health::default();
        let units: Vec<Option<Reading>> =
            (0..3).map(|_| health.judge(&rule, refused(), up_for(60)).into_iter().nth(1)).collect();
        let [None, None, Some(unit)] = units.as_slice() else { panic!("{units:?}") };
        assert_eq!((unit.signal.as_str(), unit.subject.as_str()), ("service.active", "portal.service"));
        let reason = "h:80 is down: connection refused".to_owned();
        assert_eq!(unit.measure, Measure::Consequence { value: None, reason });
    }

    #[test]
    fn what_never_answered_is_told_at_once_but_not_while_the_host_starts() {
        let first = |minutes| Health::default().judge(&rule(), refused(), up_for(minutes)).remove(0).measure;
        assert_eq!(first(1), Measure::Value(2.0));
        assert!(matches!(first(60), Measure::Trigger { value: Some(2.0), .. }));
    }

    #[test]
    fn failures_are_counted_on_after_a_restart() {
        let mut health = Health::default();
        health.resume(Some("2"));
        let reading = health.judge(&rule(), refused(), up_for(1)).remove(0);
        assert!(matches!(reading.measure, Measure::Consequence { .. }), "{reading:?}");
        assert_eq!(reading.labels["failures"], "3");
    }

    #[test]
    fn one_slow_answer_among_quick_ones_is_not_the_latency() {
        let mut health = Health::default();
        let told: Vec<Measure> = [0.1, 4.9, 0.2, 4.9, 4.8]
            .map(|seconds| health.judge(&rule(), answer(seconds), up_for(60)).remove(0).measure)
            .to_vec();
        assert_eq!(told, [0.1, 0.1, 0.2, 4.9, 4.8].map(Measure::Value));
    }
}
