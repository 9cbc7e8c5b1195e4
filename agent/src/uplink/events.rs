//! Delivers the spool: oldest first, and only what the collector named as stored is removed.

use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::{Event, EventBatch, Stored, VERSION};
use nearmiss_shared::wire::{MAX_BODY_BYTES, MAX_EVENTS};
use tracing::{debug, info, warn};

use super::backoff::Backoff;
use super::{Uplink, UplinkFault};
use crate::store::{Enrolment, StoreFault};

/// Leaves room for the envelope.
const BATCH_BYTES: usize = MAX_BODY_BYTES - 64 * 1024;
/// Looked at again even when nothing woke us.
const IDLE: std::time::Duration = std::time::Duration::from_secs(60);

/// Why a batch did not go out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    #[error(transparent)]
    Uplink(#[from] UplinkFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Delivers events until asked to stop.
pub async fn run(uplink: Uplink, enrolment: Enrolment, mut stop: Stop) {
    let mut backoff = Backoff::default();
    loop {
        let delivered = tokio::select! {
            () = stop.asked() => return,
            delivered = deliver(&uplink, &enrolment) => delivered,
        };
        match delivered {
            Ok(0) => {
                backoff.succeeded();
                tokio::select! {
                    () = stop.asked() => return,
                    () = uplink.outbox.events.notified() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
            Ok(count) => {
                backoff.succeeded();
                debug!(count, "events delivered");
                uplink.outbox.bundles.notify_one();
            }
            Err(fault) => {
                if backoff.is_first() {
                    warn!(%fault, "events wait in the spool");
                }
                uplink.counters.add("event_retries", 1);
                let pause = backoff.failed();
                tokio::select! {
                    () = stop.asked() => return,
                    () = uplink.outbox.answering.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

/// Sends one batch; how many events it settled.
pub(super) async fn deliver(uplink: &Uplink, enrolment: &Enrolment) -> Result<usize, Undelivered> {
    let now = uplink.clock.wall();
    let mut events = fitting(uplink.outbox.unspooled());
    if events.is_empty() {
        events = uplink.store.oldest_events(MAX_EVENTS, BATCH_BYTES, now).await?.events;
    }
    if events.is_empty() {
        return Ok(0);
    }
    let batch = EventBatch {
        v: VERSION,
        host_id: enrolment.host,
        boot_id: uplink.clock.boot_id(),
        sent_at: now,
        clock_offset_ms: uplink.client.offset_ms(),
        events,
    };
    match uplink.client.post::<Stored>("/agent/v1/events", &batch).await {
        Ok(answer) => settle(uplink, &batch.events, &answer).await,
        // One event that the collector cannot even read must not hold up all others for ever.
        Err(fault) if fault.is_final() && batch.events.len() == 1 => {
            put_aside(uplink, &batch.events, &fault).await?;
            Ok(1)
        }
        Err(fault) if fault.is_final() => one_by_one(uplink, batch).await,
        Err(fault) => Err(fault.into()),
    }
}

/// Of these events, oldest first, what one request holds: at least one.
fn fitting(mut events: Vec<Event>) -> Vec<Event> {
    let mut bytes = 0;
    let size = |event: &Event| serde_json::to_vec(event).map_or(0, |body| body.len() + 1);
    let fits = |event: &&Event| {
        bytes += size(event);
        bytes <= BATCH_BYTES
    };
    let count = events.iter().take(MAX_EVENTS).take_while(fits).count();
    events.truncate(count.max(1));
    events
}

/// Events that can never be delivered are kept apart, wherever they waited.
async fn put_aside(uplink: &Uplink, events: &[Event], why: &UplinkFault) -> Result<(), StoreFault> {
    for event in events {
        uplink.outbox.settle_unspooled(&event.id);
        uplink.store.quarantine(&event.id.to_string(), &why.to_string(), uplink.clock.wall()).await?;
    }
    Ok(())
}

async fn one_by_one(uplink: &Uplink, batch: EventBatch) -> Result<usize, Undelivered> {
    let mut settled = 0;
    for event in batch.events.clone() {
        let single = EventBatch { events: vec![event], ..batch.clone() };
        match uplink.client.post::<Stored>("/agent/v1/events", &single).await {
            Ok(answer) => settled += settle(uplink, &single.events, &answer).await?,
            Err(fault) if fault.is_final() => {
                put_aside(uplink, &single.events, &fault).await?;
                settled += 1;
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(settled)
}

/// Removes what is stored, puts aside what is refused, and keeps the rest.
async fn settle(uplink: &Uplink, sent: &[Event], answer: &Stored) -> Result<usize, Undelivered> {
    for id in &answer.stored {
        uplink.outbox.settle_unspooled(id);
        uplink.store.delivered(id).await?;
    }
    for refused in &answer.refused {
        uplink.outbox.settle_unspooled(&refused.id);
        uplink.store.quarantine(&refused.id.to_string(), &refused.problem, uplink.clock.wall()).await?;
    }
    uplink.counters.add("events_delivered", answer.stored.len() as u64);
    uplink.counters.add("events_refused", answer.refused.len() as u64);
    let settled = answer.stored.len() + answer.refused.len();
    uplink.outbox.settled.notify_waiters();
    if sent.iter().any(|event| matches!(event.kind, EventKind::Approached | EventKind::Breached)) {
        // By which name the case goes is in the answer to a report.
        uplink.outbox.status.notify_one();
    }
    info!(sent = sent.len(), stored = answer.stored.len(), refused = answer.refused.len(), "batch answered");
    if settled == 0 {
        // A collector that names nothing would be asked for ever without a pause.
        return Err(UplinkFault::Answer("it names none of the events sent".to_owned()).into());
    }
    Ok(settled)
}
