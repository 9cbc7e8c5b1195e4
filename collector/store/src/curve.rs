//! A case's curve: min, max and last of each minute of its episodes. That, and nothing more, is kept here.

use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

/// One minute of an open episode, in the signal's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    pub minute: Timestamp,
    pub min: f64,
    pub max: f64,
    pub last: f64,
    /// The proximity nearest to failure.
    pub closest: Option<f64>,
    /// Samples taken, and samples that were due.
    pub samples: u32,
    pub expected: u32,
}

impl Unit {
    /// Adds minutes; one told again replaces what it said before.
    pub async fn add_minutes(
        &mut self,
        scope: ClientScope,
        case: CaseId,
        points: &[CurvePoint],
    ) -> Result<(), StoreError> {
        for point in points {
            sqlx::query(
                "INSERT INTO curve (provider_id, client_id, case_id, minute, document) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (provider_id, client_id, case_id, minute) DO UPDATE SET document = excluded.document",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(case.to_string())
            .bind(point.minute.as_millis())
            .bind(json("curve", point)?)
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }
}

impl Store {
    /// The curve, oldest minute first.
    pub async fn curve(&self, scope: ClientScope, case: CaseId) -> Result<Vec<CurvePoint>, StoreError> {
        let rows = sqlx::query(
            "SELECT case_id, document FROM curve WHERE provider_id = $1 AND client_id = $2 AND case_id = $3 ORDER BY minute",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Record { table: "curve", row }.json("document")).collect()
    }
}
