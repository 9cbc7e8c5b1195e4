//! Hosts: enrolled once, seen often, their margins the last they told.

mod enrol;
mod margins;

use nearmiss_shared::identity::{HostId, SiteId};
use nearmiss_shared::time::Timestamp;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

pub use enrol::{EnrolOutcome, NewHost};
pub use margins::MarginRow;

/// A host as pages show it.
#[derive(Clone, Debug)]
pub struct HostRow {
    scope: ClientScope,
    pub id: HostId,
    pub name: String,
    pub client_name: String,
    pub site_name: Option<String>,
    pub agent_version: String,
    pub last_seen_at: Option<Timestamp>,
    pub enrolled_at: Timestamp,
    pub maintenance_until: Option<Timestamp>,
}

impl HostRow {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Unit {
    pub async fn site_of(&mut self, host: &HostScope) -> Result<Option<SiteId>, StoreError> {
        let row = self.host_row(host).await?;
        Record { table: "host", row: &row }.parsed_or_none("site_id")
    }

    /// Until when the host is in maintenance: watched, nobody paged.
    pub async fn maintenance_until(&mut self, host: &HostScope) -> Result<Option<Timestamp>, StoreError> {
        let row = self.host_row(host).await?;
        Record { table: "host", row: &row }.instant_or_none("maintenance_until")
    }

    pub async fn set_maintenance(&mut self, host: &HostScope, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE host SET maintenance_until = $4 WHERE provider_id = $1 AND client_id = $2 AND host_id = $3",
        )
            .bind(host.client().provider().to_string())
            .bind(host.client().client().to_string())
            .bind(host.host().to_string())
            .bind(until.as_millis())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn host_row(&mut self, host: &HostScope) -> Result<sqlx::any::AnyRow, StoreError> {
        let row = sqlx::query(
            "SELECT host_id, site_id, maintenance_until FROM host
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3",
        )
        .bind(host.client().provider().to_string())
        .bind(host.client().client().to_string())
        .bind(host.host().to_string())
        .fetch_one(&mut *self.transaction)
        .await?;
        Ok(row)
    }
}

impl Store {
    /// The hosts of these clients, by client and name.
    pub async fn hosts(&self, scopes: &[ClientScope]) -> Result<Vec<HostRow>, StoreError> {
        let mut hosts = Vec::new();
        for scope in scopes {
            let rows = sqlx::query(
                "SELECT host.*, client.name AS client_name, site.name AS site_name
                 FROM host JOIN client ON client.provider_id = host.provider_id
                         AND client.client_id = host.client_id
                     LEFT JOIN site ON site.provider_id = host.provider_id AND site.client_id = host.client_id
                         AND site.site_id = host.site_id
                 WHERE host.provider_id = $1 AND host.client_id = $2 ORDER BY host.name",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .fetch_all(&self.read)
            .await?;
            for row in &rows {
                hosts.push(host(*scope, &Record { table: "host", row })?);
            }
        }
        Ok(hosts)
    }
}

fn host(scope: ClientScope, record: &Record<'_>) -> Result<HostRow, StoreError> {
    Ok(HostRow {
        scope,
        id: record.parsed("host_id")?,
        name: record.text("name")?,
        client_name: record.text("client_name")?,
        site_name: record.text_or_none("site_name")?,
        agent_version: record.text("agent_version")?,
        last_seen_at: record.instant_or_none("last_seen_at")?,
        enrolled_at: record.instant("enrolled_at")?,
        maintenance_until: record.instant_or_none("maintenance_until")?,
    })
}
