//! Opening the database, its schema, and the unit of work.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, SqlSafeStr, SqlStr, Transaction};

use url::Url;

use crate::error::StoreError;

/// The schema's steps, oldest first. A released one is never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "first", include_str!("../migrations/0001_first.sql"))];

/// The lock that PostgreSQL gives to one writer at a time.
const WRITER: i64 = 0x6e65_6172_6d69_7373;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// SQLite, in this file.
    File(PathBuf),
    /// PostgreSQL, by `postgres://USER:PASSWORD@HOST/DATABASE`.
    Server(Url),
}

/// What the two databases call differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    dialect: Dialect,
    /// Any number of readers.
    pub(crate) read: AnyPool,
    /// One connection: of a collector's writers one is at work, and waiting here is cheaper than a busy database.
    write: AnyPool,
}

/// One write transaction. Dropped without a commit it leaves nothing. After a fault nothing more can be done in it, unless it is
/// undone to its savepoint.
pub struct Unit {
    pub(crate) transaction: Transaction<'static, Any>,
}

impl Place {
    fn dialect(&self) -> Dialect {
        match self {
            Self::File(_) => Dialect::Sqlite,
            Self::Server(_) => Dialect::Postgres,
        }
    }

    fn options(&self, read_only: bool) -> Result<AnyConnectOptions, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let options = match self {
            Self::File(file) => {
                let mode = if read_only { "ro" } else { "rwc" };
                let absolute = std::path::absolute(file).map_err(sqlx::Error::Io)?;
                let mut url = Url::from_file_path(&absolute).map_err(|()| {
                    sqlx::Error::Configuration(format!("{} is no path of a file", file.display()).into())
                })?;
                url.query_pairs_mut().append_pair("mode", mode);
                let url = url.as_str().replacen("file:", "sqlite:", 1);
                url.parse()?
            }
            Self::Server(url) => AnyConnectOptions::from_url(url)?,
        };
        Ok(options.disable_statement_logging())
    }
}

/// Without the password.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "{}", file.display()),
            Self::Server(url) => {
                let (host, name) = (url.host_str().unwrap_or_default(), url.path().trim_start_matches('/'));
                write!(formatter, "the database `{name}` at {host}")
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Dialect {
    /// What a connection is told before its first query.
    const fn greeting(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON"
            }
            Self::Postgres => "SET TIME ZONE 'UTC'",
        }
    }

    /// Begins a write, alone of all collectors: numbers are given without gaps, and what was read stays so.
    const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// A schema's step. The two sort text alike, by its bytes.
    fn schema(self, sql: &'static str) -> Cow<'static, str> {
        match self {
            Self::Sqlite => Cow::Borrowed(sql),
            Self::Postgres => Cow::Owned(sql.replace(" TEXT", " TEXT COLLATE \"C\"")),
        }
    }
}

impl Store {
    /// Opens or makes the database and brings its schema up to date.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        let dialect = place.dialect();
        let pool = |most| {
            AnyPoolOptions::new()
                .max_connections(most)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(30))
                .after_connect(move |connection, _| Box::pin(greet(connection, dialect)))
        };
        let write = pool(1).connect_with(place.options(false)?).await?;
        migrator(dialect).run(&write).await?;
        let read = pool(4).connect_with(place.options(true)?).await?;
        Ok(Self { dialect, read, write })
    }

    /// Begins a write. Others wait for its end.
    pub async fn begin(&self) -> Result<Unit, StoreError> {
        let begin = SqlStr::from_static(self.dialect.begin());
        let mut transaction = self.write.begin_with(begin).await?;
        if self.dialect == Dialect::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(WRITER).execute(&mut *transaction).await?;
        }
        Ok(Unit { transaction })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// The database's own word on its files: `ok`, or the faults. PostgreSQL checks its pages as it reads them.
    pub async fn integrity(&self) -> Result<String, StoreError> {
        match self.dialect {
            Dialect::Sqlite => Ok(sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.read).await?),
            Dialect::Postgres => self.ping().await.map(|()| "ok".to_owned()),
        }
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

async fn greet(connection: &mut AnyConnection, dialect: Dialect) -> sqlx::Result<()> {
    sqlx::raw_sql(dialect.greeting()).execute(connection).await?;
    Ok(())
}

fn migrator(dialect: Dialect) -> Migrator {
    let steps = MIGRATIONS.iter().map(|(version, description, sql)| {
        let sql = match dialect.schema(sql) {
            Cow::Borrowed(sql) => SqlStr::from_static(sql),
            Cow::Owned(sql) => AssertSqlSafe(sql).into_sql_str(),
        };
        Migration::new(*version, Cow::Borrowed(*description), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}
