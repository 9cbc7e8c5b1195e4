//! What the pipeline shares with the uplink: counters, the wake-up, and events that no disk would take.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nearmiss_shared::identity::EventId;
use nearmiss_shared::wire::v1::Event;
use tokio::sync::Notify;

/// Events kept in memory while nothing can be written; older ones go first.
const UNSPOOLED: usize = 1_000;

/// Counts by name, since the start.
#[derive(Debug, Default)]
pub struct Counters(Mutex<BTreeMap<&'static str, u64>>);

impl Counters {
    pub fn add(&self, name: &'static str, count: u64) {
        *self.lock().entry(name).or_default() += count;
    }

    pub fn set(&self, name: &'static str, count: u64) {
        self.lock().insert(name, count);
    }

    pub fn all(&self) -> BTreeMap<String, u64> {
        self.lock().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the uplink and the evidence when something is there for them.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Events are in the spool.
    pub events: Notify,
    /// Bundles are to be frozen.
    pub freeze: Notify,
    /// Bundles are to be delivered.
    pub bundles: Notify,
    /// The collector answers again after it did not.
    pub answering: Notify,
    /// A status report is worth sending now.
    pub status: Notify,
    /// A bundle was frozen, or given up.
    pub frozen: Notify,
    /// The collector has answered for events.
    pub settled: Notify,
    kept: Mutex<Kept>,
}

/// Events that no disk would take, oldest first, each until it is written.
#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Unspooled>,
    lost: u64,
}

#[derive(Debug)]
struct Unspooled {
    event: Event,
    /// The collector answered for it; what belongs to it on this host is still to be written.
    settled: bool,
}

/// What is to be made good by the next step that can be written.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// To be spooled.
    pub(super) waiting: Vec<Event>,
    /// At the collector already.
    pub(super) settled: Vec<Event>,
}

impl Outbox {
    /// Keeps events that could not be written.
    pub fn keep_unspooled(&self, events: impl IntoIterator<Item = Event>) {
        let mut kept = self.lock();
        for event in events {
            kept.events.push_back(Unspooled { event, settled: false });
            if kept.events.len() > UNSPOOLED
                && let Some(oldest) = kept.events.pop_front()
            {
                kept.lost += u64::from(!oldest.settled);
            }
        }
    }

    /// Those that the collector has not answered for, the oldest first.
    pub fn unspooled(&self) -> Vec<Event> {
        let sent = |event: Event| Event { not_spooled: true, ..event };
        self.unwritten().waiting.into_iter().map(sent).collect()
    }

    /// The collector has answered for the event: it is not sent again.
    pub fn settle_unspooled(&self, id: &EventId) {
        let mut kept = self.lock();
        let answered = kept.events.iter_mut().filter(|kept| kept.event.id == *id);
        answered.for_each(|kept| kept.settled = true);
    }

    /// How many were dropped, undelivered, since this was asked last.
    pub(super) fn take_lost(&self) -> u64 {
        std::mem::take(&mut self.lock().lost)
    }

    pub(super) fn unwritten(&self) -> Unwritten {
        let mut unwritten = Unwritten::default();
        for kept in &self.lock().events {
            let to = if kept.settled { &mut unwritten.settled } else { &mut unwritten.waiting };
            to.push(kept.event.clone());
        }
        unwritten
    }

    /// They are on the disk now.
    pub(super) fn written<'a>(&self, events: impl IntoIterator<Item = &'a Event>) {
        let ids: BTreeSet<EventId> = events.into_iter().map(|event| event.id).collect();
        self.lock().events.retain(|kept| !ids.contains(&kept.event.id));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
