//! Cases: one document each, with the projections that are searched, rewritten in the same transaction.

mod find;
mod projection;
mod timeline;

use nearmiss_case::Case;
use nearmiss_case::context::Slot;
use nearmiss_case::key::CaseKey;
use nearmiss_shared::identity::{BundleId, CaseId, HostId, PersonId};
use nearmiss_shared::time::Timestamp;
use sqlx::any::AnyRow;

use crate::changes::Change;
use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, HostScope};
use crate::store::Unit;

pub use find::{CaseFilter, CaseRow, CaseState, TaskRow};
pub use timeline::{Salt, TimelineRow};

impl Unit {
    /// The case an event of this key belongs to: the open one, else the newest that was.
    pub async fn case_of_key(
        &mut self,
        scope: ClientScope,
        key: &CaseKey,
    ) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(
            "SELECT case_id, document FROM case_file WHERE provider_id = $1 AND client_id = $2 AND case_key = $3
             ORDER BY is_open DESC, received_at DESC, number DESC LIMIT 1",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(key.to_string())
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.map(|row| document(&row)).transpose()
    }

    pub async fn case(&mut self, scope: ClientScope, id: CaseId) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(
            "SELECT case_id, document FROM case_file WHERE provider_id = $1 AND client_id = $2 AND case_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.map(|row| document(&row)).transpose()
    }

    /// The case that waits for this bundle of this host.
    pub async fn case_of_bundle(
        &mut self,
        host: &HostScope,
        bundle: BundleId,
    ) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(
            "SELECT case_file.case_id, document FROM case_file JOIN case_bundle
                 ON case_bundle.provider_id = case_file.provider_id AND case_bundle.client_id = case_file.client_id
                 AND case_bundle.case_id = case_file.case_id
             WHERE case_bundle.provider_id = $1 AND case_bundle.client_id = $2 AND case_bundle.host_id = $3
                 AND case_bundle.bundle_id = $4",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(bundle.to_string())
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.map(|row| document(&row)).transpose()
    }

    /// The open cases of one host, oldest first.
    pub async fn open_cases_of_host(
        &mut self,
        scope: ClientScope,
        host: HostId,
    ) -> Result<Vec<Case>, StoreError> {
        let rows = sqlx::query(
            "SELECT case_id, document FROM case_file WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND is_open = 1
             ORDER BY number",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(host.to_string())
        .fetch_all(&mut *self.transaction)
        .await?;
        rows.iter().map(document).collect()
    }

    /// The case of this number, if it is about this host.
    pub async fn case_of_host(&mut self, host: &HostScope, number: u64) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(
            "SELECT case_id, document FROM case_file
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND number = $4",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(i64::try_from(number).unwrap_or(i64::MAX))
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.map(|row| document(&row)).transpose()
    }

    /// The number of the provider's next case.
    pub async fn next_number(&mut self, scope: ClientScope) -> Result<u64, StoreError> {
        let number: i64 =
            sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) + 1 FROM case_file WHERE provider_id = $1")
                .bind(scope.provider().to_string())
                .fetch_one(&mut *self.transaction)
                .await?;
        Ok(u64::try_from(number).unwrap_or(1))
    }

    /// Writes a new case. A second open one of its key is refused by the database.
    pub async fn insert_case(
        &mut self,
        scope: ClientScope,
        case: &Case,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if (case.provider, case.client) != (scope.provider(), scope.client()) {
            return Err(not_of_this_client(case));
        }
        sqlx::query(
            "INSERT INTO case_file (provider_id, client_id, case_id, number, host_id, case_key, is_open, workflow,
                 category, received_at, updated_at, document)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.id.to_string())
        .bind(i64::try_from(case.number).unwrap_or(i64::MAX))
        .bind(case.host.to_string())
        .bind(case.key.to_string())
        .bind(i64::from(case.is_open()))
        .bind(case.workflow.as_str())
        .bind(case.category.as_str())
        .bind(case.received_at.as_millis())
        .bind(now.as_millis())
        .bind(json("case_file", case)?)
        .execute(&mut *self.transaction)
        .await?;
        self.project(scope, case).await?;
        self.changed(scope, Change::Case, &case.id.to_string(), now).await
    }

    /// Writes a case that has moved. One of another client is a fault and changes nothing.
    pub async fn save_case(
        &mut self,
        scope: ClientScope,
        case: &Case,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE case_file SET is_open = $4, workflow = $5, updated_at = $6, document = $7
             WHERE provider_id = $1 AND client_id = $2 AND case_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.id.to_string())
        .bind(i64::from(case.is_open()))
        .bind(case.workflow.as_str())
        .bind(now.as_millis())
        .bind(json("case_file", case)?)
        .execute(&mut *self.transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(not_of_this_client(case));
        }
        self.project(scope, case).await?;
        self.changed(scope, Change::Case, &case.id.to_string(), now).await
    }

    /// Slots of the provider's people that are taken and end after `from`.
    pub async fn busy(
        &mut self,
        scope: ClientScope,
        from: Timestamp,
    ) -> Result<Vec<(PersonId, Slot)>, StoreError> {
        let rows = sqlx::query(
            "SELECT case_id, person_id, start_at, end_at FROM slot WHERE provider_id = $1 AND end_at > $2",
        )
        .bind(scope.provider().to_string())
        .bind(from.as_millis())
        .fetch_all(&mut *self.transaction)
        .await?;
        let taken = |row| {
            let record = Record { table: "slot", row };
            let slot = Slot { start: record.instant("start_at")?, end: record.instant("end_at")? };
            Ok((record.parsed("person_id")?, slot))
        };
        rows.iter().map(taken).collect()
    }

    /// The client's own meetings that are planned after `from` and not held, first one first.
    pub async fn meetings(&mut self, scope: ClientScope, from: Timestamp) -> Result<Vec<Slot>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT start_at, end_at FROM slot WHERE provider_id = $1 AND client_id = $2 AND start_at > $3
             ORDER BY start_at, end_at",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(from.as_millis())
        .fetch_all(&mut *self.transaction)
        .await?;
        let meeting = |row| {
            let record = Record { table: "slot", row };
            Ok(Slot { start: record.instant("start_at")?, end: record.instant("end_at")? })
        };
        rows.iter().map(meeting).collect()
    }
}

fn not_of_this_client(case: &Case) -> StoreError {
    let why = "no case of this client has this id".to_owned();
    StoreError::Row { table: "case_file", column: "case_id", id: case.id.to_string(), why }
}

pub(crate) fn document(row: &AnyRow) -> Result<Case, StoreError> {
    Record { table: "case_file", row }.json("document")
}
