//! Security updates that wait: what the package manager would install, and since when.
//!
//! It is asked for a simulation, which changes nothing and takes seconds: so not while the agent starts, and then only when the
//! lists or the packages changed. Since when an update waits is since this host first saw it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::security::{self, Update};
use nearmiss_shared::time::{Span, Timestamp};

use super::{Waiting, waits};
use crate::command::Program;
use crate::{Clock, Excuses, Known, Probe, Readings};

const SIGNAL: &str = "security.update_age";
/// Labels of updates that wait begin with this.
const SINCE: &str = "waits ";
/// Updates that are told by name, and of which it is remembered since when they wait.
const TOLD: usize = 3;
const MOST: usize = 300;
/// Lists that are older say nothing about today's updates.
const STALE: Span = Span::from_days(7);
/// Asked again after this though nothing looks changed.
const AGAIN: Span = Span::from_hours(24);
const NONE: &str = "pending updates are not seen: neither apt's nor dnf's package lists are here";

const LATER: &str = "pending updates are looked for by the running agent, some minutes after its start";

/// The host's package manager.
#[derive(Clone, Copy, Debug)]
struct Manager {
    subject: &'static str,
    argv: &'static [&'static str],
    /// Written when the lists are fetched, and when a package is installed.
    lists: &'static str,
    packages: &'static str,
    read: fn(&str) -> Vec<Update>,
    fetch: &'static str,
}

const MANAGERS: [Manager; 2] = [
    Manager {
        subject: "apt",
        argv: &["/usr/bin/apt-get", "--simulate", "--quiet", "-o", "Debug::NoLocking=true", "dist-upgrade"],
        lists: "/var/lib/apt/lists",
        packages: "/var/lib/dpkg/status",
        read: security::apt,
        fetch: "apt-get update",
    },
    Manager {
        subject: "dnf",
        argv: &["/usr/bin/dnf", "--cacheonly", "--quiet", "updateinfo", "list", "--security"],
        lists: "/var/cache/dnf",
        packages: "/var/lib/rpm",
        read: security::dnf,
        fetch: "dnf makecache",
    },
];

/// Watches the updates that wait.
#[derive(Debug)]
pub struct UpdatesProbe {
    interval: Span,
    updates: Updates,
    looked: bool,
    excuses: Excuses,
}

impl UpdatesProbe {
    pub fn new(interval: Span) -> Self {
        let updates = Updates::at(PathBuf::from("/"));
        Self { interval, updates, looked: false, excuses: Excuses::new(super::NAME) }
    }

    async fn look(&mut self, clock: &Clock) -> Readings {
        if !std::mem::replace(&mut self.looked, true) {
            let not_applicable = self.excuses.news([LATER.to_owned()]);
            return Readings { readings: Vec::new(), not_applicable };
        }
        let mut excuses = Vec::new();
        let readings = self.updates.look(clock, &mut excuses).await;
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }
}

impl Probe for UpdatesProbe {
    fn name(&self) -> &'static str {
        super::NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        self.updates.expect(known);
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

/// What waits, and when that was asked.
#[derive(Debug)]
pub(super) struct Updates {
    root: PathBuf,
    /// Package and version, and since when it waits.
    waiting: BTreeMap<String, Timestamp>,
    /// When the lists and the packages were written last, as they were when it was asked.
    asked: Option<((i64, i64), Stamp)>,
}

impl Updates {
    pub(super) const fn at(root: PathBuf) -> Self {
        Self { root, waiting: BTreeMap::new(), asked: None }
    }

    /// As it was before a restart.
    pub(super) fn expect(&mut self, known: &Known) {
        if known.signal != SIGNAL {
            return;
        }
        let waiting = known
            .labels
            .iter()
            .filter_map(|(name, since)| Some((name.strip_prefix(SINCE)?.to_owned(), since.parse().ok()?)));
        self.waiting.extend(waiting);
    }

    pub(super) async fn look(&mut self, clock: &Clock, excuses: &mut Vec<String>) -> Vec<Reading> {
        let at = clock.stamp();
        let manager = MANAGERS.into_iter().find_map(|manager| {
            // A folder that was never filled is as good as none.
            let lists = self.written(manager.lists).filter(|_| self.has_entries(manager.lists))?;
            Some((manager, lists, self.written(manager.packages)?))
        });
        let Some((manager, lists, packages)) = manager else {
            excuses.push(NONE.to_owned());
            return Vec::new();
        };
        let age = at.wall.since(Timestamp::from_millis(lists * 1000));
        if age > STALE {
            let why = format!("the package lists are {age} old: `{}` fetches today's", manager.fetch);
            return vec![Reading::of(SIGNAL, manager.subject, at, Measure::Invalid { why })];
        }
        let is_same = |(written, asked): &((i64, i64), Stamp)| {
            *written == (lists, packages) && at.since(*asked) < AGAIN
        };
        if !self.asked.as_ref().is_some_and(is_same) {
            if let Err(why) = self.ask(&manager, at).await {
                return vec![Reading::of(SIGNAL, manager.subject, at, Measure::Invalid { why })];
            }
            self.asked = Some(((lists, packages), at));
        }
        vec![self.reading(manager.subject, clock.stamp())]
    }

    async fn ask(&mut self, manager: &Manager, at: Stamp) -> Result<(), String> {
        let mut program = Program::new(manager.argv.iter().copied());
        program.patience = Duration::from_secs(60);
        program.max_bytes = 4 * 1024 * 1024;
        let ended = program.run().await.map_err(|fault| fault.to_string())?;
        if !ended.status.success() {
            return Err(format!("{}: {}", program.line(), ended.said()));
        }
        let updates = (manager.read)(&String::from_utf8_lossy(&ended.text));
        let name = |update: Update| format!("{} {}", update.package, update.version);
        let since = |name: String| {
            let since = self.waiting.get(&name).copied().unwrap_or(at.wall);
            (name, since)
        };
        self.waiting = updates.into_iter().map(name).take(MOST).map(since).collect();
        Ok(())
    }

    fn reading(&self, subject: &str, at: Stamp) -> Reading {
        let since = self.waiting.values().min().copied();
        let named: Vec<&str> = self.waiting.keys().take(TOLD).map(String::as_str).collect();
        let why = match self.waiting.len() {
            0 => String::new(),
            all if all > TOLD => format!("{} and {} more wait", named.join(", "), all - TOLD),
            _ => format!("{} wait", named.join(", ")),
        };
        let reading = waits(SIGNAL, subject, &Waiting { since, why }, at)
            .label("pending", self.waiting.len().to_string());
        let waiting = self.waiting.iter();
        waiting.fold(reading, |reading, (name, since)| {
            reading.label(&format!("{SINCE}{name}"), since.to_string())
        })
    }

    /// Seconds since 1970.
    fn written(&self, path: &str) -> Option<i64> {
        fs::metadata(self.root.join(path.trim_start_matches('/'))).ok().map(|metadata| metadata.mtime())
    }

    fn has_entries(&self, path: &str) -> bool {
        let entries =
            fs::read_dir(self.root.join(path.trim_start_matches('/'))).into_iter().flatten().flatten();
        { entries }.any(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
    }
}
