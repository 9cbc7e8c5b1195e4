//! Who is who: the provider, its clients with their sites, the people with their roles.
//!
//! Applied from a file as often as one likes: names and e-mail addresses are the identities, so that the same file
//! gives the same ids. Nobody is removed by leaving them out, since cases name them; roles are as the file says.

mod people;

use std::collections::BTreeMap;

use nearmiss_case::context::ClientSettings;
use nearmiss_case::hours::Hours;
use nearmiss_shared::identity::{ClientId, PersonId, ProviderId, SiteId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;

use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, ProviderScope};
use crate::store::{Store, Unit};

pub(crate) use people::provider_roles;

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
    /// Makes the accounts what `accounts` says. The audience is fixed by the first call: agents were told it.
    pub async fn apply_accounts(
        &mut self,
        accounts: &Accounts,
        audience: &str,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<ProviderScope, StoreError> {
        let provider = self.apply_provider(&accounts.provider, audience, now, new_id).await?;
        let mut clients = BTreeMap::new();
        for client in &accounts.clients {
            let id = self.apply_client(provider, client, now, new_id).await?;
            clients.insert(client.name.as_str(), id);
        }
        for person in &accounts.people {
            self.apply_person(provider, person, &clients, now, new_id).await?;
        }
        Ok(ProviderScope::new(provider))
    }

    async fn apply_provider(
        &mut self,
        name: &str,
        audience: &str,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<ProviderId, StoreError> {
        let known =
            sqlx::query("SELECT provider_id FROM provider").fetch_optional(&mut *self.transaction).await?;
        if let Some(row) = known {
            let id: ProviderId = Record { table: "provider", row: &row }.parsed("provider_id")?;
            sqlx::query("UPDATE provider SET name = $2 WHERE provider_id = $1")
                .bind(id.to_string())
                .bind(name)
                .execute(&mut *self.transaction)
                .await?;
            return Ok(id);
        }
        let id = ProviderId::from_parts(now, new_id());
        sqlx::query("INSERT INTO provider (provider_id, name, audience, created_at) VALUES ($1, $2, $3, $4)")
            .bind(id.to_string())
            .bind(name)
            .bind(audience)
            .bind(now.as_millis())
            .execute(&mut *self.transaction)
            .await?;
        Ok(id)
    }

    async fn apply_client(
        &mut self,
        provider: ProviderId,
        client: &ClientAccount,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<ClientId, StoreError> {
        sqlx::query(
            "INSERT INTO client (provider_id, client_id, name, settings) VALUES ($1, $2, $3, $4)
             ON CONFLICT (provider_id, name) DO UPDATE SET settings = excluded.settings",
        )
        .bind(provider.to_string())
        .bind(ClientId::from_parts(now, new_id()).to_string())
        .bind(&client.name)
        .bind(json("client", &client.settings)?)
        .execute(&mut *self.transaction)
        .await?;
        let row = sqlx::query("SELECT client_id FROM client WHERE provider_id = $1 AND name = $2")
            .bind(provider.to_string())
            .bind(&client.name)
            .fetch_one(&mut *self.transaction)
            .await?;
        let id: ClientId = Record { table: "client", row: &row }.parsed("client_id")?;
        for site in &client.sites {
            sqlx::query(
                "INSERT INTO site (provider_id, client_id, site_id, name) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (client_id, name) DO NOTHING",
            )
            .bind(provider.to_string())
            .bind(id.to_string())
            .bind(SiteId::from_parts(now, new_id()).to_string())
            .bind(site)
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(id)
    }

    async fn apply_person(
        &mut self,
        provider: ProviderId,
        person: &PersonAccount,
        clients: &BTreeMap<&str, ClientId>,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<(), StoreError> {
        let roles: Vec<Role> = [(person.owner, Role::Owner), (person.dispatcher, Role::Dispatcher)]
            .into_iter()
            .filter_map(|(holds, role)| holds.then_some(role))
            .collect();
        sqlx::query(
            "INSERT INTO person (provider_id, person_id, name, email, timezone, hours, provider_roles)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (email) DO UPDATE SET name = excluded.name, timezone = excluded.timezone,
                 hours = excluded.hours, provider_roles = excluded.provider_roles",
        )
        .bind(provider.to_string())
        .bind(PersonId::from_parts(now, new_id()).to_string())
        .bind(&person.name)
        .bind(person.email.to_lowercase())
        .bind(&person.timezone)
        .bind(person.hours.to_string())
        .bind(json("person", &roles)?)
        .execute(&mut *self.transaction)
        .await?;
        let row = sqlx::query("SELECT person_id FROM person WHERE provider_id = $1 AND email = $2")
            .bind(provider.to_string())
            .bind(person.email.to_lowercase())
            .fetch_one(&mut *self.transaction)
            .await?;
        let id: PersonId = Record { table: "person", row: &row }.parsed("person_id")?;
        self.apply_memberships(provider, id, person, clients).await
    }

    async fn apply_memberships(
        &mut self,
        provider: ProviderId,
        id: PersonId,
        person: &PersonAccount,
        clients: &BTreeMap<&str, ClientId>,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM membership WHERE provider_id = $1 AND person_id = $2")
            .bind(provider.to_string())
            .bind(id.to_string())
            .execute(&mut *self.transaction)
            .await?;
        let named = person.roles.keys().chain(&person.on_call).chain(&person.deputy);
        let named: std::collections::BTreeSet<&String> = named.collect();
        for name in named {
            let Some(client) = clients.get(name.as_str()) else {
                return Err(StoreError::Account(format!(
                    "{} names the client `{name}`, which is not listed",
                    person.email
                )));
            };
            let roles = person.roles.get(name).cloned().unwrap_or_default();
            sqlx::query(
                "INSERT INTO membership (provider_id, client_id, person_id, roles, on_call, deputy)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(provider.to_string())
            .bind(client.to_string())
            .bind(id.to_string())
            .bind(json("membership", &roles)?)
            .bind(i64::from(person.on_call.contains(name)))
            .bind(i64::from(person.deputy.contains(name)))
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }

    /// Sets the password hash of the person with this address; `false` when there is none.
    pub async fn set_password(
        &mut self,
        scope: ProviderScope,
        email: &str,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE person SET password_hash = $3 WHERE provider_id = $1 AND email = $2")
            .bind(scope.provider().to_string())
            .bind(email.trim().to_lowercase())
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
