//! The outbox is emptied: a message is claimed, handed to its channel outside any transaction, and its end recorded.
//!
//! A crash between sending and recording sends it again when the claim has run out, under the same id.

use std::time::Duration;

use futures_util::StreamExt;
use nearmiss_shared::time::Span;
use nearmiss_store::StoreError;
use nearmiss_store::outbox::OutboxRow;
use tracing::{error, info, warn};

use crate::app::App;
use crate::counters::Count;
use crate::delivery::{Channels, Delivery, carries_link};
use crate::ids;
use crate::tasks::Stop;

const AT_ONCE: u32 = 32;
/// A channel that hangs holds up no other.
const IN_PARALLEL: usize = 8;
const LOOK: Duration = Duration::from_secs(1);
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// A link in a message works for so long.
const LINK_FOR: Span = Span::from_days(7);

/// A claimed message, with the secret of its link.
struct Claimed {
    row: OutboxRow,
    link: Option<String>,
}

/// Delivers messages until asked to stop; what is being sent then is finished.
pub(super) async fn run(app: App, channels: Channels, mut stop: Stop) {
    loop {
        let wait = match deliver(&app, &channels).await {
            Ok(0) => LOOK,
            Ok(_) => Duration::ZERO,
            Err(fault) => {
                error!(%fault, "the outbox cannot be read");
                AFTER_FAULT
            }
        };
        if stop.is_asked() {
            return;
        }
        tokio::select! {
            () = stop.asked() => return,
            () = app.outbox_wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// One round; how many messages were claimed.
pub(super) async fn deliver(app: &App, channels: &Channels) -> Result<usize, StoreError> {
    let claimed = claim(app).await?;
    let count = claimed.len();
    futures_util::stream::iter(claimed)
        .for_each_concurrent(IN_PARALLEL, async |Claimed { row, link }| {
            let delivery = channels.deliver(app, &row, link.as_deref()).await;
            if let Err(fault) = record(app, &row, delivery).await {
                error!(%fault, id = %row.id, "what became of a message cannot be recorded; it is sent again");
            }
        })
        .await;
    Ok(count)
}

/// Claims what is due. A link is made with the claim: its secret is in the message and nowhere else.
async fn claim(app: &App) -> Result<Vec<Claimed>, StoreError> {
    let now = app.clock.now();
    let mut unit = app.store.begin().await?;
    let rows = unit.claim_messages(&app.operator, now, AT_ONCE).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let mut link = None;
        if let Some(person) = row.person.filter(|_| carries_link(&row.kind)) {
            let secret = ids::secret();
            unit.add_link(row.scope(), row.case, person, &secret, now.plus(LINK_FOR)).await?;
            link = Some(secret);
        }
        claimed.push(Claimed { row, link });
    }
    unit.commit().await?;
    Ok(claimed)
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
