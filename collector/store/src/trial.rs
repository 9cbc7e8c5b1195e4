//! Databases for tests: a file of their own, or where `NEARMISS_TEST_POSTGRES` names a server, a database of their own on it.

use std::path::Path;

use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use url::Url;

use crate::store::Place;

/// The URL of a PostgreSQL on which this user may make databases.
pub const SERVER: &str = "NEARMISS_TEST_POSTGRES";

/// A new place; `folder` is the test's own, and its name no other's.
pub async fn place(folder: &Path) -> Place {
    let Ok(server) = std::env::var(SERVER) else { return Place::File(folder.join("collector.db")) };
    let mut url: Url = server.parse().expect("a URL in NEARMISS_TEST_POSTGRES");
    let own: String = folder.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("nearmiss_{}_{own}", std::process::id()).to_lowercase();
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url.as_str()).await.expect("the test server answers");
    let statement = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
    sqlx::raw_sql(statement).execute(&mut connection).await.expect("a database can be made");
    url.set_path(&name);
    Place::Server(url)
}
