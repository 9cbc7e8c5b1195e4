//! Enrolment: a machine is one host of its client, once; a reinstalled one goes on with its history.

use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::Timestamp;

use crate::authentication::Enrolment;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::Unit;

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
    /// The machine, the name or the key is enrolled at this client already.
    Duplicate {
        host: HostId,
        name: String,
    },
    NothingToReplace,
}

impl Unit {
    /// Enrols a host, or puts it in the place of the one it replaces. A key that another client's host holds is a
    /// conflict.
    pub async fn enrol_host(
        &mut self,
        enrolment: &Enrolment,
        host: NewHost,
    ) -> Result<EnrolOutcome, StoreError> {
        let scope = enrolment.scope();
        let replaced = match &host.replace {
            None => None,
            Some(old) => match self.host_named(scope, old).await? {
                None => return Ok(EnrolOutcome::NothingToReplace),
                found => found,
            },
        };
        if let Some((host, name)) = self.twin(scope, &host, replaced).await? {
            return Ok(EnrolOutcome::Duplicate { host, name });
        }
        match replaced {
            Some(id) => self.replace_host(scope, id, &host).await,
            None => self.insert_host(enrolment, &host).await,
        }
    }

    /// Another host of this client with the same machine, name or key.
    async fn twin(
        &mut self,
        scope: ClientScope,
        host: &NewHost,
        replaced: Option<HostId>,
    ) -> Result<Option<(HostId, String)>, StoreError> {
        let row = sqlx::query(
            "SELECT host_id, name FROM host WHERE provider_id = $1 AND client_id = $2 AND host_id <> $6
             AND (name = $3 OR (machine = $4 AND machine <> '') OR public_key = $5) ORDER BY host_id LIMIT 1",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(&host.name)
        .bind(&host.machine)
        .bind(&host.public_key)
        .bind(replaced.map(|id| id.to_string()).unwrap_or_default())
        .fetch_optional(&mut *self.transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "host", row: &row };
        Ok(Some((record.parsed("host_id")?, record.text("name")?)))
    }

    async fn host_named(&mut self, scope: ClientScope, text: &str) -> Result<Option<HostId>, StoreError> {
        let row = sqlx::query(
            "SELECT host_id FROM host WHERE provider_id = $1 AND client_id = $2 AND (name = $3 OR host_id = $3)
             ORDER BY host_id LIMIT 1",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(text)
        .fetch_optional(&mut *self.transaction)
        .await?;
        row.map(|row| Record { table: "host", row: &row }.parsed("host_id")).transpose()
    }

    async fn insert_host(
        &mut self,
        enrolment: &Enrolment,
        host: &NewHost,
    ) -> Result<EnrolOutcome, StoreError> {
        sqlx::query(
            "INSERT INTO host (provider_id, client_id, host_id, site_id, name, machine, public_key, agent_version,
                 enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(enrolment.scope().provider().to_string())
        .bind(enrolment.scope().client().to_string())
        .bind(host.id.to_string())
        .bind(enrolment.site.map(|site| site.to_string()))
        .bind(&host.name)
        .bind(&host.machine)
        .bind(&host.public_key)
        .bind(&host.agent_version)
        .bind(host.at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(EnrolOutcome::Enrolled(host.id))
    }

    /// The old key is void from here on; id, site and cases stay.
    async fn replace_host(
        &mut self,
        scope: ClientScope,
        id: HostId,
        host: &NewHost,
    ) -> Result<EnrolOutcome, StoreError> {
        sqlx::query(
            "UPDATE host SET name = $4, machine = $5, public_key = $6, agent_version = $7
             WHERE provider_id = $1 AND client_id = $2 AND host_id = $3",
        )
        .bind(scope.provider().to_string())
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
}
