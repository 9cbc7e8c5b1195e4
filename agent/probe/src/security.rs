//! What attackers change on a host, and what is left undone: listening sockets, sshd, sudo, privileged users, authorised keys,
//! a reboot that is due, and apart from these, since it takes its time, security updates that wait.
//!
//! Files are read as the agent's user may; what it may not see is said once, with what would help.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::rule::{Declared, RuleSet};
use nearmiss_agent_core::security::{self, Counts, Directives, Inventory, Kind, Known as Had};
use nearmiss_shared::time::{Span, Timestamp};

use crate::patience::Patience;
use crate::{Clock, Excuses, Known, Probe, Readings};

mod host;
mod sockets;
mod updates;

use host::{Host, Look};
pub use updates::UpdatesProbe;

const NAME: &str = "security";
/// How long the host's files are waited for at one look.
const PATIENCE: Duration = Duration::from_secs(10);
const REBOOT: &str = "security.reboot_required";
const REBOOT_SUBJECT: &str = "kernel and libraries";

const LISTENERS: Kind = Kind {
    signal: "security.new_listeners",
    subject: "open ports",
    counts: Counts::New,
    weaker: |_, _, _| false,
};

/// Every inventory, in the order in which it is told.
const KINDS: [Kind; 5] = [
    LISTENERS,
    Kind {
        signal: "security.sshd_drift",
        subject: "/etc/ssh/sshd_config",
        counts: Counts::All,
        weaker: Directives::is_weaker,
    },
    Kind {
        signal: "security.sudo_drift",
        subject: "/etc/sudoers",
        counts: Counts::All,
        weaker: frees_of_passwords,
    },
    Kind { signal: "security.privileged_users", subject: "accounts", ..LISTENERS },
    Kind {
        signal: "security.authorised_keys",
        subject: "authorized_keys",
        counts: Counts::Changed,
        weaker: security::is_freer,
    },
];

fn frees_of_passwords(rule: &str, _: Option<&str>, new: Option<&str>) -> bool {
    new.is_some() && (rule.contains("NOPASSWD") || rule.contains("!authenticate"))
}

/// Watches the host's doors, keys, rights and updates.
#[derive(Debug)]
pub struct SecurityProbe {
    interval: Span,
    root: PathBuf,
    /// Away while a look is under way.
    host: Option<Host>,
    accepted: BTreeMap<&'static str, Timestamp>,
    had: BTreeMap<&'static str, Had>,
    /// Sockets that were there at the last look and that the host did not have: the next one counts them.
    fresh: BTreeSet<String>,
    looks: Patience<(Host, Look)>,
    excuses: Excuses,
}

impl SecurityProbe {
    pub fn new(rules: &RuleSet, interval: Span) -> Self {
        Self::at(PathBuf::from("/"), rules, interval)
    }

    /// Of a host whose files lie below `root`.
    fn at(root: PathBuf, rules: &RuleSet, interval: Span) -> Self {
        let mut accepted = BTreeMap::new();
        for kind in &KINDS {
            let rules = rules
                .declared()
                .filter(|(rule, _)| rule.signal.as_deref().is_none_or(|named| named == kind.signal));
            let instants = rules.filter_map(|(_, declared)| match declared {
                Declared::Security(security) => Some(security.accepted),
                _ => None,
            });
            accepted.extend(instants.max().map(|instant| (kind.signal, instant)));
        }
        Self {
            interval,
            root,
            host: None,
            accepted,
            had: BTreeMap::new(),
            fresh: BTreeSet::new(),
            looks: Patience::default(),
            excuses: Excuses::new(NAME),
        }
    }

    async fn look(&mut self, clock: &Clock) -> Readings {
        let mut host = self.host.take().unwrap_or_else(|| Host::at(self.root.clone()));
        let looking = move || {
            let look = host.look();
            (host, look)
        };
        let looked = self.looks.ask("doors and keys", PATIENCE, looking).await;
        let at = clock.stamp();
        let (mut look, mut readings) = match looked {
            Ok((host, look)) => {
                self.host = Some(host);
                (look, Vec::new())
            }
            Err(why) => return self.invalid(&why, at),
        };
        self.settle(&mut look);
        for kind in &KINDS {
            let Some(found) = look.found.get(kind.signal) else { continue };
            let had = self.had.entry(kind.signal).or_default();
            readings.push(had.judge(kind, found, self.accepted.get(kind.signal).copied(), at));
        }
        readings.extend(look.reboot.map(|reboot| waits(REBOOT, REBOOT_SUBJECT, &reboot, at)));
        Readings { readings, not_applicable: self.excuses.news(look.excuses) }
    }

    /// A socket counts when it is there a second time; what holds it is told then.
    fn settle(&mut self, look: &mut Look) {
        let Some(found) = look.found.get_mut(LISTENERS.signal) else { return };
        let had = self.had.entry(LISTENERS.signal).or_default();
        let fresh: BTreeSet<String> = found.keys().filter(|name| had.is_new(name)).cloned().collect();
        found.retain(|name, _| !fresh.contains(name) || self.fresh.contains(name));
        if found.keys().any(|name| fresh.contains(name)) {
            let holders = sockets::holders(&self.root, &look.inodes);
            for (name, what) in found.iter_mut().filter(|(name, _)| fresh.contains(*name)) {
                let holder = look.inodes.get(name).and_then(|inode| holders.get(inode));
                *what = holder.map(|program| format!("({program})")).unwrap_or_default();
            }
        }
        self.fresh = fresh;
    }

    fn invalid(&mut self, why: &str, at: Stamp) -> Readings {
        let known = KINDS.iter().filter(|kind| self.had.contains_key(kind.signal));
        let invalid = |kind: &Kind| {
            Reading::of(kind.signal, kind.subject, at, Measure::Invalid { why: why.to_owned() })
        };
        Readings { readings: known.map(invalid).collect(), not_applicable: Vec::new() }
    }
}

/// What waits since when, and why; the days count.
#[derive(Clone, Debug, Default)]
struct Waiting {
    since: Option<Timestamp>,
    why: String,
}

fn waits(signal: &str, subject: &str, waiting: &Waiting, at: Stamp) -> Reading {
    let Some(since) = waiting.since else { return Reading::value(signal, subject, at, 0.0) };
    let days = at.wall.since(since).as_millis().max(0) as f64 / Span::from_days(1).as_millis() as f64;
    Reading::value(signal, subject, at, days)
        .label("since", since.to_string())
        .label("said", waiting.why.clone())
}

impl Probe for SecurityProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if let Some(kind) = KINDS.iter().find(|kind| kind.signal == known.signal) {
            self.had.entry(kind.signal).or_default().resume(&known.labels);
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

/// Things of one kind as a look found them.
type Found = BTreeMap<&'static str, Inventory>;

#[cfg(test)]
mod tests;
