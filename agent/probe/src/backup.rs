//! Backups that rules declare: the newest file of a place, and what a verifying program says.
//!
//! A program that verifies runs beside the looks, for as long as its rule allows, and is killed with its children when
//! the agent stops. It is never begun at the first look, so that `check` alone runs nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::backup::{BackupFile, BackupPlace};
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::rule::{BackupRule, Declared, RuleSet};
use nearmiss_shared::time::Span;

use crate::due::Due;
use crate::files::{Found, Pattern, Walk};
use crate::patience::Patience;
use crate::{Clock, Excuses, Known, Probe, Readings};

mod verification;

use verification::Verification;

const NAME: &str = "backup";
const UNDECLARED: &str =
    "no backup is declared: a rule [[backup]] with name, path and rpo = \"26h\" watches one";

/// From one look to the next where the rule says nothing.
const SHIPPED: Span = Span::from_minutes(5);
/// Places looked at at once.
const AT_ONCE: usize = 4;
/// How long the files of one place are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches every declared place of backups.
#[derive(Debug)]
pub struct BackupProbe {
    watched: BTreeMap<String, Watched>,
    interval: Span,
    excuses: Excuses,
}

#[derive(Debug)]
struct Watched {
    rule: BackupRule,
    pattern: Pattern,
    due: Due,
    patience: Patience<Walk>,
    place: BackupPlace,
    verification: Option<Verification>,
    looked: bool,
}

impl BackupProbe {
    pub fn new(rules: &RuleSet) -> Self {
        let mut watched = BTreeMap::new();
        for (rule, declared) in rules.declared() {
            let Declared::Backup(backup) = declared else { continue };
            let due = Due::every(rule.interval.unwrap_or(SHIPPED));
            watched.insert(backup.path.clone(), Watched::new(backup, due));
        }
        let interval = watched.values().map(|watched| watched.due.pace()).min().unwrap_or(SHIPPED);
        Self { watched, interval, excuses: Excuses::new(NAME) }
    }

    /// Looks at every place whose turn it is.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let now = clock.stamp();
        let due = self.watched.values_mut().filter_map(|one| one.due.take(now).then_some(one));
        let looks: Vec<_> = due.map(|watched| watched.look(clock)).collect();
        let looks: Vec<_> = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        let mut readings = looks.concat();
        readings.sort_by(|one, other| (&one.subject, &one.signal).cmp(&(&other.subject, &other.signal)));
        let undeclared = self.watched.is_empty().then(|| UNDECLARED.to_owned());
        Readings { readings, not_applicable: self.excuses.news(undeclared) }
    }
}

impl Watched {
    fn new(rule: &BackupRule, due: Due) -> Self {
        Self {
            rule: rule.clone(),
            pattern: Pattern::new(&rule.path),
            due,
            patience: Patience::default(),
            place: BackupPlace::default(),
            verification: None,
            looked: false,
        }
    }

    async fn look(&mut self, clock: &Clock) -> Vec<Reading> {
        let pattern = self.pattern.clone();
        let walk = self.patience.ask("backup files", PATIENCE, move || pattern.walk()).await;
        let walk = walk.unwrap_or_else(|why| Walk { files: Vec::new(), fault: Some(why) });
        let at = clock.stamp();
        self.verify(clock);
        match walk.fault {
            // A part that cannot be read may hold the newest: no age is told then.
            Some(why) => vec![Reading::of("backup.age", &self.rule.path, at, Measure::Invalid { why })],
            None => {
                let files: Vec<BackupFile> = walk.files.iter().map(backup_file).collect();
                self.place.judge(&self.rule, &files, at)
            }
        }
    }

    /// Takes the outcome of a verification that has ended, and begins one that is due.
    fn verify(&mut self, clock: &Clock) {
        let wall = clock.stamp().wall;
        if let Some((backup, outcome)) = self.verification.as_mut().and_then(Verification::ended) {
            self.place.verified(backup, outcome, wall);
            self.verification = None;
        }
        let due =
            self.place.to_verify(&self.rule, wall).filter(|_| self.looked && self.verification.is_none());
        if let Some((backup, verify)) = due.zip(self.rule.verify.as_ref()) {
            self.verification = Some(Verification::begin(verify, backup));
        }
        self.looked = true;
    }
}

fn backup_file(found: &Found) -> BackupFile {
    BackupFile { path: found.path.display().to_string(), size: found.size, modified: found.modified }
}

impl Probe for BackupProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if let Some(watched) = self.watched.get_mut(&known.subject) {
            watched.place.resume(&known.signal, &known.labels);
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
