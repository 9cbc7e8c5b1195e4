//! `serve`: listens, says so, and ends cleanly when asked.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use nearmiss_runtime::clock::Clock;
use nearmiss_runtime::tasks::{Stop, Tasks};
use nearmiss_store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use super::lock::Lock;
use super::{Failure, make_data, open, operator};
use crate::app::App;
use crate::config::Config;
use crate::delivery::Channels;
use crate::{http, jobs};

/// Requests and messages under way are given this long.
const DRAIN: Duration = Duration::from_secs(5);

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    log();
    let channels = Channels::of(&config)?;
    let (_only, store) = occupy(&config).await?;
    let operator = operator(&store).await?;
    let wanted = config.server.listen;
    let listener = TcpListener::bind(wanted).await;
    let listener =
        listener.map_err(|fault| Failure::Unreadable(format!("cannot listen at {wanted}: {fault}")))?;
    let bound = listener.local_addr()?;
    let public_url = config.public_url(bound);
    let address_file = config.address_file();

    let mut tasks = Tasks::default();
    let clock = Clock::from_environment();
    clock.warn_if_moved();
    let app = App::new(store, clock, config, operator, public_url, tasks.stop_signal());
    tasks.spawn("http", listen(app.clone(), listener, tasks.stop_signal()));
    jobs::start(&app, channels, &mut tasks);
    say(&address_file, bound)?;
    info!(address = %bound, url = app.public_url, provider = app.operator.provider_name, "listening");

    tokio::select! {
        () = asked_to_end() => info!("ending"),
        name = tasks.ended() => error!(task = name.unwrap_or("none"), "a task is gone: ending"),
    }
    drop(std::fs::remove_file(&address_file));
    tasks.shut_down(DRAIN).await;
    app.store.close().await;
    if tasks.failed() {
        return Err(Failure::Condition("a task failed; the log says which".to_owned()));
    }
    Ok(())
}

/// The data folder for this collector alone, then its database: opening it brings the schema up to date under whoever
/// runs on it.
async fn occupy(config: &Config) -> Result<(Lock, Store), Failure> {
    make_data(config)?;
    let lock = Lock::take(&config.data)?;
    Ok((lock, open(config).await?))
}

fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour =
        std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
}

async fn listen(app: App, listener: TcpListener, mut stop: Stop) {
    let ending = async move { stop.asked().await };
    let router = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, router).with_graceful_shutdown(ending).await;
    if let Err(fault) = served {
        error!(%fault, "the listener failed");
    }
}

/// Whoever waits for the collector reads where it listens.
fn say(file: &Path, bound: SocketAddr) -> Result<(), Failure> {
    let beside = file.with_extension("address.part");
    std::fs::write(&beside, format!("http://{bound}\n"))?;
    Ok(std::fs::rename(&beside, file)?)
}

async fn asked_to_end() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
        warn!("signals cannot be heard: only SIGKILL ends this");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_collector_leaves_the_database_alone() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data: folder.path().to_owned(), ..Config::default() };
        let first = Lock::take(&config.data).unwrap();
        assert!(matches!(occupy(&config).await, Err(Failure::Unreadable(_))));
        assert!(!folder.path().join("collector.db").exists());
        drop(first);
        let (_only, store) = occupy(&config).await.unwrap();
        store.close().await;
    }
}
