//! Bundles on their way: asked for by an event, frozen, delivered.
//!
//! The row is written with the event that names the bundle, so that a crash in between freezes it late rather than
//! never. A bundle is uploaded when its event is at the collector. When the bundles outgrow their room the oldest go,
//! before any event does.

use nearmiss_shared::identity::BundleId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::Event;
use sqlx::Row;

use super::{Store, StoreFault, Transaction};
use crate::evidence;

/// A bundle that an event asked for and that is not frozen yet.
#[derive(Clone, Debug)]
pub struct Pending {
    pub id: BundleId,
    pub event: Event,
}

/// A frozen bundle that waits for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    pub id: BundleId,
    pub sha256: String,
    pub bytes: u64,
}

impl Store {
    /// What is still to be frozen, oldest first.
    pub async fn pending_bundles(&self) -> Result<Vec<Pending>, StoreFault> {
        let rows = sqlx::query("SELECT id, event FROM bundle WHERE stage = 'pending' ORDER BY queued_at, id")
            .fetch_all(&self.pool)
            .await?;
        let pending = |row: sqlx::sqlite::SqliteRow| {
            let (id, event): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Pending { id: bundle_id(&id)?, event: serde_json::from_str(&event)? })
        };
        rows.into_iter().map(pending).collect()
    }

    /// Whether a bundle is still to be frozen.
    pub async fn is_pending(&self, id: BundleId) -> Result<bool, StoreFault> {
        let row =
            sqlx::query("SELECT 1 FROM bundle WHERE id = $1 AND stage = 'pending'").bind(id.to_string());
        Ok(row.fetch_optional(&self.pool).await?.is_some())
    }

    /// The bundle is on the disk; it is the one the next one names.
    pub async fn frozen(&self, id: BundleId, sha256: &str, bytes: u64) -> Result<(), StoreFault> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE bundle SET stage = 'ready', event = '', sha256 = $2, bytes = $3 WHERE id = $1")
            .bind(id.to_string())
            .bind(sha256)
            .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        super::meta::set_in(&mut transaction, "last_bundle", &sha256).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Frozen bundles whose event is at the collector, oldest first.
    pub async fn deliverable_bundles(&self) -> Result<Vec<BundleRow>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, sha256, bytes FROM bundle WHERE stage = 'ready'
             AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = bundle.event_id) ORDER BY queued_at, id LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(bundle_row).collect()
    }

    /// Forgets a bundle: it was delivered, dropped, or can never be.
    pub async fn bundle_done(&self, id: BundleId) -> Result<(), StoreFault> {
        sqlx::query("DELETE FROM bundle WHERE id = $1").bind(id.to_string()).execute(&self.pool).await?;
        let folder = self.bundle_folder();
        evidence::remove(&folder, id).map_err(|fault| StoreFault::File { path: folder, fault })
    }

    /// How many bundles wait, frozen or not.
    pub async fn bundle_depth(&self) -> Result<u64, StoreFault> {
        let row = sqlx::query("SELECT COUNT(*) FROM bundle").fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
    }

    /// Drops the oldest frozen bundles until the rest fit into `max_bytes`; what was dropped.
    pub async fn make_room(&self, max_bytes: u64) -> Result<Vec<BundleRow>, StoreFault> {
        let rows = sqlx::query(
            "SELECT id, sha256, bytes FROM bundle WHERE stage = 'ready' ORDER BY queued_at DESC, id DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut kept = 0_u64;
        let mut dropped = Vec::new();
        for row in &rows {
            let row = bundle_row(row)?;
            kept = kept.saturating_add(row.bytes);
            if kept > max_bytes {
                self.bundle_done(row.id).await?;
                dropped.push(row);
            }
        }
        Ok(dropped)
    }
}

pub(super) async fn insert(
    transaction: &mut Transaction<'_>,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreFault> {
    let Some(id) = event.bundle else { return Ok(()) };
    sqlx::query(
        "INSERT OR IGNORE INTO bundle (id, event_id, event, stage, queued_at) VALUES ($1, $2, $3, 'pending', $4)",
    )
    .bind(id.to_string())
    .bind(event.id.to_string())
    .bind(serde_json::to_string(event)?)
    .bind(now.as_millis())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn bundle_row(row: &sqlx::sqlite::SqliteRow) -> Result<BundleRow, StoreFault> {
    let (id, sha256, bytes): (String, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(BundleRow { id: bundle_id(&id)?, sha256, bytes: u64::try_from(bytes).unwrap_or(0) })
}

fn bundle_id(text: &str) -> Result<BundleId, StoreFault> {
    text.parse().map_err(|_| StoreFault::BadRow {
        table: "bundle",
        id: text.to_owned(),
        problem: "it is no bundle id".to_owned(),
    })
}
