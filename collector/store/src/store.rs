//! Opening the database, its schema, and the unit of work.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlStr, Sqlite, Transaction};

use crate::error::StoreError;

/// The schema's steps, oldest first. A released one is never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "first", include_str!("../migrations/0001_first.sql"))];

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    /// Any number of readers.
    pub(crate) read: SqlitePool,
    /// One connection: SQLite has one writer, and waiting here is cheaper than a busy database.
    write: SqlitePool,
}

/// One write transaction. Dropped without a commit it leaves nothing.
pub struct Unit {
    pub(crate) transaction: Transaction<'static, Sqlite>,
}

impl Store {
    /// Opens or makes the database in this file and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(30))
        };
        let write = pool(1).connect_with(options.clone()).await?;
        migrator().run(&write).await?;
        let read = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self { read, write })
    }

    /// Begins a write. Others wait for its end.
    pub async fn begin(&self) -> Result<Unit, StoreError> {
        Ok(Unit { transaction: self.write.begin_with(SqlStr::from_static("BEGIN IMMEDIATE")).await? })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// SQLite's own word on the file: `ok`, or its faults.
    pub async fn integrity(&self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.read).await?)
    }

    /// Closes every connection, with the log written back.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Unit {
    /// Makes everything durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    /// Marks a point to go back to: one command of a batch.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        sqlx::query("SAVEPOINT command").execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// The command since the savepoint stays.
    pub async fn release(&mut self) -> Result<(), StoreError> {
        sqlx::query("RELEASE SAVEPOINT command").execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// The command since the savepoint never happened.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        sqlx::query("ROLLBACK TO SAVEPOINT command").execute(&mut *self.transaction).await?;
        self.release().await
    }
}

fn migrator() -> Migrator {
    let steps = MIGRATIONS.iter().map(|(version, description, sql)| {
        Migration::new(
            *version,
            Cow::Borrowed(*description),
            MigrationType::Simple,
            SqlStr::from_static(sql),
            false,
        )
    });
    Migrator::with_migrations(steps.collect())
}
