//! Freezes the bundles that events asked for, one after the other: each names the one before it.
//!
//! What is to be frozen is a row in the store, so that a restart takes it up again. A bundle that cannot be made is
//! tried again a few times and then given up with a `loss` event; when all bundles outgrow their room the oldest are
//! dropped, before any event is, and that too is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nearmiss_agent_core::config::AgentConfig;
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::action::label;
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::Event;
use tracing::{error, info, warn};

use crate::evidence::{self, Limits, Recipe};
use crate::history::Past;
use crate::pipeline::{Handle, Outbox};
use crate::store::{Identity, Pending, Store, StoreFault};
use nearmiss_agent_probe::{Captures, Clock};

const ATTEMPTS: u32 = 3;
const RETRY: Duration = Duration::from_secs(5);

/// Makes bundles of what events asked for.
#[derive(Debug)]
pub struct Freezer {
    pub clock: Clock,
    pub store: Store,
    pub identity: Identity,
    pub captures: Captures,
    pub outbox: Arc<Outbox>,
    pub pipeline: Handle,
    pub limits: Limits,
    pub max_bytes: u64,
    pub enabled: bool,
}

/// Signal, subject and occasion of the bundle that `event` asks for: an action says what it is about in its labels.
fn about(event: &Event) -> (String, String, String) {
    if event.kind != EventKind::Action {
        return (event.signal.clone(), event.subject.clone(), event.kind.to_string());
    }
    let said = |name: &str| event.labels.get(name).cloned().unwrap_or_default();
    (said(label::SIGNAL), said(label::SUBJECT), said(label::ACTION))
}

/// The bounds that the configuration sets.
pub fn limits(config: &AgentConfig) -> Limits {
    Limits { max_bytes: config.evidence.max_bytes, max_time: config.evidence.max_time }
}

impl Freezer {
    /// Runs until asked to stop; a bundle that is being made is left for the next start.
    pub async fn run(self, mut stop: Stop) {
        let mut attempts: BTreeMap<BundleId, u32> = BTreeMap::new();
        loop {
            let worked = self.work_off(&mut attempts, &mut stop).await;
            if let Err(fault) = &worked {
                error!(%fault, "the bundles to freeze cannot be read");
            }
            let retry =
                if worked.is_err() || !attempts.is_empty() { RETRY } else { Duration::from_secs(600) };
            tokio::select! {
                () = stop.asked() => return,
                () = self.outbox.freeze.notified() => {}
                () = tokio::time::sleep(retry) => {}
            }
        }
    }

    async fn work_off(
        &self,
        attempts: &mut BTreeMap<BundleId, u32>,
        stop: &mut Stop,
    ) -> Result<(), StoreFault> {
        for pending in self.store.pending_bundles().await? {
            if stop.is_asked() {
                return Ok(());
            }
            if !self.enabled {
                self.store.bundle_done(pending.id).await?;
                continue;
            }
            let made = self.freeze(&pending, stop).await;
            self.outbox.frozen.notify_waiters();
            match made {
                Ok(()) => drop(attempts.remove(&pending.id)),
                Err(problem) => {
                    let tried = attempts.entry(pending.id).or_default();
                    *tried += 1;
                    warn!(bundle = %pending.id, problem, tried, "a bundle was not made");
                    if *tried >= ATTEMPTS {
                        attempts.remove(&pending.id);
                        self.store.bundle_done(pending.id).await?;
                        self.pipeline.lost(pending.id, &problem).await;
                    }
                }
            }
        }
        for dropped in self.store.make_room(self.max_bytes).await? {
            self.pipeline
                .lost(dropped.id, &format!("dropped to make room; its SHA-256 was {}", dropped.sha256))
                .await;
        }
        Ok(())
    }

    /// A stop ends the collecting; what is being sealed is waited for, since the next life would write beside it.
    async fn freeze(&self, pending: &Pending, stop: &mut Stop) -> Result<(), String> {
        let event = &pending.event;
        let told = |fault: StoreFault| fault.to_string();
        let (signal, subject, trigger) = about(event);
        let recipe = Recipe {
            bundle: pending.id,
            host_id: self.identity.enrolment.as_ref().map(|enrolment| enrolment.host),
            clock_offset_ms: self.store.value("clock_offset_ms").await.map_err(told)?,
            previous: self.store.value("last_bundle").await.map_err(told)?,
            category: event.category,
            signal,
            subject,
            trigger,
            labels: event.labels.clone(),
            samples: event.samples.clone(),
            history: Some(Past::of(self.store.folder())),
            drill: event.drill.clone(),
        };
        let draft = tokio::select! {
            () = stop.asked() => return Ok(()),
            draft = evidence::collect(&recipe, &self.clock, self.limits, &self.captures) => draft,
        };
        let frozen = evidence::seal(draft, &self.identity.key, self.store.bundle_folder()).await;
        let frozen = frozen.map_err(|fault| fault.to_string())?;
        self.store.frozen(frozen.id, &frozen.sha256, frozen.bytes).await.map_err(told)?;
        info!(bundle = %frozen.id, bytes = frozen.bytes, signal = event.signal, "evidence frozen");
        self.outbox.bundles.notify_one();
        Ok(())
    }
}
