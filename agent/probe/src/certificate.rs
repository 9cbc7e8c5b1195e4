//! Certificates: what declared addresses serve, and files that rules declare or that lie in the usual places.
//!
//! What a server shows is read whatever it is worth, and judged apart by this host's own authorities. A chain that
//! was never trusted may be meant so and is only labelled; one that was and is no more is a failure. Of files only
//! certificates are decoded, never keys; what the file's text held is wiped.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::certificate::Trust;
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::rule::{CertificateRule, Declared, RuleSet};
use nearmiss_shared::time::Span;

use crate::due::Due;
use crate::{Clock, Excuses, Known, Probe, Readings};

mod place;
mod served;
mod trust;

use place::Place;

const NAME: &str = "certificate";
const DAYS_LEFT: &str = "certificate.days_left";
const TRUST: &str = "certificate.trust";

const NONE: &str = "no certificate file lies in the usual places and none is declared: a rule [[certificate]] with \
                    name and target = \"host:443\", or the path of files, watches one";

/// From one look to the next where the rule says nothing.
const SHIPPED: Span = Span::from_hours(1);
/// Servers asked at once.
const AT_ONCE: usize = 8;

/// Watches certificates.
#[derive(Debug)]
pub struct CertificateProbe {
    interval: Span,
    served: BTreeMap<String, Served>,
    places: Vec<Place>,
    excuses: Excuses,
}

/// An address, and whether its chain was trusted once.
#[derive(Debug)]
struct Served {
    rule: CertificateRule,
    due: Due,
    trusted: bool,
}

impl CertificateProbe {
    pub fn new(rules: &RuleSet) -> Self {
        let mut served = BTreeMap::new();
        let mut places = Vec::new();
        for (rule, declared) in rules.declared() {
            let Declared::Certificate(certificate) = declared else { continue };
            let due = Due::every(rule.interval.unwrap_or(SHIPPED));
            match certificate {
                CertificateRule::Files(pattern) => places.push(Place::declared(pattern, due)),
                address => {
                    let entry = Served { rule: address.clone(), due, trusted: false };
                    served.insert(address.subject(), entry);
                }
            }
        }
        places.extend(Place::usual(Due::every(SHIPPED)));
        let paces = served.values().map(|served| served.due.pace());
        let interval = paces.chain(places.iter().map(Place::pace)).min().unwrap_or(SHIPPED);
        Self { interval, served, places, excuses: Excuses::new(NAME) }
    }

    /// A certificate that was watched before a restart.
    fn take_up(&mut self, known: &Known) {
        match (known.signal.as_str(), self.served.get_mut(&known.subject)) {
            (TRUST, Some(served)) => served.trusted = true,
            (DAYS_LEFT, None) => {
                // The first place that would find it.
                let _found = self.places.iter_mut().any(|place| place.takes_up(&known.subject));
            }
            _ => {}
        }
    }

    /// Looks at everything whose turn it is.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let mut readings = self.ask(clock).await;
        let now = clock.stamp();
        let mut excuses = Vec::new();
        for place in &mut self.places {
            if place.is_due(now) {
                readings.extend(place.look(clock).await);
            }
            excuses.extend(place.excuse());
        }
        let nothing = self.served.is_empty() && self.places.iter().all(Place::is_empty);
        excuses.extend((nothing && excuses.is_empty()).then(|| NONE.to_owned()));
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    async fn ask(&mut self, clock: &Clock) -> Vec<Reading> {
        let now = clock.stamp();
        let due = self.served.iter_mut().filter_map(|one| one.1.due.take(now).then_some(one));
        let questions: Vec<_> = due.map(|(subject, served)| served.ask(subject, clock)).collect();
        let answers: Vec<_> = futures_util::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
        let mut readings = answers.concat();
        readings.sort_by(|one, other| (&one.subject, &one.signal).cmp(&(&other.subject, &other.signal)));
        readings
    }
}

impl Served {
    async fn ask(&mut self, subject: &str, clock: &Clock) -> Vec<Reading> {
        let shown = served::shown(&self.rule).await;
        let at = clock.stamp();
        let (chain, shown) = match shown {
            Ok(read) => read,
            Err(why) => return vec![Reading::of(DAYS_LEFT, subject, at, Measure::Invalid { why })],
        };
        let trust = trust::judge(&self.rule, &shown, chain.judged_at(at.wall)).await;
        self.trusted |= trust == Trust::Trusted;
        let mut readings = vec![chain.days_left(subject, Some(&trust), at)];
        if self.trusted {
            readings.push(trust.reading(subject, at));
        }
        readings
    }
}

impl Probe for CertificateProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        self.take_up(known);
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
