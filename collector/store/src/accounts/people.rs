//! The people who can be asked to act on a client's cases, and the client's own numbers.

use nearmiss_case::context::ClientSettings;
use nearmiss_case::person::Person;
use nearmiss_shared::vocabulary::Role;
use sqlx::AnyExecutor;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

impl Unit {
    /// Who can be asked to act: members of the client who are not only viewers, and the provider's own people.
    pub async fn people(&mut self, scope: ClientScope) -> Result<Vec<Person>, StoreError> {
        people(&mut *self.transaction, scope).await
    }

    pub async fn settings(&mut self, scope: ClientScope) -> Result<ClientSettings, StoreError> {
        settings(&mut *self.transaction, scope).await
    }
}

impl Store {
    /// As [`Unit::people`], outside a transaction.
    pub async fn people(&self, scope: ClientScope) -> Result<Vec<Person>, StoreError> {
        people(&self.read, scope).await
    }

    pub async fn settings(&self, scope: ClientScope) -> Result<ClientSettings, StoreError> {
        settings(&self.read, scope).await
    }
}

async fn people(executor: impl AnyExecutor<'_>, scope: ClientScope) -> Result<Vec<Person>, StoreError> {
    let rows = sqlx::query(
        "SELECT person.person_id, person.name, email, timezone, hours, provider_roles, roles, on_call, deputy
         FROM person LEFT JOIN membership
             ON membership.provider_id = person.provider_id AND membership.client_id = $2
             AND membership.person_id = person.person_id
         WHERE person.provider_id = $1 ORDER BY person.name, person.person_id",
    )
    .bind(scope.provider().to_string())
    .bind(scope.client().to_string())
    .fetch_all(executor)
    .await?;
    let people: Result<Vec<Person>, StoreError> = rows.iter().map(person).collect();
    Ok(people?.into_iter().filter(|person| person.roles.iter().any(|role| *role != Role::Viewer)).collect())
}

fn person(row: &AnyRow) -> Result<Person, StoreError> {
    let record = Record { table: "person", row };
    Ok(Person {
        id: record.parsed("person_id")?,
        name: record.text("name")?,
        email: record.text("email")?,
        roles: held_roles(&record)?,
        timezone: record.text("timezone")?,
        hours: record.parsed("hours")?,
        on_call: record.flag_or_false("on_call")?,
        deputy: record.flag_or_false("deputy")?,
    })
}

/// The roles a person holds at a client: as its member, and as one of the provider's own people; each once.
pub(crate) fn held_roles(record: &Record<'_>) -> Result<Vec<Role>, StoreError> {
    let mut roles: Vec<Role> = record.json_or_default("roles")?;
    roles.extend(record.json::<Vec<Role>>("provider_roles")?);
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

async fn settings(executor: impl AnyExecutor<'_>, scope: ClientScope) -> Result<ClientSettings, StoreError> {
    let row = sqlx::query("SELECT client_id, settings FROM client WHERE provider_id = $1 AND client_id = $2")
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .fetch_one(executor)
        .await?;
    Record { table: "client", row: &row }.json("settings")
}
