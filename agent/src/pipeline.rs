//! The one path of every reading: judge, commit, tell.
//!
//! One task owns all signal states. A step's states, events and follower checkpoints are one transaction; only after
//! it is on the disk are the uplink, the evidence and whoever listens told. When nothing can be written, the events
//! go to the uplink from memory, marked *not spooled*, and the states are written when there is room again.

mod event;
mod minutes;
mod parts;
mod past;
mod quiet;
mod steps;
mod view;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nearmiss_agent_core::reading::Stamp;
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::{Baseline, EpisodeMinute, SignalStatus};
use tokio::sync::{broadcast, mpsc, oneshot};
use tracing::{debug, error};

use crate::follower::Followed;
use crate::history::History;
use crate::store::{Identity, Reserve, Store, StoreFault};
use nearmiss_agent_probe::Clock;
use nearmiss_agent_probe::{Known, Readings};

pub use event::{Remark, Written};
pub use parts::{Counters, Outbox};
pub use view::{StatusParts, View};

use minutes::Minutes;
use watched::Watched;

/// States that changed without an event are written this often.
const FLUSH: Duration = Duration::from_secs(60);
/// No wait is longer: boot time goes on while the host is suspended, timers do not.
const LONGEST_WAIT: Span = Span::from_seconds(30);

/// What the pipeline is given.
#[derive(Debug)]
pub enum Input {
    Looked(Readings),
    Followed(Followed),
    Baseline(Baseline, oneshot::Sender<Result<(), String>>),
    Remark(Remark, oneshot::Sender<Result<Written, StoreFault>>),
    View(oneshot::Sender<View>),
    Status(oneshot::Sender<StatusParts>),
    /// The collector has these of a status report.
    Told(Vec<SignalStatus>, Vec<EpisodeMinute>),
    /// Maintenance until then: events carry the fact. `None` ends it.
    Maintenance(Option<(Timestamp, String)>),
    /// Whoever reads the history now wants all of it.
    KeepHistory(oneshot::Sender<()>),
}

/// One event that is on the disk.
#[derive(Clone, Debug)]
pub struct Committed {
    pub kind: EventKind,
    pub signal: String,
    pub subject: String,
}

/// How everything else reaches the pipeline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    input: mpsc::Sender<Input>,
    committed: broadcast::Sender<Committed>,
}

impl Handle {
    /// Hands `input` on; waits while the pipeline is busy, so that nothing piles up.
    pub async fn send(&self, input: Input) {
        if self.input.send(input).await.is_err() {
            debug!("the pipeline has ended");
        }
    }

    /// Asks and waits for the answer; `None` when the pipeline has ended.
    pub async fn ask<T>(&self, input: impl FnOnce(oneshot::Sender<T>) -> Input) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.send(input(sender)).await;
        receiver.await.ok()
    }

    /// Tells that a bundle was given up.
    pub async fn lost(&self, bundle: BundleId, why: &str) {
        let labels = BTreeMap::from([("bundle".to_owned(), bundle.to_string())]);
        let reasons = vec![format!("evidence {bundle}: {why}")];
        if let Err(fault) = self.remark(Remark::new(EventKind::Loss, reasons, labels)).await {
            error!(%bundle, why, fault, "the loss of a bundle could not be told");
        }
    }

    /// Has `remark` written; when this returns it is on the disk.
    ///
    /// # Errors
    /// It could not be written, in words.
    pub async fn remark(&self, remark: Remark) -> Result<Written, String> {
        let written = self.ask(|reply| Input::Remark(remark, reply)).await;
        written.ok_or("the agent is stopping")?.map_err(|fault| fault.to_string())
    }

    /// Every event from now on, as soon as it is on the disk.
    pub fn committed(&self) -> broadcast::Receiver<Committed> {
        self.committed.subscribe()
    }
}

/// What a pipeline is made of.
#[derive(Debug)]
pub struct Parts {
    pub clock: Clock,
    pub store: Store,
    pub identity: Identity,
    pub rules: RuleSet,
    pub observe: Span,
    pub reserve: Reserve,
    pub history: History,
    pub outbox: Arc<Outbox>,
    pub counters: Arc<Counters>,
}

/// The owner of every signal's state.
#[derive(Debug)]
pub struct Pipeline {
    parts: Parts,
    signals: BTreeMap<(String, String), Watched>,
    minutes: Minutes,
    not_applicable: BTreeSet<(String, String)>,
    sequence: u64,
    /// Checkpoints that are not on the disk yet.
    owed: BTreeMap<String, Option<String>>,
    /// A step could not be written: the next one writes all that is not on the disk.
    behind: bool,
    /// The history could not be written, which was told.
    forgets: bool,
    maintenance: Option<(Timestamp, String)>,
    input: mpsc::Receiver<Input>,
    committed: broadcast::Sender<Committed>,
}

impl Pipeline {
    /// Takes up what the store has from the run before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn resume(parts: Parts, same_boot: bool, orderly: bool) -> Result<(Self, Handle), StoreFault> {
        let now = parts.clock.stamp();
        let (states, bad) = parts.store.states().await?;
        for fault in bad {
            error!(%fault, "a signal's state is damaged; it starts anew");
        }
        let mut signals = BTreeMap::new();
        for stored in states {
            let key = (stored.state.signal().to_owned(), stored.state.subject().to_owned());
            if let Some(watched) = Watched::resumed(&parts.rules, stored, now, same_boot, orderly) {
                signals.insert(key, watched);
            }
        }
        let sequence = parts.store.value("sequence").await?.unwrap_or(0);
        let maintenance = parts.store.value("maintenance").await?;
        let (sender, input) = mpsc::channel(64);
        let (committed, _) = broadcast::channel(256);
        let handle = Handle { input: sender, committed: committed.clone() };
        let pipeline = Self {
            parts,
            signals,
            minutes: Minutes::default(),
            not_applicable: BTreeSet::new(),
            sequence,
            owed: BTreeMap::new(),
            behind: false,
            forgets: false,
            maintenance,
            input,
            committed,
        };
        Ok((pipeline, handle))
    }

    /// Everything known from before that was not gone then.
    pub fn known(&self) -> Vec<Known> {
        self.signals.values().filter_map(Watched::known).collect()
    }

    /// Signal and subject of drills that the run before did not end.
    pub fn drills_left(&self) -> Vec<(String, String)> {
        let drills = self.signals.iter().filter(|(_, watched)| watched.is_drill_left());
        drills.map(|(key, _)| key.clone()).collect()
    }

    /// Runs until asked to stop and all that was handed in is committed.
    pub async fn run(mut self, mut stop: Stop) {
        let mut flush = tokio::time::interval(FLUSH);
        flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wait = self.wait();
            tokio::select! {
                biased;
                () = stop.asked() => break,
                input = self.input.recv() => match input {
                    Some(input) => self.take(input).await,
                    None => break,
                },
                () = tokio::time::sleep(wait) => self.tick().await,
                _ = flush.tick() => self.flush().await,
            }
        }
        while let Ok(input) = self.input.try_recv() {
            self.take(input).await;
        }
        self.flush().await;
    }

    /// Until a hold ends or silence turns dark.
    fn wait(&self) -> Duration {
        let now = self.parts.clock.stamp().boot_ms;
        let wake = self.signals.values().filter_map(Watched::next_wake).min();
        let wait =
            wake.map_or(LONGEST_WAIT, |wake| Span::from_millis(wake.saturating_sub(now)).min(LONGEST_WAIT));
        wait.to_duration()
    }

    fn now(&self) -> Stamp {
        self.parts.clock.stamp()
    }
}

#[cfg(test)]
mod tests;
