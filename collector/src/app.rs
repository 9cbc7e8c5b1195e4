//! What every part of the server has: the store, the clock, the configuration, and the ways to wake each other.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use nearmiss_runtime::clock::Clock;
use nearmiss_runtime::tasks::Stop;
use nearmiss_store::Store;
use nearmiss_store::accounts::Operator;
use tokio::sync::{Notify, Semaphore, broadcast};

use crate::config::Config;
use crate::counters::Counters;
use crate::passwords::Gate;
use crate::passwords::attempts::Attempts;

/// Bundles of up to 64 MiB are verified in memory: so many at once.
const CLOSING_AT_ONCE: usize = 2;

/// The server's parts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// See [`App`].
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub config: Config,
    /// The provider whose database this is.
    pub operator: Operator,
    /// Where people reach this collector.
    pub public_url: String,
    /// Verified bundles.
    pub evidence: PathBuf,
    /// Something changed: look at the cursor.
    pub hint: broadcast::Sender<()>,
    pub outbox_wake: Notify,
    pub timer_wake: Notify,
    pub counters: Counters,
    /// A permit to verify one bundle.
    pub closing: Semaphore,
    /// Where checks of passwords wait for their turn.
    pub gate: Gate,
    /// Who tried to sign in of late.
    pub attempts: Attempts,
    /// Asked when the server ends: what streams for ever ends then.
    pub stop: Stop,
}

impl App {
    pub fn new(
        store: Store,
        clock: Clock,
        config: Config,
        operator: Operator,
        public_url: String,
        stop: Stop,
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            clock,
            evidence: config.evidence(),
            config,
            operator,
            public_url,
            hint: broadcast::channel(16).0,
            outbox_wake: Notify::new(),
            timer_wake: Notify::new(),
            counters: Counters::default(),
            closing: Semaphore::new(CLOSING_AT_ONCE),
            gate: Gate::default(),
            attempts: Attempts::default(),
            stop,
        }))
    }

    /// Something that only pages show was committed.
    pub fn shown(&self) {
        // Nobody may be listening.
        drop(self.hint.send(()));
    }

    /// Something was committed: pages, timers and the outbox look again.
    pub fn changed(&self) {
        self.shown();
        self.outbox_wake.notify_one();
        self.timer_wake.notify_one();
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
