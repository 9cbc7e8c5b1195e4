//! Files that rules guard: read when they look changed, and once a day whatever they look like.
//!
//! What a look reads is bounded in files and bytes; what is left is read at the next one, and nothing is judged
//! until all was read.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::integrity::{Content, Guard, judge_sums};
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::rule::{Declared, IntegrityMode, IntegrityRule, RuleSet};
use nearmiss_shared::time::Span;

use crate::due::Due;
use crate::files::Pattern;
use crate::patience::Patience;
use crate::{Clock, Excuses, Known, Probe, Readings};

mod content;

use content::{Cache, Job, Looked};

const NAME: &str = "integrity";
const UNDECLARED: &str = "no data is guarded: a rule [[integrity]] with name, path and mode = \"unchanged\" or \
                          \"append-only\", or a manifest, guards it";

/// From one look to the next where the rule says nothing.
const SHIPPED: Span = Span::from_minutes(1);
/// Rules whose files are read at once.
const AT_ONCE: usize = 2;
/// How long the files of one rule are waited for at one look.
const PATIENCE: Duration = Duration::from_secs(10);

/// Guards every declared file.
#[derive(Debug)]
pub struct IntegrityProbe {
    watched: BTreeMap<String, Watched>,
    interval: Span,
    excuses: Excuses,
}

#[derive(Debug)]
struct Watched {
    rule: IntegrityRule,
    due: Due,
    guard: Guard,
    cache: Cache,
    patience: Patience<Looked>,
}

impl IntegrityProbe {
    pub fn new(rules: &RuleSet) -> Self {
        let mut watched = BTreeMap::new();
        for (rule, declared) in rules.declared() {
            let Declared::Integrity(integrity) = declared else { continue };
            let due = Due::every(rule.interval.unwrap_or(SHIPPED));
            let (guard, cache, patience) = Default::default();
            let entry = Watched { rule: integrity.clone(), due, guard, cache, patience };
            watched.insert(integrity.path.clone(), entry);
        }
        let interval = watched.values().map(|watched| watched.due.pace()).min().unwrap_or(SHIPPED);
        Self { watched, interval, excuses: Excuses::new(NAME) }
    }

    /// Looks at the files of every rule whose turn it is.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let now = clock.stamp();
        let due = self.watched.values_mut().filter_map(|one| one.due.take(now).then_some(one));
        let looks: Vec<_> = due.map(|watched| watched.look(clock)).collect();
        let mut readings: Vec<_> =
            futures_util::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        readings.sort_by(|one, other| one.subject.cmp(&other.subject));
        let undeclared = self.watched.is_empty().then(|| UNDECLARED.to_owned());
        Readings { readings, not_applicable: self.excuses.news(undeclared) }
    }
}

impl Watched {
    async fn look(&mut self, clock: &Clock) -> Reading {
        let job = self.job(clock);
        let looked = self.patience.ask("guarded files", PATIENCE, move || content::look(&job)).await;
        let at = clock.stamp();
        let invalid = |why| Reading::of("integrity.changed", &self.rule.path, at, Measure::Invalid { why });
        let looked = match looked {
            Ok(looked) => looked,
            Err(why) => return invalid(why),
        };
        self.cache = looked.cache;
        if let Some(why) = looked.fault {
            return invalid(why);
        }
        let found: BTreeMap<String, Content> =
            self.cache.iter().map(|(path, cached)| (path.clone(), cached.content.clone())).collect();
        match looked.sums {
            Some(sums) => judge_sums(&self.rule, &sums, &found, at),
            None => self.guard.judge(&self.rule, &found, at),
        }
    }

    fn job(&self, clock: &Clock) -> Job {
        let manifest = match &self.rule.mode {
            IntegrityMode::Manifest(manifest) => Some(manifest.clone()),
            IntegrityMode::Unchanged | IntegrityMode::AppendOnly => None,
        };
        Job {
            pattern: Pattern::new(&self.rule.path),
            manifest,
            guard: self.guard.clone(),
            cache: self.cache.clone(),
            at: clock.stamp(),
        }
    }
}

impl Probe for IntegrityProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        let guards = known.signal == "integrity.changed";
        if let Some(watched) = self.watched.get_mut(&known.subject).filter(|_| guards) {
            watched.guard.resume(&known.labels);
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
