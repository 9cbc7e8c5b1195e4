//! The outbox is emptied: a message is claimed, handed to its channel outside any transaction, and its end recorded.
//!
//! Each receiver has its own lane with its own slots, and a free slot is filled at once: one that hangs holds up no
//! other. A crash between sending and recording sends it again when the claim has run out, under the same id.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::time::Span;
use nearmiss_store::StoreError;
use nearmiss_store::outbox::OutboxRow;
use tracing::{error, info, warn};

use super::Broken;
use crate::app::App;
use crate::counters::Count;
use crate::delivery::{Channels, Delivery, backoff, carries_link};
use crate::ids;

/// Messages to one receiver that are under way at once.
const SLOTS: u32 = 4;
/// A send ends after this, whatever its channel waits for: well within the claim.
const LONGEST_SEND: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(1);
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// A link in a message works for so long.
const LINK_FOR: Span = Span::from_days(7);

/// A claimed message, with the secret of its link.
struct Claimed {
    row: OutboxRow,
    link: Option<String>,
}

/// Messages under way.
struct Lanes<'a> {
    app: &'a App,
    channels: &'a Channels,
    /// Each ends with the name of its lane.
    under_way: FuturesUnordered<BoxFuture<'a, String>>,
    taken: BTreeMap<String, u32>,
    broken: Broken,
}

/// Delivers messages until asked to stop; what is being sent then is finished.
pub(super) async fn run(app: App, channels: Channels, mut stop: Stop) {
    let mut lanes = Lanes::new(&app, &channels);
    while !stop.is_asked() {
        let wait = match lanes.fill().await {
            Ok(_) => LOOK,
            Err(fault) => {
                error!(%fault, "the outbox cannot be read");
                AFTER_FAULT
            }
        };
        tokio::select! {
            () = stop.asked() => {}
            () = lanes.one_ended() => {}
            () = app.outbox_wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    lanes.drain().await;
}

impl<'a> Lanes<'a> {
    fn new(app: &'a App, channels: &'a Channels) -> Self {
        Self {
            app,
            channels,
            under_way: FuturesUnordered::new(),
            taken: BTreeMap::new(),
            broken: Broken::default(),
        }
    }

    /// Claims what is due for every free slot and begins to send it; how many messages that were. What is under way goes
    /// on meanwhile: it may hold the one writer that the claim waits for.
    async fn fill(&mut self) -> Result<usize, StoreError> {
        let mut claim = Box::pin(claim(self.app, self.taken.clone(), &mut self.broken));
        let mut ended = Vec::new();
        let claimed = loop {
            tokio::select! {
                claimed = &mut claim => break claimed,
                Some(lane) = self.under_way.next() => ended.push(lane),
            }
        };
        drop(claim);
        for lane in ended {
            self.free(&lane);
        }
        let claimed = claimed?;
        let count = claimed.len();
        for message in claimed {
            *self.taken.entry(message.row.lane.clone()).or_default() += 1;
            self.under_way.push(Box::pin(send(self.app, self.channels, message)));
        }
        Ok(count)
    }

    /// Returns when a message has ended and its slot is free; never while none is under way.
    async fn one_ended(&mut self) {
        match self.under_way.next().await {
            Some(lane) => self.free(&lane),
            None => std::future::pending().await,
        }
    }

    async fn drain(&mut self) {
        while let Some(lane) = self.under_way.next().await {
            self.free(&lane);
        }
    }

    fn free(&mut self, lane: &str) {
        if let Some(taken) = self.taken.get_mut(lane) {
            *taken = taken.saturating_sub(1);
        }
        self.taken.retain(|_, taken| *taken > 0);
    }
}

/// Sends what is due, all of it; how many messages that were.
#[cfg(test)]
pub(super) async fn deliver(app: &App, channels: &Channels) -> Result<usize, StoreError> {
    let mut lanes = Lanes::new(app, channels);
    let mut count = 0;
    loop {
        let begun = lanes.fill().await?;
        if begun == 0 {
            return Ok(count);
        }
        count += begun;
        lanes.drain().await;
    }
}

/// Claims what is due where a slot is free. A link is made with the claim: its secret is in the message and nowhere
/// else.
async fn claim(
    app: &App,
    taken: BTreeMap<String, u32>,
    broken: &mut Broken,
) -> Result<Vec<Claimed>, StoreError> {
    let now = app.clock.now();
    let mut unit = app.store.begin().await?;
    let mut claimed = Vec::new();
    for lane in unit.due_lanes(&app.operator, now).await? {
        let free = SLOTS.saturating_sub(taken.get(&lane).copied().unwrap_or(0));
        let found = unit.claim_messages(&app.operator, &lane, now, free).await?;
        for fault in found.faults {
            broken.tell(&fault, "a message cannot be read");
        }
        for row in found.rows {
            let mut link = None;
            if let Some(person) = row.person.filter(|_| carries_link(&row.kind)) {
                let secret = ids::secret();
                unit.add_link(row.scope(), row.case, person, &secret, now.plus(LINK_FOR)).await?;
                link = Some(secret);
            }
            claimed.push(Claimed { row, link });
        }
    }
    unit.commit().await?;
    Ok(claimed)
}

/// Sends one message and records its end; its lane.
async fn send(app: &App, channels: &Channels, message: Claimed) -> String {
    let Claimed { row, link } = message;
    let sent = tokio::time::timeout(LONGEST_SEND, channels.deliver(app, &row, link.as_deref())).await;
    let delivery = sent.unwrap_or_else(|_| Delivery::Failed {
        detail: "the channel did not end in time".to_owned(),
        retry_at: backoff::next(row.attempts, row.created_at, app.clock.now()),
    });
    if let Err(fault) = record(app, &row, delivery).await {
        error!(%fault, id = %row.id, "what became of a message cannot be recorded; it is sent again");
    }
    row.lane
}

async fn record(app: &App, row: &OutboxRow, delivery: Delivery) -> Result<(), StoreError> {
    let mut unit = app.store.begin().await?;
    match delivery {
        Delivery::Sent => {
            unit.message_sent(row.scope(), row.id, app.clock.now()).await?;
            app.counters.add(Count::MessagesSent, 1);
            info!(id = %row.id, kind = row.kind, attempts = row.attempts, "message sent");
        }
        Delivery::Dropped(why) => {
            unit.message_dropped(row.scope(), row.id, why).await?;
            app.counters.add(Count::MessagesDropped, 1);
        }
        Delivery::Failed { detail, retry_at } => {
            unit.message_failed(row.scope(), row.id, &detail, retry_at).await?;
            app.counters.add(Count::MessagesFailed, 1);
            if row.attempts <= 1 || retry_at.is_none() {
                warn!(id = %row.id, kind = row.kind, detail, given_up = retry_at.is_none(), "message not sent");
            }
        }
    }
    unit.commit().await
}

#[cfg(test)]
mod tests {
    use nearmiss_store::outbox::LEASE;

    use super::*;

    #[test]
    fn a_claim_outlasts_the_longest_send() {
        assert!(LEASE.to_duration() >= LONGEST_SEND * 2);
    }
}
