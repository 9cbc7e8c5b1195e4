//! `token create`: prints the secret, and nothing else, once. Only its hash is kept.

use clap::{Args, Subcommand};
use nearmiss_runtime::clock::Clock;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Role;
use nearmiss_store::accounts::ClientRow;
use nearmiss_store::authentication::{NewToken, TokenKind};

use super::{Failure, open, operator, print};
use crate::config::Config;
use crate::ids;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a token and prints its secret
    #[command(after_help = EXAMPLES)]
    Create(Create),
}

const EXAMPLES: &str = "\
Examples:
  nearmiss-collector token create --kind api --client \"Falcon MRO\" --roles viewer
  nearmiss-collector token create --kind enrol --client \"Falcon MRO\" --site \"Hangar 2\" --hosts 40 --expires 2h";

#[derive(Debug, Args)]
pub(super) struct Create {
    /// api: call the API; enrol: enrol hosts
    #[arg(long, value_name = "api|enrol")]
    kind: TokenKind,
    /// The client it is for
    #[arg(long, value_name = "NAME")]
    client: String,
    /// The site of hosts that enrol with it
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// How many hosts may enrol with it
    #[arg(long, value_name = "N", default_value_t = 1)]
    hosts: u32,
    /// How long it works [default: a year for api, a day for enrol]
    #[arg(long, value_name = "SPAN")]
    expires: Option<Span>,
    /// What an API token may do
    #[arg(long, value_name = "ROLE", value_delimiter = ',', default_value = "sysadmin")]
    roles: Vec<Role>,
    /// What its acts are signed with
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let Command::Create(wanted) = command;
    let store = open(config).await?;
    let operator = operator(&store).await?;
    let clients = store.clients(operator.scope()).await?;
    let Some(client) = clients.iter().find(|client| client.name == wanted.client) else {
        let names: Vec<&str> = clients.iter().map(|client| client.name.as_str()).collect();
        return Err(unknown("client", &wanted.client, &names));
    };
    if wanted.roles.iter().any(|role| matches!(role, Role::Owner | Role::Dispatcher)) {
        return Err(Failure::Usage(
            "owner and dispatcher are people of the provider, not tokens of a client".into(),
        ));
    }
    let site = wanted.site.as_deref().map(|name| site(client, name)).transpose()?;
    let now = Clock::from_environment().now();
    let (lasts, uses) = match wanted.kind {
        TokenKind::Api => (Span::from_days(365), None),
        TokenKind::Enrol => (Span::from_days(1), Some(wanted.hosts)),
    };
    let secret = ids::secret();
    let token = NewToken {
        secret: secret.clone(),
        id: ids::token(now),
        kind: wanted.kind,
        name: wanted.name.unwrap_or_else(|| format!("{} token", wanted.kind)),
        site,
        roles: wanted.roles,
        uses,
        expires_at: now.plus(wanted.expires.unwrap_or(lasts)),
    };
    let mut unit = store.begin().await?;
    unit.create_token(client.scope(), token).await?;
    unit.commit().await?;
    store.close().await;
    print(&secret)
}

fn site(client: &ClientRow, name: &str) -> Result<nearmiss_shared::identity::SiteId, Failure> {
    let known = client.sites.iter().find(|(_, known)| known == name);
    let names: Vec<&str> = client.sites.iter().map(|(_, known)| known.as_str()).collect();
    known.map(|(id, _)| *id).ok_or_else(|| unknown("site", name, &names))
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    Failure::Usage(format!("no {what} is named `{name}`; known: {}", known.join(", ")))
}
