//! The cursor that live pages follow: hints that something is new, never the truth itself.

use nearmiss_shared::identity::ClientId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::words;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

/// So many are kept: a page that slept longer loads anew.
const KEPT: i64 = 10_000;

words! {
    /// What is new.
    Change {
        Case = "case",
        Margins = "margins",
    }
}

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    pub id: i64,
    pub client: ClientId,
    /// `case` or `margins`.
    pub what: String,
    /// The case's or the host's id.
    pub reference: String,
}

impl Unit {
    pub(crate) async fn changed(
        &mut self,
        scope: ClientScope,
        what: Change,
        reference: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO change (provider_id, client_id, change_id, what, reference, at)
             SELECT $1, $2, COALESCE(MAX(change_id), 0) + 1, $3, $4, $5 FROM change",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(what.as_str())
        .bind(reference)
        .bind(at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        sqlx::query("DELETE FROM change WHERE change_id <= (SELECT MAX(change_id) FROM change) - $1")
            .bind(KEPT)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

impl Store {
    /// The newest hint's number, of whatever client: where a new stream begins.
    pub async fn change_cursor(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT COALESCE(MAX(change_id), 0) FROM change").fetch_one(&self.read).await?)
    }

    /// The hints of these clients after `cursor`, oldest first.
    pub async fn changes_since(
        &self,
        scopes: &[ClientScope],
        cursor: i64,
        most: u32,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let mut changes = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT change_id, what, reference FROM change
                 WHERE provider_id = $1 AND client_id = $2 AND change_id > $3 ORDER BY change_id LIMIT $4",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(cursor)
            .bind(i64::from(most))
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                let record = Record { table: "change", row };
                changes.push(ChangeRow {
                    id: record.number("change_id")?,
                    client: scope.client(),
                    what: record.text("what")?,
                    reference: record.text("reference")?,
                });
            }
        }
        changes.sort_by_key(|change| change.id);
        changes.truncate(most as usize);
        Ok(changes)
    }
}
