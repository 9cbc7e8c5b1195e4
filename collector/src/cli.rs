//! The command line. Exit codes: 0 fine; 1 the condition asked about does not hold; 2 usage or configuration; 3 could not
//! reach or read.

mod account;
pub(crate) mod accounts_file;
mod audit;
mod doctor;
mod lock;
mod serve;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use nearmiss_store::accounts::Operator;
use nearmiss_store::{Store, StoreError};

use crate::config::{Config, ConfigFault};
use nearmiss_shared::fault::Faults;

/// The collector of nearmiss: keeps near-miss cases and makes people act in time.
#[derive(Debug, Parser)]
#[command(name = "nearmiss-collector", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// The configuration [default: /etc/nearmiss/collector.toml, where it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  nearmiss-collector account apply people.toml
  nearmiss-collector account password sana@falcon.example <password.txt
  nearmiss-collector token create --kind enrol --client \"Falcon MRO\" --hosts 1 --expires 1h
  nearmiss-collector serve --config collector.toml

Exit codes:
  0  fine
  1  the condition asked about does not hold (doctor, audit verify)
  2  usage or configuration
  3  could not reach or read";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until SIGINT or SIGTERM
    Serve,
    /// Brings the database's schema up to date
    Migrate,
    /// Who is who: provider, clients, people, passwords
    #[command(subcommand)]
    Account(account::Command),
    /// Tokens for the API and for enrolling hosts
    #[command(subcommand)]
    Token(token::Command),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Checks database, evidence files and outbox
    Doctor,
    /// The timelines' hash chains
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Tells every fault of the configuration with its line
    Check,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Prints where every chain stands now, as JSON: hold it on another machine
    #[command(
        after_help = "Example, from another machine's crontab, hourly:\n  ssh collector nearmiss-collector audit checkpoint > \
                            checkpoints/$(date -u +%Y%m%dT%H%M%SZ).json"
    )]
    Checkpoint,
    /// Verifies the chain of every case, and what checkpoints say of them
    #[command(
        after_help = "Examples:\n  nearmiss-collector audit verify\n  nearmiss-collector audit verify --checkpoint \
                            20261125T230000Z.json"
    )]
    Verify {
        /// What `audit checkpoint` printed once, held elsewhere since; may be named several times
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Condition(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Unreadable(String),
}

impl Failure {
    const fn code(&self) -> u8 {
        match self {
            Self::Condition(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreadable(_) => 3,
        }
    }
}

impl From<ConfigFault> for Failure {
    fn from(fault: ConfigFault) -> Self {
        Self::Usage(fault.to_string())
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Usage(faults.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(fault: StoreError) -> Self {
        Self::Unreadable(fault.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(fault: std::io::Error) -> Self {
        Self::Unreadable(fault.to_string())
    }
}

/// Runs one command; the program's exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to tell it to when standard error is closed.
            drop(writeln!(std::io::stderr(), "nearmiss-collector: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::load(arguments.config.as_deref())?;
    if let Command::Config(ConfigCommand::Check) = arguments.command {
        crate::delivery::Channels::of(&config)?;
        return print("the configuration is sound");
    }
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    threads.block_on(async {
        match arguments.command {
            Command::Serve => serve::run(config).await,
            Command::Migrate => migrate(&config).await,
            Command::Account(command) => account::run(&config, command).await,
            Command::Token(command) => token::run(&config, command).await,
            Command::Doctor => doctor::run(&config).await,
            Command::Audit(AuditCommand::Checkpoint) => audit::checkpoint(&config).await,
            Command::Audit(AuditCommand::Verify { checkpoint }) => audit::verify(&config, &checkpoint).await,
            Command::Config(ConfigCommand::Check) => Ok(()),
        }
    })
}

async fn migrate(config: &Config) -> Result<(), Failure> {
    let store = open(config).await?;
    store.close().await;
    print(&format!("{} is up to date", config.place()?))
}

/// The data folder is for its owner alone.
fn make_data(config: &Config) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.recursive(true).create(&config.data);
    made.map_err(|fault| Failure::Unreadable(format!("{}: {fault}", config.data.display())))
}

/// Opens the database, made where there is none.
async fn open(config: &Config) -> Result<Store, Failure> {
    make_data(config)?;
    let place = config.place()?;
    Store::open(&place).await.map_err(|fault| Failure::Unreadable(format!("{place}: {fault}")))
}

/// The provider of this database.
async fn operator(store: &Store) -> Result<Operator, Failure> {
    store.operator().await?.ok_or_else(|| {
        Failure::Usage(
            "nobody is known yet: `nearmiss-collector account apply FILE` makes provider and people".into(),
        )
    })
}

/// The one writer of standard output.
fn print(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_configuration_is_named_before_or_after_the_command() {
        Arguments::command().debug_assert();
        for line in [
            &["c", "--config", "x.toml", "serve"][..],
            &["c", "serve", "--config", "x.toml"],
            &["c", "account", "--config", "x.toml", "password", "a@b.example"],
            &["c", "token", "create", "--kind", "api", "--client", "A", "--config", "x.toml"],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert_eq!(arguments.config, Some(PathBuf::from("x.toml")), "{line:?}");
        }
    }
}
