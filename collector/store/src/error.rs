//! What can go wrong in the store: the database itself, or a row that is not what it should be.

/// A fault of the store. Its text goes to the log, never to a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value cannot be read, or a row is not where it should be: which, where, why.
    #[error("{table}.{column} of `{id}`: {why}")]
    Row { table: &'static str, column: &'static str, id: String, why: String },
    /// Accounts name something that does not exist.
    #[error("{0}")]
    Account(String),
}

impl StoreError {
    /// A unique index refused a row: somebody else was first.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(fault)) if fault.is_unique_violation())
    }
}
