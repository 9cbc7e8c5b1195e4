//! The event spool: what the collector has not yet called durable, in the order it happened.
//!
//! Each record has its checksum; one that does not fit is put into quarantine and the next one is read.

use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::identity::{EventId, EventParts, HostId, StoreId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::Event;
use sqlx::Row;
use tracing::warn;

use super::{Store, StoreFault, Transaction};

/// Without a collector at most this many events are kept.
const UNCOLLECTED: i64 = 1_000;

/// Where an event is that was spooled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In the spool.
    Waits,
    /// The collector called it durable.
    Delivered,
    /// The collector will never take it, and why.
    Refused(String),
}

/// Events of one request, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub events: Vec<Event>,
}

impl Store {
    /// The oldest events, at most `count` of them and about `bytes`. Damaged ones go into quarantine.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn oldest_events(
        &self,
        count: usize,
        bytes: usize,
        now: Timestamp,
    ) -> Result<Batch, StoreFault> {
        let limit = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = sqlx::query("SELECT id, body, checksum FROM event ORDER BY position LIMIT $1")
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let mut batch = Batch::default();
        let mut size = 0;
        for row in rows {
            let (id, body, sum): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            size += body.len();
            if size > bytes && !batch.events.is_empty() {
                break;
            }
            match read(&body, &sum) {
                Ok(event) => batch.events.push(event),
                Err(problem) => self.quarantine(&id, &problem, now).await?,
            }
        }
        Ok(batch)
    }

    /// Forgets an event that the collector called durable.
    pub async fn delivered(&self, id: &EventId) -> Result<(), StoreFault> {
        sqlx::query("DELETE FROM event WHERE id = $1").bind(id.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    /// What became of an event that was spooled.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn fate(&self, id: &EventId) -> Result<Fate, StoreFault> {
        let waits = sqlx::query("SELECT 1 FROM event WHERE id = $1").bind(id.to_string());
        if waits.fetch_optional(&self.pool).await?.is_some() {
            return Ok(Fate::Waits);
        }
        let aside = sqlx::query("SELECT problem FROM quarantine WHERE id = $1").bind(id.to_string());
        match aside.fetch_optional(&self.pool).await? {
            Some(row) => Ok(Fate::Refused(row.try_get(0)?)),
            None => Ok(Fate::Delivered),
        }
    }

    /// Why the newest events in quarantine are there, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn refusals(&self, most: u32) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query("SELECT problem FROM quarantine ORDER BY position DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Puts an event aside that will never be taken, with the reason.
    pub async fn quarantine(&self, id: &str, problem: &str, now: Timestamp) -> Result<(), StoreFault> {
        warn!(event = id, problem, "an event is put into quarantine");
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO quarantine (id, body, problem, at) SELECT id, body, $2, $3 FROM event WHERE id = $1",
        )
        .bind(id)
        .bind(problem)
        .bind(now.as_millis())
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM event WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Drops the oldest events, and the oldest in quarantine, until each fits into `max_bytes`; how many waiting
    /// events that were.
    pub async fn trim_spool(&self, max_bytes: u64) -> Result<u64, StoreFault> {
        let max_bytes = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        let dropped = sqlx::query(
            "DELETE FROM event WHERE position IN (SELECT position FROM (SELECT position,
             SUM(LENGTH(body)) OVER (ORDER BY position DESC) AS bytes FROM event) AS sized WHERE bytes > $1)",
        )
        .bind(max_bytes)
        .execute(&self.pool)
        .await?;
        sqlx::query(
            "DELETE FROM quarantine WHERE position IN (SELECT position FROM (SELECT position,
             SUM(LENGTH(body)) OVER (ORDER BY position DESC) AS bytes FROM quarantine) AS sized WHERE bytes > $1)",
        )
        .bind(max_bytes)
        .execute(&self.pool)
        .await?;
        Ok(dropped.rows_affected())
    }

    /// How many events wait, and how many are in quarantine.
    pub async fn event_depth(&self) -> Result<(u64, u64), StoreFault> {
        let row = sqlx::query("SELECT (SELECT COUNT(*) FROM event), (SELECT COUNT(*) FROM quarantine)")
            .fetch_one(&self.pool)
            .await?;
        let count =
            |index: usize| row.try_get::<i64, _>(index).map(|count| u64::try_from(count).unwrap_or(0));
        Ok((count(0)?, count(1)?))
    }

    /// Every waiting event as its JSON, oldest first, for `spool export`.
    pub async fn export(&self) -> Result<Vec<String>, StoreFault> {
        let rows = sqlx::query("SELECT body FROM event ORDER BY position").fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

/// An event judged twice has one id, and one row.
pub(super) async fn insert_event(
    transaction: &mut Transaction<'_>,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let body = serde_json::to_string(event)?;
    sqlx::query("INSERT OR IGNORE INTO event (id, body, checksum, spooled_at) VALUES ($1, $2, $3, $4)")
        .bind(event.id.to_string())
        .bind(&body)
        .bind(checksum(&body))
        .bind(now.as_millis())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Events of a host that nobody collects from: the oldest go.
pub(super) async fn keep_newest(transaction: &mut Transaction<'_>) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM event WHERE position <= (SELECT MAX(position) FROM event) - $1")
        .bind(UNCOLLECTED)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Makes the waiting events those of `host`: an event's id names the host, which had none until now.
pub(super) async fn address(
    transaction: &mut Transaction<'_>,
    host: HostId,
    store: StoreId,
) -> Result<(), StoreFault> {
    let rows = sqlx::query("SELECT id, body FROM event").fetch_all(&mut **transaction).await?;
    for row in rows {
        let (old, body): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // A damaged one keeps its id and goes into quarantine when it is read.
        let Ok(mut event) = serde_json::from_str::<Event>(&body) else { continue };
        event.id = id_at(host, store, &event);
        let body = serde_json::to_string(&event)?;
        sqlx::query("UPDATE event SET id = $2, body = $3, checksum = $4 WHERE id = $1")
            .bind(&old)
            .bind(event.id.to_string())
            .bind(&body)
            .bind(checksum(&body))
            .execute(&mut **transaction)
            .await?;
        sqlx::query("UPDATE bundle SET event_id = $2 WHERE event_id = $1")
            .bind(&old)
            .bind(event.id.to_string())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

pub(super) fn id_at(host: HostId, store: StoreId, event: &Event) -> EventId {
    EventId::of(EventParts {
        host,
        store,
        rule: &event.rule.name,
        kind: &event.kind,
        signal: &event.signal,
        subject: &event.subject,
        episode: event.episode,
        sequence: event.sequence,
    })
}

/// The first 64 bits of SHA-256, in hexadecimal.
pub(super) fn checksum(body: &str) -> String {
    sha256_hex(body.as_bytes()).chars().take(16).collect()
}

fn read(body: &str, sum: &str) -> Result<Event, String> {
    if checksum(body) != sum {
        return Err("its checksum does not fit".to_owned());
    }
    serde_json::from_str(body).map_err(|fault| fault.to_string())
}
