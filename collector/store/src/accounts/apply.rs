//! Accounts as a file tells them become rows, all or none of them.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_shared::identity::{ClientId, PersonId, ProviderId, SiteId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;

use super::{Accounts, ClientAccount, NewId, PersonAccount, address};
use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::ProviderScope;
use crate::store::Unit;

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
                 ON CONFLICT (provider_id, client_id, name) DO NOTHING",
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
        .bind(address(&person.email))
        .bind(&person.timezone)
        .bind(person.hours.to_string())
        .bind(json("person", &roles)?)
        .execute(&mut *self.transaction)
        .await?;
        let row = sqlx::query("SELECT person_id FROM person WHERE provider_id = $1 AND email = $2")
            .bind(provider.to_string())
            .bind(address(&person.email))
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
        let named: BTreeSet<&String> = named.collect();
        for name in named {
            let Some(client) = clients.get(name.as_str()) else {
                return Err(StoreError::Account(format!(
                    "{} names the client `{name}`, which is not listed",
                    person.email
                )));
            };
            let roles = person.roles.get(name).map_or(&[][..], Vec::as_slice);
            if !can_act(person, roles) && (person.on_call.contains(name) || person.deputy.contains(name)) {
                return Err(StoreError::Account(format!(
                    "{} is to answer for `{name}` without a role that may act there",
                    person.email
                )));
            }
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
}

/// Whether somebody who is paged could answer: viewers only look.
fn can_act(person: &PersonAccount, roles: &[Role]) -> bool {
    person.owner || person.dispatcher || roles.iter().any(|role| *role != Role::Viewer)
}
