//! Events as they came: stored once, whatever was made of them.

use nearmiss_shared::identity::{CaseId, EventId};
use nearmiss_shared::time::Timestamp;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

/// An event with where it belongs.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    pub id: EventId,
    /// The proof of the batch it came in.
    pub proof_id: &'a str,
    pub case: Option<CaseId>,
    pub kind: &'a str,
    pub observed_at: Timestamp,
    pub received_at: Timestamp,
    /// The wire's JSON.
    pub body: &'a str,
}

impl Unit {
    /// Whether this event was stored before.
    pub async fn is_known_event(&mut self, host: &HostScope, id: EventId) -> Result<bool, StoreError> {
        let found =
            sqlx::query("SELECT 1 FROM event WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND event_id = $4")
                .bind(host.client().provider().to_string())
                .bind(host.client().client().to_string())
                .bind(host.host().to_string())
                .bind(id.to_string())
                .fetch_optional(&mut *self.transaction)
                .await?;
        Ok(found.is_some())
    }

    pub async fn insert_event(&mut self, host: &HostScope, event: NewEvent<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO event (provider_id, client_id, event_id, host_id, proof_id, case_id, kind, observed_at,
                 received_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(event.id.to_string())
        .bind(host.host().to_string())
        .bind(event.proof_id)
        .bind(event.case.map(|case| case.to_string()))
        .bind(event.kind)
        .bind(event.observed_at.as_millis())
        .bind(event.received_at.as_millis())
        .bind(event.body)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// The events of a case as JSON of the wire, oldest first.
    pub async fn events_of_case(&self, scope: ClientScope, case: CaseId) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT event_id, body FROM event WHERE provider_id = $1 AND client_id = $2 AND case_id = $3
             ORDER BY observed_at, received_at, event_id",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Record { table: "event", row }.text("body")).collect()
    }
}
