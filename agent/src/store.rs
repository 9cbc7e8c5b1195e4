//! The agent's one embedded store: signal states, follower checkpoints, identity, and the spool.
//!
//! SQLite in WAL mode with `synchronous=FULL`: what was committed is on the disk. One connection writes; a state and
//! the event it caused are one transaction, which is what makes exactly-once possible. Events and their bundles leave
//! only when the collector said they are durable there. A file set aside at start is given up when the disk is full,
//! so that a full disk cannot silence the agent.

mod bundles;
mod meta;
mod requests;
mod reserve;
mod spool;
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, Sqlite};

pub use bundles::{BundleRow, Pending};
pub use meta::{Enrolment, Identity, key_in};
pub use reserve::Reserve;
pub use spool::{Batch, Fate};
pub use work::{StoredState, Work};

/// Rises with every change of the tables; older stores are brought up one step at a time.
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE signal_state (
    signal TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (signal, subject)
) WITHOUT ROWID;
CREATE TABLE checkpoint (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, checksum TEXT NOT NULL, spooled_at INTEGER NOT NULL
);
CREATE TABLE quarantine (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL, body TEXT NOT NULL, problem TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE bundle (
    id TEXT PRIMARY KEY, event_id TEXT NOT NULL, event TEXT NOT NULL, stage TEXT NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE request (
    id TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
";

/// A failure of the store, with what was being done.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    #[error("the store {path} cannot be opened: {fault}")]
    Open { path: PathBuf, fault: sqlx::Error },
    #[error("{path}: {fault}")]
    File { path: PathBuf, fault: std::io::Error },
    #[error("the store was made by a later version (schema {0}); this program knows {SCHEMA_VERSION}")]
    Newer(i64),
    #[error("the store cannot be read or written: {0}")]
    Query(#[from] sqlx::Error),
    #[error("{table} {id}: {problem}")]
    BadRow { table: &'static str, id: String, problem: String },
    #[error("the value cannot be stored: {0}")]
    Json(#[from] serde_json::Error),
}

impl StoreFault {
    /// The disk is full: giving up the reserve may help.
    pub fn is_full(&self) -> bool {
        const SQLITE_FULL: &str = "13";
        let Self::Query(sqlx::Error::Database(fault)) = self else { return false };
        fault.code().is_some_and(|code| code == SQLITE_FULL) || fault.message().contains("disk is full")
    }
}

/// The open store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    folder: PathBuf,
}

impl Store {
    /// Opens `FOLDER/agent.db`, making folder and tables where they are missing.
    ///
    /// # Errors
    /// The folder or file cannot be used, or was made by a later version.
    pub async fn open(folder: &Path) -> Result<Self, StoreFault> {
        make_folder(folder)?;
        let options = SqliteConnectOptions::new()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let store = Self::connect(folder, options).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens what another run left, without changing it.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn open_read_only(folder: &Path) -> Result<Self, StoreFault> {
        let store = Self::connect(folder, SqliteConnectOptions::new().read_only(true)).await?;
        match store.version().await? {
            SCHEMA_VERSION => Ok(store),
            other => Err(StoreFault::Newer(other)),
        }
    }

    async fn connect(folder: &Path, options: SqliteConnectOptions) -> Result<Self, StoreFault> {
        let path = folder.join("agent.db");
        let options = options.filename(&path).busy_timeout(Duration::from_secs(5));
        // One connection: it is the one writer, and what is read is never older than what was written.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|fault| StoreFault::Open { path, fault })?;
        Ok(Self { pool, folder: folder.to_owned() })
    }

    async fn migrate(&self) -> Result<(), StoreFault> {
        match self.version().await? {
            0 => {
                let mut transaction = self.pool.begin().await?;
                sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(())
            }
            SCHEMA_VERSION => Ok(()),
            later => Err(StoreFault::Newer(later)),
        }
    }

    async fn version(&self) -> Result<i64, StoreFault> {
        let row = sqlx::query("PRAGMA user_version").fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// The folder it lives in, with the key, the reserve and the bundles.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where frozen bundles wait for delivery.
    pub fn bundle_folder(&self) -> PathBuf {
        self.folder.join("evidence")
    }

    /// Writes everything out and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreFault> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder);
    made.map_err(|fault| StoreFault::File { path: folder.to_owned(), fault })
}

type Transaction<'a> = sqlx::Transaction<'a, Sqlite>;

#[cfg(test)]
mod tests;
