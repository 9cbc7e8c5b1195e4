//! The right to see and do, as values that only an authentication of this crate can make.

use nearmiss_shared::identity::{ClientId, HostId, PersonId, ProviderId};
use nearmiss_shared::vocabulary::Role;

use nearmiss_case::Actor;

/// Everything of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderScope {
    provider: ProviderId,
}

/// Everything of one client of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientScope {
    provider: ProviderId,
    client: ClientId,
}

/// One enrolled host, by its verified key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostScope {
    scope: ClientScope,
    host: HostId,
    name: String,
}

impl ProviderScope {
    pub(crate) const fn new(provider: ProviderId) -> Self {
        Self { provider }
    }

    pub const fn provider(self) -> ProviderId {
        self.provider
    }
}

impl ClientScope {
    pub(crate) const fn new(provider: ProviderId, client: ClientId) -> Self {
        Self { provider, client }
    }

    pub const fn provider(self) -> ProviderId {
        self.provider
    }

    pub const fn client(self) -> ClientId {
        self.client
    }
}

impl HostScope {
    pub(crate) const fn new(scope: ClientScope, host: HostId, name: String) -> Self {
        Self { scope, host, name }
    }

    pub const fn client(&self) -> ClientScope {
        self.scope
    }

    pub const fn host(&self) -> HostId {
        self.host
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What one caller holds at one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub(crate) scope: ClientScope,
    pub client_name: String,
    pub roles: Vec<Role>,
}

impl Grant {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

/// An authenticated caller: a person's session, or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub(crate) provider: ProviderId,
    /// The person, or the token's own id.
    pub id: PersonId,
    pub name: String,
    pub grants: Vec<Grant>,
    /// What a form posted in this session must carry; empty for tokens.
    pub form_token: String,
}

impl Principal {
    pub const fn provider(&self) -> ProviderScope {
        ProviderScope::new(self.provider)
    }

    /// Every client this caller may read.
    pub fn scopes(&self) -> Vec<ClientScope> {
        self.grants.iter().map(|grant| grant.scope).collect()
    }

    pub fn grant(&self, client: ClientId) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.scope.client() == client)
    }

    /// A client by name or id.
    pub fn named(&self, text: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.client_name == text || grant.scope.client().to_string() == text)
    }

    /// Who acts at this client; `None` for one who may only look.
    pub fn actor(&self, client: ClientId) -> Option<Actor> {
        let grant = self.grant(client)?;
        let acts = grant.roles.iter().any(|role| *role != Role::Viewer);
        acts.then(|| Actor::Person { id: self.id, name: self.name.clone(), roles: grant.roles.clone() })
    }
}
