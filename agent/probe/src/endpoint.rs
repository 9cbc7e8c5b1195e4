//! Endpoints that rules declare: a connection, or an HTTP answer with its status and text, within its time.
//!
//! Few are asked at once. A proxy of the environment is not used, and an answer that points to another host is told
//! and not followed. There is nothing to look at without a declaration.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::endpoint::Health;
use nearmiss_agent_core::rule::{Declared, EndpointRule, RuleSet};
use nearmiss_shared::time::Span;

use crate::due::Due;
use crate::{Clock, Excuses, Known, Probe, Readings};

mod ask;

use ask::Asker;

const NAME: &str = "endpoint";
const UNDECLARED: &str = "no endpoint is declared: a rule [[endpoint]] with name and target = \
                          \"https://host/path\" (or http://, tcp://host:port) watches one";

/// From one question to the next where the rule says nothing.
const SHIPPED: Span = Span::from_seconds(30);
/// Endpoints asked at once.
const AT_ONCE: usize = 8;

/// Asks every declared endpoint.
#[derive(Debug)]
pub struct EndpointProbe {
    watched: BTreeMap<String, Watched>,
    interval: Span,
    asker: Asker,
    excuses: Excuses,
}

#[derive(Debug)]
struct Watched {
    rule: EndpointRule,
    due: Due,
    health: Health,
}

impl EndpointProbe {
    pub fn new(rules: &RuleSet) -> Self {
        let mut watched = BTreeMap::new();
        for (rule, declared) in rules.declared() {
            let Declared::Endpoint(endpoint) = declared else { continue };
            let due = Due::every(rule.interval.unwrap_or(SHIPPED));
            let entry = Watched { rule: endpoint.clone(), due, health: Health::default() };
            watched.insert(endpoint.target.subject(), entry);
        }
        let interval = watched.values().map(|watched| watched.due.pace()).min().unwrap_or(SHIPPED);
        Self { watched, interval, asker: Asker::default(), excuses: Excuses::new(NAME) }
    }

    /// Asks every endpoint whose turn it is.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let now = clock.stamp();
        let asker = &self.asker;
        let questions = self.watched.values_mut().filter_map(|watched| {
            watched.due.take(now).then_some(async move {
                let answer = asker.ask(&watched.rule, clock).await;
                watched.health.judge(&watched.rule, answer, clock.stamp())
            })
        });
        let questions: Vec<_> = questions.collect();
        let answers: Vec<_> = futures_util::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
        let mut readings = answers.concat();
        readings.sort_by(|one, other| (&one.subject, &one.signal).cmp(&(&other.subject, &other.signal)));
        let undeclared = self.watched.is_empty().then(|| UNDECLARED.to_owned());
        Readings { readings, not_applicable: self.excuses.news(undeclared) }
    }
}

impl Probe for EndpointProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        let counts = known.signal == "endpoint.attempts_left";
        if let Some(watched) = self.watched.get_mut(&known.subject).filter(|_| counts) {
            watched.health.resume(known.labels.get("failures").map(String::as_str));
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
