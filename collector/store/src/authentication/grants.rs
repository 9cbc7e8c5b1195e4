//! What a person or a token holds at each client.

use nearmiss_shared::identity::{PersonId, ProviderId};

use crate::accounts::held_roles;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, Grant, Principal};
use crate::store::Store;

impl Store {
    /// A person with a grant for each client: by membership, and at every client for the provider's own people.
    pub(super) async fn person(
        &self,
        provider: ProviderId,
        id: PersonId,
    ) -> Result<Option<Principal>, StoreError> {
        let rows = sqlx::query(
            "SELECT person.person_id, person.name, provider_roles, client.client_id, client.name AS client_name, roles
             FROM person LEFT JOIN client ON client.provider_id = person.provider_id
                 LEFT JOIN membership ON membership.provider_id = client.provider_id
                     AND membership.client_id = client.client_id AND membership.person_id = person.person_id
             WHERE person.provider_id = $1 AND person.person_id = $2 ORDER BY client.name",
        )
        .bind(provider.to_string())
        .bind(id.to_string())
        .fetch_all(&self.read)
        .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let name = Record { table: "person", row: first }.text("name")?;
        let mut grants = Vec::new();
        for row in &rows {
            grants.extend(grant(provider, &Record { table: "person", row })?);
        }
        Ok(Some(Principal { provider, id, name, grants, form_token: String::new() }))
    }
}

/// What a person holds at the client of this row, if anything; a new provider has no client yet.
fn grant(provider: ProviderId, record: &Record<'_>) -> Result<Option<Grant>, StoreError> {
    let roles = held_roles(record)?;
    let Some(client) = record.parsed_or_none("client_id")?.filter(|_| !roles.is_empty()) else {
        return Ok(None);
    };
    let scope = ClientScope::new(provider, client);
    Ok(Some(Grant { scope, client_name: record.text("client_name")?, roles }))
}

/// A token's own grant: one client.
pub(super) fn token(record: &Record<'_>) -> Result<Principal, StoreError> {
    let provider = record.parsed("provider_id")?;
    let grant = Grant {
        scope: ClientScope::new(provider, record.parsed("client_id")?),
        client_name: record.text("client_name")?,
        roles: record.json("roles")?,
    };
    Ok(Principal {
        provider,
        id: record.parsed("token_id")?,
        name: record.text("name")?,
        grants: vec![grant],
        form_token: String::new(),
    })
}
