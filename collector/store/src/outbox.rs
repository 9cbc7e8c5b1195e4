//! Messages: written in the transaction of what they tell, claimed for a while, sent at least once.

mod delivery;

use nearmiss_shared::identity::{CaseId, MessageId, PersonId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::words;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

pub use delivery::{LEASE, OutboxRow};

words! {
    /// The way a message goes.
    Channel {
        Email = "email",
        Webhook = "webhook",
    }
}

words! {
    /// Where a message stands.
    MessageState {
        Waiting = "waiting",
        Sent = "sent",
        /// It no longer mattered.
        Dropped = "dropped",
        GivenUp = "given_up",
    }
}

/// A message to be queued.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub id: MessageId,
    pub case: CaseId,
    pub person: Option<PersonId>,
    pub channel: Channel,
    /// Messages of one lane wait for one another, and for no other's.
    pub lane: String,
    pub kind: String,
    pub urgent: bool,
    /// Two messages of one key are one message.
    pub dedup: String,
    /// JSON.
    pub body: String,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
}

/// A message as pages show it.
#[derive(Clone, Debug)]
pub struct OutboxView {
    pub id: MessageId,
    pub case: CaseId,
    pub person: Option<PersonId>,
    pub channel: Channel,
    pub kind: String,
    pub urgent: bool,
    pub state: MessageState,
    pub attempts: u32,
    /// What went wrong last.
    pub detail: String,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}

impl Unit {
    pub async fn queue(&mut self, scope: ClientScope, message: NewMessage) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO outbox (provider_id, client_id, message_id, case_id, person_id, channel, kind, urgent, dedup,
                 body, state, attempts, due_at, detail, created_at, lane)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting', 0, $11, '', $12, $13)
             ON CONFLICT (provider_id, client_id, dedup) DO NOTHING",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(message.id.to_string())
        .bind(message.case.to_string())
        .bind(message.person.map(|person| person.to_string()))
        .bind(message.channel.as_str())
        .bind(message.kind)
        .bind(i64::from(message.urgent))
        .bind(message.dedup)
        .bind(message.body)
        .bind(message.due_at.as_millis())
        .bind(message.created_at.as_millis())
        .bind(message.lane)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// What waits, fails or was given up, oldest first.
    pub async fn undelivered(&self, scopes: &[ClientScope]) -> Result<Vec<OutboxView>, StoreError> {
        let mut views = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT * FROM outbox WHERE provider_id = $1 AND client_id = $2 AND state IN ('waiting', 'given_up')
                 ORDER BY created_at, message_id LIMIT 1000",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                views.push(view(&Record { table: "outbox", row })?);
            }
        }
        Ok(views)
    }

    /// Every message of a case, oldest first.
    pub async fn outbox_of_case(
        &self,
        scope: ClientScope,
        case: CaseId,
    ) -> Result<Vec<OutboxView>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE provider_id = $1 AND client_id = $2 AND case_id = $3
             ORDER BY created_at, message_id",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| view(&Record { table: "outbox", row })).collect()
    }
}

fn view(record: &Record<'_>) -> Result<OutboxView, StoreError> {
    Ok(OutboxView {
        id: record.parsed("message_id")?,
        case: record.parsed("case_id")?,
        person: record.parsed_or_none("person_id")?,
        channel: record.parsed("channel")?,
        kind: record.text("kind")?,
        urgent: record.flag("urgent")?,
        state: record.parsed("state")?,
        attempts: record.count("attempts")?,
        detail: record.text("detail")?,
        created_at: record.instant("created_at")?,
        sent_at: record.instant_or_none("sent_at")?,
    })
}
