//! Who is who: the provider, its clients with their sites, the people with their roles.
//!
//! Applied from a file as often as one likes: names and e-mail addresses are the identities, so that the same file
//! gives the same ids. Nobody is removed by leaving them out, since cases name them; roles are as the file says.

mod apply;
mod people;

use std::collections::BTreeMap;

use nearmiss_case::context::ClientSettings;
use nearmiss_case::hours::Hours;
use nearmiss_shared::identity::SiteId;
use nearmiss_shared::vocabulary::Role;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, ProviderScope};
use crate::store::{Store, Unit};

pub(crate) use people::held_roles;

/// Ten random bytes for an id; this crate draws none itself.
pub type NewId<'a> = &'a mut (dyn FnMut() -> [u8; 10] + Send);

/// Everyone and everything of one provider.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    pub provider: String,
    pub clients: Vec<ClientAccount>,
    pub people: Vec<PersonAccount>,
}

/// One client.
#[derive(Clone, Debug, Default)]
pub struct ClientAccount {
    pub name: String,
    pub sites: Vec<String>,
    pub settings: ClientSettings,
}

/// One person; `on_call`, `deputy` and `roles` name clients.
#[derive(Clone, Debug)]
pub struct PersonAccount {
    pub name: String,
    pub email: String,
    /// IANA name.
    pub timezone: String,
    pub hours: Hours,
    pub owner: bool,
    pub dispatcher: bool,
    pub on_call: Vec<String>,
    pub deputy: Vec<String>,
    pub roles: BTreeMap<String, Vec<Role>>,
}

/// The written form an address is found by.
pub(crate) fn address(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Who holds the database file: the command line and the collector's own jobs.
#[derive(Clone, Debug)]
pub struct Operator {
    scope: ProviderScope,
    pub provider_name: String,
    /// What requests to this collector are addressed to.
    pub audience: String,
}

impl Operator {
    pub const fn scope(&self) -> ProviderScope {
        self.scope
    }
}

/// A client with its sites.
#[derive(Clone, Debug)]
pub struct ClientRow {
    scope: ClientScope,
    pub name: String,
    pub sites: Vec<(SiteId, String)>,
}

impl ClientRow {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Unit {
    /// Sets the password hash of the person with this address; `false` when there is none.
    pub async fn set_password(
        &mut self,
        scope: ProviderScope,
        email: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE person SET password_hash = $3 WHERE provider_id = $1 AND email = $2")
            .bind(scope.provider().to_string())
            .bind(address(email))
            .bind(hash)
            .execute(&mut *self.transaction)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

impl Store {
    /// The provider of this database; `None` before accounts were applied.
    pub async fn operator(&self) -> Result<Option<Operator>, StoreError> {
        let row = sqlx::query("SELECT provider_id, name, audience FROM provider")
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "provider", row: &row };
        Ok(Some(Operator {
            scope: ProviderScope::new(record.parsed("provider_id")?),
            provider_name: record.text("name")?,
            audience: record.text("audience")?,
        }))
    }

    /// Every client of the provider, by name.
    pub async fn clients(&self, scope: ProviderScope) -> Result<Vec<ClientRow>, StoreError> {
        let rows = sqlx::query("SELECT client_id, name FROM client WHERE provider_id = $1 ORDER BY name")
            .bind(scope.provider().to_string())
            .fetch_all(&self.read)
            .await?;
        let mut clients = Vec::new();
        for row in &rows {
            let record = Record { table: "client", row };
            let scope = ClientScope::new(scope.provider(), record.parsed("client_id")?);
            clients.push(ClientRow { scope, name: record.text("name")?, sites: self.sites(scope).await? });
        }
        Ok(clients)
    }

    async fn sites(&self, scope: ClientScope) -> Result<Vec<(SiteId, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT site_id, name FROM site WHERE provider_id = $1 AND client_id = $2 ORDER BY name",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .fetch_all(&self.read)
        .await?;
        let site = |row| {
            let record = Record { table: "site", row };
            Ok((record.parsed("site_id")?, record.text("name")?))
        };
        rows.iter().map(site).collect()
    }
}
