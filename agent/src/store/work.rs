//! One step of the pipeline as it is committed: states, the events they caused, checkpoints, bundles to freeze.

use std::collections::BTreeMap;

use nearmiss_agent_core::evaluator::SignalState;
use nearmiss_agent_core::proximity::Limits;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::Event;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::spool::{checksum, insert_event, keep_newest};
use super::{Store, StoreFault, Transaction, bundles, meta};

/// A signal's state with the subject's own limits, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredState {
    pub state: SignalState,
    pub own: Option<Limits>,
    /// The subject is gone.
    #[serde(default)]
    pub retired: bool,
}

/// What one step of the pipeline changed. It is committed whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Work {
    pub states: Vec<StoredState>,
    /// States that say nothing any more: signal, subject.
    pub forgotten: Vec<(String, String)>,
    pub events: Vec<Event>,
    /// Events that the collector has already: only the bundles they ask for are written.
    pub settled: Vec<Event>,
    /// Without a collector only the newest events are kept, until there is one.
    pub enrolled: bool,
    /// The follower's, by name, as JSON.
    /// By name; one without a body is removed.
    pub checkpoints: Vec<(String, Option<String>)>,
    /// The newest sequence number of events about the store.
    pub sequence: Option<u64>,
}

impl Work {
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
            && self.forgotten.is_empty()
            && self.events.is_empty()
            && self.settled.is_empty()
            && self.checkpoints.is_empty()
            && self.sequence.is_none()
    }
}

impl Store {
    /// Commits one step; when this returns it is on the disk.
    ///
    /// # Errors
    /// Nothing of it was written.
    pub async fn commit(&self, work: &Work, now: Timestamp) -> Result<(), StoreFault> {
        let mut transaction = self.pool.begin().await?;
        for stored in &work.states {
            put_state(&mut transaction, stored).await?;
        }
        for (signal, subject) in &work.forgotten {
            sqlx::query("DELETE FROM signal_state WHERE signal = $1 AND subject = $2")
                .bind(signal)
                .bind(subject)
                .execute(&mut *transaction)
                .await?;
        }
        for event in &work.events {
            insert_event(&mut transaction, event, now).await?;
            bundles::insert(&mut transaction, event, now).await?;
        }
        for event in &work.settled {
            bundles::insert(&mut transaction, event, now).await?;
        }
        if !work.enrolled && !work.events.is_empty() {
            keep_newest(&mut transaction).await?;
        }
        for (name, body) in &work.checkpoints {
            put_checkpoint(&mut transaction, name, body.as_deref()).await?;
        }
        if let Some(sequence) = work.sequence {
            meta::set_in(&mut transaction, "sequence", &sequence).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every state that was kept. A row that cannot be read is left out and told: that signal starts anew.
    pub async fn states(&self) -> Result<(Vec<StoredState>, Vec<StoreFault>), StoreFault> {
        let rows = sqlx::query("SELECT signal, subject, body FROM signal_state ORDER BY signal, subject")
            .fetch_all(&self.pool)
            .await?;
        let mut states = Vec::new();
        let mut bad = Vec::new();
        for row in rows {
            let (signal, subject): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            match open_sealed(&row.try_get::<String, _>(2)?) {
                Ok(state) => states.push(state),
                Err(problem) => {
                    bad.push(StoreFault::BadRow {
                        table: "signal_state",
                        id: format!("{signal} {subject}"),
                        problem,
                    });
                }
            }
        }
        Ok((states, bad))
    }

    /// The follower's checkpoints by name, as JSON.
    pub async fn checkpoints(&self) -> Result<BTreeMap<String, String>, StoreFault> {
        let rows = sqlx::query("SELECT name, body FROM checkpoint").fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

async fn put_checkpoint(
    transaction: &mut Transaction<'_>,
    name: &str,
    body: Option<&str>,
) -> Result<(), StoreFault> {
    let Some(body) = body else {
        let gone = sqlx::query("DELETE FROM checkpoint WHERE name = $1").bind(name);
        gone.execute(&mut **transaction).await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO checkpoint (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    )
    .bind(name)
    .bind(body)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn put_state(transaction: &mut Transaction<'_>, stored: &StoredState) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO signal_state (signal, subject, body) VALUES ($1, $2, $3)
         ON CONFLICT (signal, subject) DO UPDATE SET body = excluded.body",
    )
    .bind(stored.state.signal())
    .bind(stored.state.subject())
    .bind(sealed(stored)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The JSON behind its checksum, so that a damaged page is noticed before it is judged by.
fn sealed(stored: &StoredState) -> Result<String, StoreFault> {
    let body = serde_json::to_string(stored)?;
    Ok(format!("{} {body}", checksum(&body)))
}

fn open_sealed(text: &str) -> Result<StoredState, String> {
    let (sum, body) = text.split_once(' ').ok_or("it has no checksum")?;
    if sum != checksum(body) {
        return Err("its checksum does not fit".to_owned());
    }
    serde_json::from_str(body).map_err(|fault| fault.to_string())
}
