//! What hosts are asked: fetched with the answer to their status, until they answer or it expires.

use nearmiss_shared::identity::{CaseId, HostId, RequestId};
use nearmiss_shared::time::Timestamp;
use serde_json::Value;

use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

/// A request to be asked.
#[derive(Clone, Debug)]
pub struct NewRequest<'a> {
    pub id: RequestId,
    pub host: HostId,
    pub case: Option<CaseId>,
    /// One of the wire's request kinds.
    pub kind: &'a str,
    pub data: &'a Value,
    pub expires_at: Timestamp,
}

/// A request that waits for its host.
#[derive(Clone, Debug)]
pub struct RequestRow {
    pub id: RequestId,
    pub kind: String,
    pub data: Value,
    pub expires_at: Timestamp,
}

/// A request that has an answer now.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The case it was about, if any.
    pub case: Option<CaseId>,
    pub kind: String,
    pub data: Value,
}

/// The newest request of a kind to one host, and what became of it.
#[derive(Clone, Debug)]
pub struct AskedRow {
    pub host: HostId,
    /// `open`, or the host's answer: `done`, `refused`, `expired`.
    pub state: String,
    pub detail: String,
    pub data: Value,
    pub expires_at: Timestamp,
}

impl Unit {
    pub async fn ask_host(&mut self, scope: ClientScope, request: NewRequest<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO host_request (provider_id, client_id, request_id, host_id, case_id, kind, data, expires_at,
                 state, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', '')",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(request.id.to_string())
        .bind(request.host.to_string())
        .bind(request.case.map(|case| case.to_string()))
        .bind(request.kind)
        .bind(json("host_request", request.data)?)
        .bind(request.expires_at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// The host has answered; what it was asked. An answer that comes again changes nothing.
    pub async fn request_answered(
        &mut self,
        host: &HostScope,
        id: RequestId,
        outcome: &str,
        detail: &str,
    ) -> Result<Option<Answered>, StoreError> {
        let done = sqlx::query(
            "UPDATE host_request SET state = $4, detail = $5
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND request_id = $6 AND state = 'open'",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(outcome)
        .bind(detail)
        .bind(id.to_string())
        .execute(&mut *self.transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let row = sqlx::query(
            "SELECT request_id, case_id, kind, data FROM host_request
             WHERE provider_id = $1 AND client_id = $2 AND request_id = $3",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(id.to_string())
        .fetch_one(&mut *self.transaction)
        .await?;
        let record = Record { table: "host_request", row: &row };
        Ok(Some(Answered {
            case: record.parsed_or_none("case_id")?,
            kind: record.text("kind")?,
            data: record.json("data")?,
        }))
    }
}

impl Store {
    /// What this host is asked now, oldest first.
    pub async fn requests_for(
        &self,
        host: &HostScope,
        now: Timestamp,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT request_id, kind, data, expires_at FROM host_request
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND state = 'open' AND expires_at > $4
             ORDER BY request_id LIMIT 50",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(now.as_millis())
        .fetch_all(&self.read)
        .await?;
        let request = |row| {
            let record = Record { table: "host_request", row };
            Ok(RequestRow {
                id: record.parsed("request_id")?,
                kind: record.text("kind")?,
                data: record.json("data")?,
                expires_at: record.instant("expires_at")?,
            })
        };
        rows.iter().map(request).collect()
    }

    /// The newest request of this kind to each host of these clients. Ids rise with time.
    pub async fn last_asked(&self, scopes: &[ClientScope], kind: &str) -> Result<Vec<AskedRow>, StoreError> {
        let mut asked = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT request_id, host_id, state, detail, data, expires_at FROM host_request
                 WHERE provider_id = $1 AND client_id = $2 AND request_id IN
                     (SELECT MAX(request_id) FROM host_request
                      WHERE provider_id = $1 AND client_id = $2 AND kind = $3 GROUP BY host_id)",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(kind)
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                let record = Record { table: "host_request", row };
                asked.push(AskedRow {
                    host: record.parsed("host_id")?,
                    state: record.text("state")?,
                    detail: record.text("detail")?,
                    data: record.json("data")?,
                    expires_at: record.instant("expires_at")?,
                });
            }
        }
        Ok(asked)
    }
}
