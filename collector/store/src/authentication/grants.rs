//! What a person or a token holds at each client.

use nearmiss_shared::identity::PersonId;
use nearmiss_shared::vocabulary::Role;

use crate::accounts::provider_roles;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::{ClientScope, Grant, Principal};
use crate::store::Store;

impl Store {
    /// A person with a grant for each client: by membership, and at every client for the provider's own people.
    pub(super) async fn person(&self, id: PersonId) -> Result<Option<Principal>, StoreError> {
        let row = sqlx::query("SELECT provider_id, name, provider_roles FROM person WHERE person_id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "person", row: &row };
        let own = provider_roles(&record)?;
        let provider = record.parsed("provider_id")?;
        let rows = sqlx::query(
            "SELECT client.client_id, client.name, membership.roles
             FROM client LEFT JOIN membership
                 ON membership.client_id = client.client_id AND membership.person_id = $2
             WHERE client.provider_id = $1 ORDER BY client.name",
        )
        .bind(record.text("provider_id")?)
        .bind(id.to_string())
        .fetch_all(&self.read)
        .await?;
        let mut grants = Vec::new();
        for row in &rows {
            let client = Record { table: "membership", row };
            let member = client.text_or_none("roles")?.is_some();
            let mut roles: Vec<Role> = if member { client.json("roles")? } else { Vec::new() };
            roles.extend(&own);
            if !roles.is_empty() {
                let scope = ClientScope::new(provider, client.parsed("client_id")?);
                grants.push(Grant { scope, client_name: client.text("name")?, roles });
            }
        }
        Ok(Some(Principal { provider, id, name: record.text("name")?, grants, form_token: String::new() }))
    }
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
