//! Bundles that have arrived: who sent them, what they hash to, whether they verify. The files lie outside.

use nearmiss_shared::identity::{BundleId, CaseId, HostId};
use nearmiss_shared::time::Timestamp;

use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

/// A bundle that is here.
#[derive(Clone, Debug)]
pub struct NewEvidence {
    pub bundle: BundleId,
    pub case: Option<CaseId>,
    /// Of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    pub bytes: u64,
    pub signature_valid: bool,
    pub problems: Vec<String>,
    pub stored_at: Timestamp,
}

/// A bundle as it can be fetched.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    scope: ClientScope,
    pub bundle: BundleId,
    pub sha256: String,
    pub bytes: u64,
    pub signature_valid: bool,
    pub problems: Vec<String>,
    pub stored_at: Timestamp,
}

impl EvidenceRow {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Unit {
    /// Records a bundle; the same file again changes nothing. Another file of this host under its id is a
    /// conflict: evidence is never replaced.
    pub async fn insert_evidence(
        &mut self,
        host: &HostScope,
        evidence: NewEvidence,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO evidence (provider_id, client_id, bundle_id, host_id, case_id, sha256, bytes, signature_valid,
                 problems, stored_at)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE NOT EXISTS
                 (SELECT 1 FROM evidence WHERE provider_id = $1 AND client_id = $2 AND bundle_id = $3 AND host_id = $4
                  AND sha256 = $6)",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(evidence.bundle.to_string())
        .bind(host.host().to_string())
        .bind(evidence.case.map(|case| case.to_string()))
        .bind(evidence.sha256)
        .bind(i64::try_from(evidence.bytes).unwrap_or(i64::MAX))
        .bind(i64::from(evidence.signature_valid))
        .bind(json("evidence", &evidence.problems)?)
        .bind(evidence.stored_at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// A bundle that this host has sent.
    pub async fn evidence_of_host(
        &mut self,
        host: &HostScope,
        bundle: BundleId,
    ) -> Result<Option<EvidenceRow>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM evidence WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND bundle_id = $4")
                .bind(host.client().provider().to_string())
                .bind(host.client().client().to_string())
                .bind(host.host().to_string())
                .bind(bundle.to_string())
                .fetch_optional(&mut *self.transaction)
                .await?;
        row.map(|row| evidence(host.client(), &Record { table: "evidence", row: &row })).transpose()
    }
}

impl Store {
    /// A bundle of one of these clients, sent by this host where one is named; else the one a case speaks of before one
    /// that none does.
    pub async fn evidence(
        &self,
        scopes: &[ClientScope],
        host: Option<HostId>,
        bundle: BundleId,
    ) -> Result<Option<EvidenceRow>, StoreError> {
        for scope in scopes {
            let row = sqlx::query(
                "SELECT * FROM evidence WHERE provider_id = $1 AND client_id = $2 AND bundle_id = $3
                     AND ($4 = '' OR host_id = $4)
                 ORDER BY CASE WHEN case_id IS NULL THEN 1 ELSE 0 END, stored_at, host_id LIMIT 1",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(bundle.to_string())
            .bind(host.map(|host| host.to_string()).unwrap_or_default())
            .fetch_optional(&self.read)
            .await?;
            if let Some(row) = row {
                return evidence(*scope, &Record { table: "evidence", row: &row }).map(Some);
            }
        }
        Ok(None)
    }
}

fn evidence(scope: ClientScope, record: &Record<'_>) -> Result<EvidenceRow, StoreError> {
    Ok(EvidenceRow {
        scope,
        bundle: record.parsed("bundle_id")?,
        sha256: record.text("sha256")?,
        bytes: record.count("bytes")?,
        signature_valid: record.flag("signature_valid")?,
        problems: record.json("problems")?,
        stored_at: record.instant("stored_at")?,
    })
}
