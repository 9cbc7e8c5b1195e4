//! The timeline of a case: sealed into its chain on writing, with texts and salts apart.

use nearmiss_case::chain::{self, Payload, Sealed};
use nearmiss_case::{Actor, Entry, What};
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

/// Sixteen random bytes for an entry; this crate draws none itself.
pub type Salt<'a> = &'a mut (dyn FnMut() -> [u8; 16] + Send);

/// What an entry's commitment covers.
#[derive(Serialize, Deserialize)]
struct Told {
    actor: Actor,
    what: What,
}

/// One line as it is read.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    pub sequence: u64,
    pub at: Timestamp,
    /// A name; what the chain covers where the text was erased.
    pub actor: String,
    pub kind: String,
    /// `None` where it was erased by rule.
    pub what: Option<What>,
    pub hash: String,
    pub previous_hash: String,
}

impl Unit {
    /// Seals entries onto the case's chain.
    pub async fn append_entries(
        &mut self,
        scope: ClientScope,
        case: CaseId,
        entries: &[Entry],
        salt: Salt<'_>,
    ) -> Result<(), StoreError> {
        let (mut sequence, mut previous) = self.chain_end(scope, case).await?;
        for entry in entries {
            sequence += 1;
            let salt = salt();
            let payload =
                json("entry_payload", &Told { actor: entry.actor.clone(), what: entry.what.clone() })?;
            let sealed = chain::seal(
                case,
                sequence,
                entry.at,
                &entry.actor.id(),
                &entry.what.kind(),
                chain::commitment(&salt, &payload),
                &previous,
            );
            self.insert_entry(scope, &sealed, &salt, &payload).await?;
            previous = sealed.hash;
        }
        Ok(())
    }

    async fn chain_end(&mut self, scope: ClientScope, case: CaseId) -> Result<(u64, String), StoreError> {
        let row = sqlx::query(
            "SELECT case_id, sequence, hash FROM entry WHERE provider_id = $1 AND client_id = $2 AND case_id = $3
             ORDER BY sequence DESC LIMIT 1",
        )
                .bind(scope.provider().to_string())
                .bind(scope.client().to_string())
                .bind(case.to_string())
                .fetch_optional(&mut *self.transaction)
                .await?;
        let Some(row) = row else { return Ok((0, String::new())) };
        let record = Record { table: "entry", row: &row };
        Ok((record.count("sequence")?, record.text("hash")?))
    }

    async fn insert_entry(
        &mut self,
        scope: ClientScope,
        sealed: &Sealed,
        salt: &[u8; 16],
        payload: &str,
    ) -> Result<(), StoreError> {
        let sequence = i64::try_from(sealed.sequence).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO entry (provider_id, client_id, case_id, sequence, at, actor, kind, commitment, previous, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(sealed.case.to_string())
        .bind(sequence)
        .bind(sealed.at.as_millis())
        .bind(&sealed.actor)
        .bind(&sealed.kind)
        .bind(&sealed.commitment)
        .bind(&sealed.previous)
        .bind(&sealed.hash)
        .execute(&mut *self.transaction)
        .await?;
        sqlx::query(
            "INSERT INTO entry_payload (provider_id, client_id, case_id, sequence, salt, payload)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(sealed.case.to_string())
        .bind(sequence)
        .bind(hex::encode(salt))
        .bind(payload)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// A case's timeline, oldest first.
    pub async fn timeline(&self, scope: ClientScope, case: CaseId) -> Result<Vec<TimelineRow>, StoreError> {
        let line = |(sealed, payload): (Sealed, Payload)| {
            let told = payload.map(|(_, text)| serde_json::from_str::<Told>(&text)).transpose();
            let told = told.map_err(|why| StoreError::Row {
                table: "entry_payload",
                column: "payload",
                id: format!("{case} {}", sealed.sequence),
                why: why.to_string(),
            })?;
            Ok(TimelineRow {
                sequence: sealed.sequence,
                at: sealed.at,
                actor: told.as_ref().map_or(sealed.actor, |told| told.actor.name().to_owned()),
                kind: sealed.kind,
                what: told.map(|told| told.what),
                hash: sealed.hash,
                previous_hash: sealed.previous,
            })
        };
        self.chain(scope, case).await?.into_iter().map(line).collect()
    }

    /// A case's chain with what it commits to, for [`chain::verify`].
    pub async fn chain(
        &self,
        scope: ClientScope,
        case: CaseId,
    ) -> Result<Vec<(Sealed, Payload)>, StoreError> {
        let rows = sqlx::query(
            "SELECT entry.*, salt, payload FROM entry LEFT JOIN entry_payload
                 ON entry_payload.provider_id = entry.provider_id AND entry_payload.client_id = entry.client_id
                 AND entry_payload.case_id = entry.case_id AND entry_payload.sequence = entry.sequence
             WHERE entry.provider_id = $1 AND entry.client_id = $2 AND entry.case_id = $3 ORDER BY entry.sequence",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(case.to_string())
        .fetch_all(&self.read)
        .await?;
        let entry = |row| {
            let record = Record { table: "entry", row };
            Ok((sealed(case, &record)?, payload(&record)?))
        };
        rows.iter().map(entry).collect()
    }
}

fn sealed(case: CaseId, record: &Record<'_>) -> Result<Sealed, StoreError> {
    Ok(Sealed {
        case,
        sequence: record.count("sequence")?,
        at: record.instant("at")?,
        actor: record.text("actor")?,
        kind: record.text("kind")?,
        commitment: record.text("commitment")?,
        previous: record.text("previous")?,
        hash: record.text("hash")?,
    })
}

fn payload(record: &Record<'_>) -> Result<Payload, StoreError> {
    let (Some(salt), Some(text)) = (record.text_or_none("salt")?, record.text_or_none("payload")?) else {
        return Ok(None);
    };
    let mut bytes = [0; 16];
    hex::decode_to_slice(salt, &mut bytes).map_err(|why| record.fault("salt", why))?;
    Ok(Some((bytes, text)))
}
