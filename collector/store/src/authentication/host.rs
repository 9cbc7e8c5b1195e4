//! Hosts prove themselves by signature: key, nonce, and the proof that an auditor can check again.

use nearmiss_shared::time::{Span, Timestamp};

use super::{Enrolment, hash};
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

/// Longer than any signature is accepted: a nonce older than this cannot come again.
const REMEMBERED: Span = Span::from_minutes(15);

impl Store {
    /// The host that holds this key. The caller has verified a signature with this very key.
    pub async fn host_of_key(&self, public_key: &str) -> Result<Option<HostScope>, StoreError> {
        let row = sqlx::query("SELECT provider_id, client_id, host_id, name FROM host WHERE public_key = $1")
            .bind(public_key)
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "host", row: &row };
        let scope = ClientScope::new(record.parsed("provider_id")?, record.parsed("client_id")?);
        Ok(Some(HostScope::new(scope, record.parsed("host_id")?, record.text("name")?)))
    }
}

impl Unit {
    /// Takes one use of an enrolment token; `None` when it is unknown, used up or expired.
    pub async fn enrolment(&mut self, secret: &str, now: Timestamp) -> Result<Option<Enrolment>, StoreError> {
        let taken = sqlx::query(
            "UPDATE token SET uses_left = uses_left - 1 WHERE token_hash = $1 AND kind = 'enrol' AND expires_at > $2
             AND (uses_left IS NULL OR uses_left > 0)",
        )
        .bind(hash(secret))
        .bind(now.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        if taken.rows_affected() == 0 {
            return Ok(None);
        }
        let row = sqlx::query(
            "SELECT token.provider_id, token.client_id, token.token_id, token.site_id, client.name AS client_name,
                 site.name AS site_name
             FROM token JOIN client ON client.provider_id = token.provider_id AND client.client_id = token.client_id
                 LEFT JOIN site ON site.provider_id = token.provider_id AND site.client_id = token.client_id
                     AND site.site_id = token.site_id
             WHERE token_hash = $1",
        )
        .bind(hash(secret))
        .fetch_one(&mut *self.transaction)
        .await?;
        let record = Record { table: "token", row: &row };
        Ok(Some(Enrolment {
            scope: ClientScope::new(record.parsed("provider_id")?, record.parsed("client_id")?),
            site: record.parsed_or_none("site_id")?,
            client_name: record.text("client_name")?,
            site_name: record.text_or_none("site_name")?.unwrap_or_default(),
        }))
    }

    /// `false` when this nonce was seen before.
    pub async fn remember_nonce(
        &mut self,
        host: &HostScope,
        nonce: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query("DELETE FROM nonce WHERE seen_at < $1")
            .bind(now.minus(REMEMBERED).as_millis())
            .execute(&mut *self.transaction)
            .await?;
        let new = sqlx::query(
            "INSERT INTO nonce (provider_id, client_id, host_id, nonce, seen_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(nonce)
        .bind(now.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(new.rows_affected() > 0)
    }

    /// Keeps what proves a batch's origin: the signature base (RFC 9421, 2.5) and the signature.
    pub async fn keep_proof(
        &mut self,
        host: &HostScope,
        proof_id: &str,
        base: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO proof (provider_id, client_id, proof_id, host_id, base, signature, received_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(proof_id)
        .bind(host.host().to_string())
        .bind(base)
        .bind(signature)
        .bind(now.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}
