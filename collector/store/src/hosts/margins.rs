//! Where each signal of a host stands, as it was last told. A status lists what is urgent or new and refreshes the rest
//! within the hour, so a row lives until nobody has told of it for three hours.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, Physical};
use nearmiss_shared::wire::v1::Resting;
use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

/// A signal nobody has told of for so long is watched no more, or its host is silent.
const TOLD_WITHIN: Span = Span::from_hours(3);
/// One host's newest rows that are kept.
const MOST: i64 = 1_000;

/// One signal's margin. Names are filled in on reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginRow {
    #[serde(skip)]
    pub client_name: String,
    #[serde(skip)]
    pub host_name: String,
    /// When the host was heard last.
    #[serde(skip)]
    pub heard_at: Option<Timestamp>,
    pub signal: String,
    pub subject: String,
    pub category: Category,
    pub value: Option<f64>,
    pub unit: String,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub critical: Option<f64>,
    pub limit: Option<f64>,
    pub ordinal: bool,
    pub proximity: Option<f64>,
    pub time_to_failure_seconds: Option<f64>,
    pub state: Physical,
    /// Of the value: a drive is read every few minutes, and what does not change is told once an hour.
    pub at: Timestamp,
    /// It is not read for now, for a reason that is no fault.
    #[serde(default)]
    pub resting: Option<Resting>,
}

impl Unit {
    /// A status of this host: when it was seen, what it runs, and the margins it lists.
    pub async fn host_seen(
        &mut self,
        host: &HostScope,
        at: Timestamp,
        agent_version: &str,
        status: &str,
        margins: &[MarginRow],
    ) -> Result<(), StoreError> {
        let (scope, id) = (host.client(), host.host().to_string());
        sqlx::query(
            "UPDATE host SET last_seen_at = $4, agent_version = $5, status = $6
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(&id)
        .bind(at.as_millis())
        .bind(agent_version)
        .bind(status)
        .execute(&mut *self.transaction)
        .await?;
        for margin in margins {
            self.margin_told(host, margin, at).await?;
        }
        self.forget_margins(host, at).await?;
        self.changed(scope, Change::Margins, &id, at).await
    }

    /// The row is as old as this telling of it; its reading may be older.
    async fn margin_told(
        &mut self,
        host: &HostScope,
        margin: &MarginRow,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO margin (provider_id, client_id, host_id, signal, subject, at, document)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (provider_id, client_id, host_id, signal, subject)
             DO UPDATE SET at = excluded.at, document = excluded.document",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(&margin.signal)
        .bind(&margin.subject)
        .bind(at.as_millis())
        .bind(json("margin", margin)?)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// The host's rows that are too old, and those beyond the newest.
    async fn forget_margins(&mut self, host: &HostScope, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM margin WHERE provider_id = $1 AND client_id = $2 AND host_id = $3 AND (at < $4 OR at <=
                 (SELECT at FROM margin WHERE provider_id = $1 AND client_id = $2 AND host_id = $3
                  ORDER BY at DESC LIMIT 1 OFFSET $5))",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .bind(at.minus(TOLD_WITHIN).as_millis())
        .bind(MOST)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

impl Store {
    /// The margins of these clients' hosts, in no order of importance.
    pub async fn margins(&self, scopes: &[ClientScope]) -> Result<Vec<MarginRow>, StoreError> {
        let mut margins = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT margin.host_id, document, host.name AS host_name, host.last_seen_at, client.name AS client_name
                 FROM margin JOIN host ON host.provider_id = margin.provider_id
                         AND host.client_id = margin.client_id AND host.host_id = margin.host_id
                     JOIN client ON client.provider_id = margin.provider_id AND client.client_id = margin.client_id
                 WHERE margin.provider_id = $1 AND margin.client_id = $2 ORDER BY host.name, signal, subject",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                let record = Record { table: "margin", row };
                let margin: MarginRow = record.json("document")?;
                let (client_name, host_name) = (record.text("client_name")?, record.text("host_name")?);
                let heard_at = record.instant_or_none("last_seen_at")?;
                margins.push(MarginRow { client_name, host_name, heard_at, ..margin });
            }
        }
        Ok(margins)
    }
}
