//! `account apply FILE`, `account password EMAIL`.

use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;
use nearmiss_runtime::clock::Clock;
use nearmiss_runtime::random::random;

use super::{Failure, accounts_file, open, operator, print};
use crate::config::Config;
use crate::passwords;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes provider, clients, sites and people what FILE (TOML) says; as often as you like
    #[command(after_help = "Example:\n  nearmiss-collector account apply people.toml")]
    Apply { file: PathBuf },
    /// Sets a person's password, read from standard input
    #[command(
        after_help = "Example:\n  nearmiss-collector account password sana@falcon.example <password.txt"
    )]
    Password { email: String },
}

pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    match command {
        Command::Apply { file } => apply(config, &file).await,
        Command::Password { email } => password(config, &email).await,
    }
}

async fn apply(config: &Config, file: &std::path::Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|fault| Failure::Unreadable(format!("{}: {fault}", file.display())))?;
    let accounts = accounts_file::parse(&file.display().to_string(), &text)?;
    let store = open(config).await?;
    let mut unit = store.begin().await?;
    // Agents address their requests to this: it names this database, whatever its address will be.
    let audience = format!("nearmiss-{}", hex::encode(random::<8>()));
    unit.apply_accounts(&accounts, &audience, Clock::from_environment().now(), &mut random).await?;
    unit.commit().await?;
    store.close().await;
    print(&format!(
        "{}: {} clients, {} people",
        accounts.provider,
        accounts.clients.len(),
        accounts.people.len()
    ))
}

async fn password(config: &Config, email: &str) -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']);
    let hash = passwords::hash(password).map_err(|fault| Failure::Usage(fault.to_string()))?;
    let store = open(config).await?;
    let operator = operator(&store).await?;
    let mut unit = store.begin().await?;
    if !unit.set_password(operator.scope(), email, &hash).await? {
        return Err(Failure::Usage(format!("nobody has the address {email}: see `account apply`")));
    }
    unit.commit().await?;
    store.close().await;
    Ok(())
}
