//! `run`: the daemon's life from its configuration to a graceful stop.
//!
//! A reload is a new life in the same process: the configuration is parsed whole first, and a bad one changes nothing
//! and says so. A life ends softly: every task is told, waited for, and what was committed is all there is, so the
//! next one goes on where this one stopped. One agent runs on one state folder.

mod life;
mod lock;
mod orders;
mod probes;
mod watchdog;

use std::path::Path;
use std::sync::Arc;

use nearmiss_shared::time::Timestamp;
use sd_notify::NotifyState;
use tokio::sync::Notify;
use tracing::{debug, error, info};

use crate::pipeline::Counters;
use crate::settings::{Settings, SettingsFault};
use crate::store::StoreFault;
use nearmiss_agent_probe::Clock;

use life::Life;
use lock::Lock;
use orders::{Order, Orders};

/// Why the daemon does not run, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum DaemonFault {
    #[error(transparent)]
    Settings(#[from] SettingsFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("another agent runs on {0}")]
    Taken(String),
    #[error("{path}: {fault}")]
    File { path: String, fault: std::io::Error },
    #[error("signals cannot be listened for: {0}")]
    Signals(std::io::Error),
    #[error("the log patterns together are too large: {0}")]
    Patterns(#[from] regex::Error),
    #[error("a part of the agent failed; its log says which")]
    Failed,
}

/// What outlives a reload.
#[derive(Clone, Debug)]
struct Shared {
    clock: Clock,
    counters: Arc<Counters>,
    reload: Arc<Notify>,
    started: Timestamp,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// It cannot start, or a part of it failed.
pub async fn run(file: Option<&Path>, mut settings: Settings) -> Result<(), DaemonFault> {
    let mut orders = Orders::listen().map_err(DaemonFault::Signals)?;
    let clock = Clock::from_environment();
    clock.warn_if_moved();
    let started = clock.wall();
    let shared = Shared { clock, counters: Arc::default(), reload: Arc::default(), started };
    let _lock = Lock::take(&settings.state)?;
    loop {
        let mut life = Life::start(&settings, &shared).await?;
        tell(&[NotifyState::Ready]);
        info!(version = env!("CARGO_PKG_VERSION"), state = %settings.state.display(), "watching");
        let next = until_changed(&mut life, &mut orders, &shared, file, &settings).await;
        tell(&[if next.is_some() { NotifyState::Reloading } else { NotifyState::Stopping }]);
        let failed = life.end().await;
        match next {
            _ if failed => return Err(DaemonFault::Failed),
            Some(changed) => settings = changed,
            None => return Ok(()),
        }
    }
}

/// Waits for a stop (`None`) or for a configuration that can be applied.
async fn until_changed(
    life: &mut Life,
    orders: &mut Orders,
    shared: &Shared,
    file: Option<&Path>,
    settings: &Settings,
) -> Option<Settings> {
    loop {
        let order = tokio::select! {
            order = orders.next() => order,
            () = shared.reload.notified() => Order::Reload,
            () = life.failed() => Order::Stop,
        };
        match order {
            Order::Stop => return None,
            Order::Reload => match Settings::load(file) {
                Ok(changed) if changed.state == settings.state => return Some(changed),
                Ok(_) => {
                    error!("`state` cannot change while the agent runs; the configuration stays as it was");
                }
                Err(fault) => error!(%fault, "the configuration stays as it was"),
            },
        }
    }
}

/// Tells systemd, where it is the one that started us.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(fault) = sd_notify::notify(state) {
        debug!(%fault, "systemd cannot be told");
    }
}

#[cfg(test)]
pub(crate) mod tests;
