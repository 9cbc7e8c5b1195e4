//! Delivery's side of the outbox: claim for a while, then say what became of it.

use nearmiss_shared::identity::{CaseId, MessageId, PersonId};
use nearmiss_shared::time::{Span, Timestamp};

use super::Channel;
use crate::accounts::Operator;
use crate::error::StoreError;
use crate::row::{Found, Record};
use crate::scope::ClientScope;
use crate::store::Unit;

/// A claim ends after this: a sender that crashed in between sends again, under the same key. One that did not crash has
/// ended long before.
pub const LEASE: Span = Span::from_minutes(2);

/// A message that cannot be read is looked at again after this.
const POSTPONED: Span = Span::from_hours(1);

/// A message to be sent now.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    scope: ClientScope,
    pub id: MessageId,
    pub case: CaseId,
    pub person: Option<PersonId>,
    pub channel: Channel,
    pub lane: String,
    pub kind: String,
    pub urgent: bool,
    pub dedup: String,
    pub body: String,
    /// This one included.
    pub attempts: u32,
    pub created_at: Timestamp,
}

impl OutboxRow {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Unit {
    /// The lanes in which something is due.
    pub async fn due_lanes(
        &mut self,
        operator: &Operator,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT lane FROM outbox WHERE provider_id = $1 AND state = 'waiting' AND due_at <= $2 ORDER BY lane",
        )
        .bind(operator.scope().provider().to_string())
        .bind(now.as_millis())
        .fetch_all(&mut *self.transaction)
        .await?;
        rows.iter().map(|row| Record { table: "outbox", row }.text("lane")).collect()
    }

    /// Takes what is due in a lane, urgent first, then oldest. What cannot be read is postponed.
    pub async fn claim_messages(
        &mut self,
        operator: &Operator,
        lane: &str,
        now: Timestamp,
        most: u32,
    ) -> Result<Found<OutboxRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE provider_id = $1 AND state = 'waiting' AND due_at <= $2 AND lane = $4
             ORDER BY urgent DESC, created_at, message_id LIMIT $3",
        )
        .bind(operator.scope().provider().to_string())
        .bind(now.as_millis())
        .bind(i64::from(most))
        .bind(lane)
        .fetch_all(&mut *self.transaction)
        .await?;
        let mut found = Found { rows: Vec::new(), faults: Vec::new() };
        for row in &rows {
            let record = Record { table: "outbox", row };
            let (client, id) = (record.text("client_id")?, record.text("message_id")?);
            match message(operator, &record) {
                Ok(message) => {
                    self.attempt(operator, &client, &id, now.plus(LEASE)).await?;
                    found.rows.push(message);
                }
                Err(fault) => {
                    self.attempt(operator, &client, &id, now.plus(POSTPONED)).await?;
                    found.faults.push(fault);
                }
            }
        }
        Ok(found)
    }

    /// Counts an attempt; the next one is due then unless this one ends before.
    async fn attempt(
        &mut self,
        operator: &Operator,
        client: &str,
        id: &str,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET attempts = attempts + 1, due_at = $4
             WHERE provider_id = $1 AND client_id = $2 AND message_id = $3",
        )
        .bind(operator.scope().provider().to_string())
        .bind(client)
        .bind(id)
        .bind(next.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    pub async fn message_sent(
        &mut self,
        scope: ClientScope,
        id: MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = 'sent', detail = '', sent_at = $4
             WHERE provider_id = $1 AND client_id = $2 AND message_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(id.to_string())
        .bind(now.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// It did not go out: tried again at `retry_at`, or given up.
    pub async fn message_failed(
        &mut self,
        scope: ClientScope,
        id: MessageId,
        detail: &str,
        retry_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let state = if retry_at.is_some() { "waiting" } else { "given_up" };
        sqlx::query(
            "UPDATE outbox SET state = $4, detail = $5, due_at = COALESCE($6, due_at)
             WHERE provider_id = $1 AND client_id = $2 AND message_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(id.to_string())
        .bind(state)
        .bind(detail)
        .bind(retry_at.map(Timestamp::as_millis))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// It no longer matters.
    pub async fn message_dropped(
        &mut self,
        scope: ClientScope,
        id: MessageId,
        why: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = 'dropped', detail = $4
             WHERE provider_id = $1 AND client_id = $2 AND message_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(id.to_string())
        .bind(why)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

fn message(operator: &Operator, record: &Record<'_>) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        scope: ClientScope::new(operator.scope().provider(), record.parsed("client_id")?),
        id: record.parsed("message_id")?,
        case: record.parsed("case_id")?,
        person: record.parsed_or_none("person_id")?,
        channel: record.parsed("channel")?,
        lane: record.text("lane")?,
        kind: record.text("kind")?,
        urgent: record.flag("urgent")?,
        dedup: record.text("dedup")?,
        body: record.text("body")?,
        attempts: record.count::<u32>("attempts")?.saturating_add(1),
        created_at: record.instant("created_at")?,
    })
}
