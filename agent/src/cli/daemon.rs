//! `run`: logs to standard error, then the daemon.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::{Config, Ended, Exit, Failure};
use crate::daemon::{self, DaemonFault};

/// Says how much is logged, in tracing's filter syntax.
const LOG: &str = "NEARMISS_LOG";

pub(super) async fn run(file: &Config) -> Ended {
    let settings = file.load()?;
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
    daemon::run(file.path(), settings).await.map_err(|fault| match fault {
        DaemonFault::Settings(_) | DaemonFault::Patterns(_) => Failure::usage(fault),
        fault => Failure::unreachable(fault),
    })?;
    Ok(Exit::Fine)
}
