//! Who calls: the only place that makes scopes. Secrets are looked up by their SHA-256; only that is kept.

mod grants;
mod host;

use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::identity::{CaseId, PersonId, SiteId, TokenId};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;
use nearmiss_shared::words;

use crate::accounts::{Operator, address};
use crate::error::StoreError;
use crate::row::{Record, json};
use crate::scope::{ClientScope, Principal};
use crate::store::{Store, Unit};

words! {
    /// What a token lets its bearer do.
    TokenKind {
        /// Call the API.
        Api = "api",
        /// Enrol hosts.
        Enrol = "enrol",
    }
}

/// A token to be made. Only the hash of its secret is kept.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub secret: String,
    pub id: TokenId,
    pub kind: TokenKind,
    pub name: String,
    pub site: Option<SiteId>,
    pub roles: Vec<Role>,
    /// How many hosts may still enrol with it; `None` is any number.
    pub uses: Option<u32>,
    pub expires_at: Timestamp,
}

/// What a password is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub person: PersonId,
    pub password_hash: Option<String>,
}

/// The right to enrol one host.
#[derive(Clone, Debug)]
pub struct Enrolment {
    pub(crate) scope: ClientScope,
    pub site: Option<SiteId>,
    pub client_name: String,
    pub site_name: String,
}

impl Enrolment {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

/// A link of a message: one person, one case.
#[derive(Clone, Debug)]
pub struct Link {
    scope: ClientScope,
    pub case: CaseId,
    pub principal: Principal,
}

impl Link {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Store {
    /// Whom a password would have to prove; checking it is the caller's.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, StoreError> {
        let row = sqlx::query("SELECT person_id, password_hash FROM person WHERE email = $1")
            .bind(address(email))
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "person", row: &row };
        let (person, password_hash) = (record.parsed("person_id")?, record.text_or_none("password_hash")?);
        Ok(Some(Credentials { person, password_hash }))
    }

    /// The person of a running session.
    pub async fn session(&self, secret: &str, now: Timestamp) -> Result<Option<Principal>, StoreError> {
        let row = sqlx::query(
            "SELECT provider_id, person_id, form_token FROM session WHERE session_hash = $1 AND expires_at > $2",
        )
        .bind(hash(secret))
        .bind(now.as_millis())
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "session", row: &row };
        let principal = self.person(record.parsed("provider_id")?, record.parsed("person_id")?).await?;
        let form_token = record.text("form_token")?;
        Ok(principal.map(|principal| Principal { form_token, ..principal }))
    }

    /// The caller who shows an API token.
    pub async fn bearer(&self, secret: &str, now: Timestamp) -> Result<Option<Principal>, StoreError> {
        let row = sqlx::query(
            "SELECT token.provider_id, token.client_id, token_id, token.name, roles, client.name AS client_name
             FROM token JOIN client ON client.provider_id = token.provider_id AND client.client_id = token.client_id
             WHERE token_hash = $1 AND kind = 'api' AND expires_at > $2",
        )
        .bind(hash(secret))
        .bind(now.as_millis())
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| grants::token(&Record { table: "token", row: &row })).transpose()
    }

    /// The person and the case a link in a message stands for; nobody once that person has no role there.
    pub async fn link(&self, secret: &str, now: Timestamp) -> Result<Option<Link>, StoreError> {
        let row = sqlx::query(
            "SELECT provider_id, client_id, case_id, person_id FROM link WHERE link_hash = $1 AND expires_at > $2",
        )
        .bind(hash(secret))
        .bind(now.as_millis())
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let record = Record { table: "link", row: &row };
        let scope = ClientScope::new(record.parsed("provider_id")?, record.parsed("client_id")?);
        let person = self.person(scope.provider(), record.parsed("person_id")?).await?;
        let Some(mut principal) = person else { return Ok(None) };
        principal.grants.retain(|grant| grant.scope == scope);
        if principal.grants.is_empty() {
            return Ok(None);
        }
        Ok(Some(Link { scope, case: record.parsed("case_id")?, principal }))
    }
}

impl Unit {
    /// A session of somebody whose password was checked.
    pub async fn start_session(
        &mut self,
        credentials: &Credentials,
        secret: &str,
        form_token: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO session (provider_id, session_hash, person_id, form_token, created_at, expires_at)
             SELECT provider_id, $2, person_id, $3, $4, $5 FROM person WHERE person_id = $1",
        )
        .bind(credentials.person.to_string())
        .bind(hash(secret))
        .bind(form_token)
        .bind(now.as_millis())
        .bind(expires_at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Removes sessions, tokens and links that have ended; how many.
    pub async fn forget_expired(&mut self, operator: &Operator, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for statement in [
            "DELETE FROM session WHERE provider_id = $1 AND expires_at <= $2",
            "DELETE FROM token WHERE provider_id = $1 AND expires_at <= $2",
            "DELETE FROM link WHERE provider_id = $1 AND expires_at <= $2",
        ] {
            let done = sqlx::query(statement)
                .bind(operator.scope().provider().to_string())
                .bind(now.as_millis())
                .execute(&mut *self.transaction)
                .await?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }

    /// Signs out.
    pub async fn end_session(&mut self, secret: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session WHERE session_hash = $1")
            .bind(hash(secret))
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    pub async fn create_token(&mut self, scope: ClientScope, token: NewToken) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO token (provider_id, client_id, token_hash, token_id, kind, name, site_id, roles, uses_left,
                 expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(hash(&token.secret))
        .bind(token.id.to_string())
        .bind(token.kind.as_str())
        .bind(token.name)
        .bind(token.site.map(|site| site.to_string()))
        .bind(json("token", &token.roles)?)
        .bind(token.uses.map(i64::from))
        .bind(token.expires_at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// A link that lets this person act on this case.
    pub async fn add_link(
        &mut self,
        scope: ClientScope,
        case: CaseId,
        person: PersonId,
        secret: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO link (provider_id, client_id, link_hash, case_id, person_id, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(scope.provider().to_string())
        .bind(scope.client().to_string())
        .bind(hash(secret))
        .bind(case.to_string())
        .bind(person.to_string())
        .bind(expires_at.as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

fn hash(secret: &str) -> String {
    sha256_hex(secret.as_bytes())
}
