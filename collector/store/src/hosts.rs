//! Hosts: enrolled once, seen often, their margins the last they told.

mod margins;

use nearmiss_shared::identity::{HostId, SiteId};
use nearmiss_shared::time::Timestamp;

use crate::authentication::Enrolment;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, HostScope};
use crate::store::{Store, Unit};

pub use margins::MarginRow;

/// A host that asks to be taken.
#[derive(Clone, Debug)]
pub struct NewHost {
    /// Its id if it is new; a replaced host keeps its own.
    pub id: HostId,
    pub name: String,
    /// A stable identity of the machine; empty where it has none.
    pub machine: String,
    pub public_key: String,
    pub agent_version: String,
    /// Name or id of the host whose history this one continues.
    pub replace: Option<String>,
    pub at: Timestamp,
}

/// What became of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrolOutcome {
    Enrolled(HostId),
    /// The machine or the name is enrolled at this client already.
    Duplicate {
        host: HostId,
        name: String,
    },
    NothingToReplace,
}

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
    /// Enrols a host, or puts it in the place of the one it replaces.
    pub async fn enrol_host(
        &mut self,
        enrolment: &Enrolment,
        host: NewHost,
    ) -> Result<EnrolOutcome, StoreError> {
        let scope = enrolment.scope();
        if let Some(old) = &host.replace {
            return self.replace_host(scope, old, &host).await;
        }
        let known = sqlx::query(
            "SELECT host_id, name FROM host WHERE provider_id = $1 AND client_id = $2
             AND (name = $3 OR (machine = $4 AND machine <> '') OR public_key = $5)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(&host.name)
        .bind(&host.machine)
        .bind(&host.public_key)
        .fetch_optional(&mut *self.transaction)
        .await?;
        if let Some(row) = known {
            let record = Record { table: "host", row: &row };
            return Ok(EnrolOutcome::Duplicate {
                host: record.parsed("host_id")?,
                name: record.text("name")?,
            });
        }
        sqlx::query(
            "INSERT INTO host (provider_id, client_id, host_id, site_id, name, machine, public_key, agent_version,
                 enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(host.id.to_string())
        .bind(enrolment.site.map(|site| site.to_string()))
        .bind(host.name)
        .bind(host.machine)
        .bind(host.public_key)
        .bind(host.agent_version)
        .bind(host.at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(EnrolOutcome::Enrolled(host.id))
    }

    async fn replace_host(
        &mut self,
        scope: ClientScope,
        old: &str,
        host: &NewHost,
    ) -> Result<EnrolOutcome, StoreError> {
        let row = sqlx::query(
            "SELECT host_id FROM host WHERE provider_id = $1 AND client_id = $2 AND (name = $3 OR host_id = $3)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(old)
        .fetch_optional(&mut *self.transaction)
        .await?;
        let Some(row) = row else { return Ok(EnrolOutcome::NothingToReplace) };
        let id: HostId = Record { table: "host", row: &row }.parsed("host_id")?;
        sqlx::query(
            "UPDATE host SET name = $3, machine = $4, public_key = $5, agent_version = $6
             WHERE client_id = $1 AND host_id = $2",
        )
        .bind(scope.client().to_string())
        .bind(id.to_string())
        .bind(&host.name)
        .bind(&host.machine)
        .bind(&host.public_key)
        .bind(&host.agent_version)
        .execute(&mut *self.transaction)
        .await?;
        Ok(EnrolOutcome::Enrolled(id))
    }

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
        sqlx::query("UPDATE host SET maintenance_until = $3 WHERE client_id = $1 AND host_id = $2")
            .bind(host.client().client().to_string())
            .bind(host.host().to_string())
            .bind(until.as_millis())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn host_row(&mut self, host: &HostScope) -> Result<sqlx::sqlite::SqliteRow, StoreError> {
        let row =
            sqlx::query("SELECT site_id, maintenance_until FROM host WHERE client_id = $1 AND host_id = $2")
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
                 FROM host JOIN client ON client.client_id = host.client_id
                     LEFT JOIN site ON site.site_id = host.site_id
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
