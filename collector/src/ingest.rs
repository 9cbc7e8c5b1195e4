//! What agents tell becomes what the cases know: one transaction a batch, a savepoint an event.
//!
//! An event that is known already is named as stored and moves nothing. One that cannot be taken as it stands is refused
//! with the reason. One whose case cannot be read stays with its host, and the others go on.

mod action;
pub mod convert;
mod ends;
mod evidence;
mod join;
mod status;

use nearmiss_shared::identity::{CaseId, EventId};
use nearmiss_shared::signature::Proof;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::{Event, EventBatch, Refused, Stored};
use nearmiss_store::events::NewEvent;
use nearmiss_store::{HostScope, StoreError, Unit};
use tracing::error;

use crate::app::App;
use crate::counters::Count;
use crate::ids;
use convert::Arrival;
use ends::Ends;

pub use evidence::Bundle;

/// Why a host's request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestFault {
    #[error("this request was answered before: a retry is a new request with a new nonce")]
    Replayed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why one event of a batch was not taken.
#[derive(Debug, thiserror::Error)]
enum EventFault {
    #[error(transparent)]
    NotTaken(#[from] convert::NotTaken),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A batch being taken in.
struct Batch<'a> {
    app: &'a App,
    unit: &'a mut Unit,
    host: &'a HostScope,
    arrival: Arrival,
    proof_id: String,
    now: Timestamp,
    opened: usize,
}

/// What became of one event.
enum Taken {
    Stored,
    Repeated,
}

impl App {
    /// Takes a batch in; what is named as stored is durable, its case move included.
    pub async fn ingest(
        &self,
        host: &HostScope,
        batch: EventBatch,
        proof: &Proof,
    ) -> Result<Stored, IngestFault> {
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        admit(&mut unit, host, proof, now).await?;
        let proof_id = ids::proof(now);
        unit.keep_proof(host, &proof_id, &proof.base, &proof.signature, now).await?;
        let maintenance = unit.maintenance_until(host).await?.is_some_and(|until| until > now);
        let arrival = Arrival { host: host.host(), host_name: host.name().to_owned(), maintenance };
        let mut taking = Batch { app: self, unit: &mut unit, host, arrival, proof_id, now, opened: 0 };
        let answer = taking.take_all(batch.events).await?;
        let opened = taking.opened;
        unit.commit().await?;
        self.counters.add(Count::EventsStored, answer.stored.len());
        self.counters.add(Count::EventsRefused, answer.refused.len());
        self.counters.add(Count::CasesOpened, opened);
        self.changed();
        Ok(answer)
    }
}

/// The nonce is remembered in the transaction of the request it came with: what failed may be asked again.
pub(crate) async fn admit(
    unit: &mut Unit,
    host: &HostScope,
    proof: &Proof,
    now: Timestamp,
) -> Result<(), IngestFault> {
    if unit.remember_nonce(host, &proof.nonce, now).await? { Ok(()) } else { Err(IngestFault::Replayed) }
}

impl Batch<'_> {
    async fn take_all(&mut self, events: Vec<Event>) -> Result<Stored, StoreError> {
        let mut answer = Stored::default();
        let ends = Ends::of(&events);
        for event in events {
            let id = event.id;
            let past = ends.come_after(&event);
            self.unit.savepoint().await?;
            match self.take(event, past).await {
                Ok(taken) => {
                    self.unit.release().await?;
                    if matches!(taken, Taken::Repeated) {
                        self.app.counters.add(Count::EventsRepeated, 1);
                    }
                    answer.stored.push(id);
                }
                Err(EventFault::NotTaken(why)) => {
                    self.unit.undo().await?;
                    answer.refused.push(Refused { id, problem: why.to_string() });
                }
                Err(EventFault::Store(fault @ StoreError::Row { .. })) => {
                    self.unit.undo().await?;
                    error!(%fault, event = %id, host = self.host.name(), "an event waits: a row cannot be read");
                }
                Err(EventFault::Store(fault)) => return Err(fault),
            }
        }
        Ok(answer)
    }

    /// `past`: the event's episode ends in this very batch.
    async fn take(&mut self, event: Event, past: bool) -> Result<Taken, EventFault> {
        let body = serde_json::to_string(&event).unwrap_or_default();
        let (id, kind, observed_at) = (event.id, event.kind.clone(), event.observed_at);
        let signalless = event.signal.is_empty();
        let facts = convert::facts(event, &self.arrival)?;
        if self.unit.is_known_event(self.host, id).await? {
            return Ok(Taken::Repeated);
        }
        let case = match &kind {
            EventKind::Action => self.action(&facts).await?,
            EventKind::Gap | EventKind::Loss if signalless => None,
            _ => self.join(&facts, past).await?,
        };
        self.record(id, case, kind.as_str(), observed_at, &body).await?;
        Ok(Taken::Stored)
    }

    async fn record(
        &mut self,
        id: EventId,
        case: Option<CaseId>,
        kind: &str,
        observed_at: Timestamp,
        body: &str,
    ) -> Result<(), StoreError> {
        let event =
            NewEvent { id, proof_id: &self.proof_id, case, kind, observed_at, received_at: self.now, body };
        self.unit.insert_event(self.host, event).await
    }
}

#[cfg(test)]
mod tests;
