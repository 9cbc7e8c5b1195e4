//! What the pipeline shares with the uplink: counters, the wake-up, and events that no disk would take.

use std::collections::{BTreeMap, VecDeque};
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
    unspooled: Mutex<VecDeque<Event>>,
}

impl Outbox {
    /// Keeps events that could not be written.
    pub fn keep_unspooled(&self, events: impl IntoIterator<Item = Event>) {
        let mut kept = self.lock();
        for mut event in events {
            event.not_spooled = true;
            kept.push_back(event);
            if kept.len() > UNSPOOLED {
                kept.pop_front();
            }
        }
    }

    /// Those events, the oldest first.
    pub fn unspooled(&self) -> Vec<Event> {
        self.lock().iter().cloned().collect()
    }

    /// The event is durable elsewhere.
    pub fn forget_unspooled(&self, id: &EventId) {
        self.lock().retain(|event| event.id != *id);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.unspooled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
