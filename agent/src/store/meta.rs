//! Who this host is: its key, its store, and the collector it is enrolled at.
//!
//! The key's seed is a file of its own beside the database (`host.key`, mode 0600), so that a copied database carries
//! no secret.

use nearmiss_runtime::random::random;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nearmiss_shared::identity::{HostId, StoreId};
use nearmiss_shared::signature::HostKey;
use nearmiss_shared::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Store, StoreFault, Transaction, spool};
use crate::ids;

/// Who this host is.
#[derive(Clone, Debug)]
pub struct Identity {
    pub store: StoreId,
    pub key: HostKey,
    pub enrolment: Option<Enrolment>,
    /// The first start of an agent on this store; observe mode counts from here.
    pub since: Timestamp,
}

/// What a collector answered when this host was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    pub url: String,
    pub host: HostId,
    pub audience: String,
    pub client: String,
    pub site: String,
    pub enrolled_at: Timestamp,
    pub observe_seconds: u64,
}

impl Enrolment {
    /// Client and site, where there is one, as a person is told them.
    pub fn place(&self) -> String {
        match self.site.as_str() {
            "" => self.client.clone(),
            site => format!("{}, {site}", self.client),
        }
    }
}

impl Store {
    /// Reads who this host is; a new store gets a new key and id.
    ///
    /// # Errors
    /// The key's file or the store cannot be used.
    pub async fn identity(&self, now: Timestamp) -> Result<Identity, StoreFault> {
        let key = self.key(true)?;
        let store: StoreId = match self.value("store_id").await? {
            Some(id) => id,
            None => {
                let id = ids::store(now);
                self.set("store_id", &id).await?;
                id
            }
        };
        let since = match self.value("since").await? {
            Some(since) => since,
            None => {
                self.set("since", &now).await?;
                now
            }
        };
        Ok(Identity { store, key, enrolment: self.enrolment().await?, since })
    }

    /// The host's key; with `make` a missing one is made.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds no key.
    pub fn key(&self, make: bool) -> Result<HostKey, StoreFault> {
        key_in(self.folder(), make)
    }

    pub async fn enrolment(&self) -> Result<Option<Enrolment>, StoreFault> {
        self.value("enrolment").await
    }

    /// Makes this host a collector's. What was spooled before there was any goes to it; what was spooled for another
    /// identity does not.
    pub async fn enrol(&self, enrolment: &Enrolment, store: StoreId) -> Result<(), StoreFault> {
        let before = self.enrolment().await?;
        let mut transaction = self.pool.begin().await?;
        match before {
            Some(before) if before.host != enrolment.host => {
                sqlx::query("DELETE FROM event").execute(&mut *transaction).await?;
                sqlx::query("DELETE FROM bundle").execute(&mut *transaction).await?;
            }
            Some(_) => {}
            None => spool::address(&mut transaction, enrolment.host, store).await?,
        }
        set_in(&mut transaction, "enrolment", enrolment).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The value kept under `name`.
    pub async fn value<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, StoreFault> {
        let row = sqlx::query("SELECT value FROM meta WHERE key = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get(0)?;
        let bad = |fault: serde_json::Error| StoreFault::BadRow {
            table: "meta",
            id: name.to_owned(),
            problem: fault.to_string(),
        };
        serde_json::from_str(&text).map(Some).map_err(bad)
    }

    /// Keeps `value` under `name`.
    pub async fn set<T: Serialize + Sync>(&self, name: &'static str, value: &T) -> Result<(), StoreFault> {
        let mut transaction = self.pool.begin().await?;
        set_in(&mut transaction, name, value).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes the value under `name` out: a marker that counts once.
    pub async fn take<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, StoreFault> {
        let value = self.value(name).await?;
        sqlx::query("DELETE FROM meta WHERE key = $1").bind(name).execute(&self.pool).await?;
        Ok(value)
    }
}

pub(super) async fn set_in<T: Serialize + Sync>(
    transaction: &mut Transaction<'_>,
    name: &'static str,
    value: &T,
) -> Result<(), StoreFault> {
    let text = serde_json::to_string(value)?;
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(text)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// The key in `folder`; with `make` a missing one is made.
///
/// # Errors
/// The file cannot be read or written, or holds no key.
pub fn key_in(folder: &Path, make: bool) -> Result<HostKey, StoreFault> {
    let path = folder.join("host.key");
    let fault = |fault| StoreFault::File { path: path.clone(), fault };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let mut seed = [0; 32];
            hex::decode_to_slice(text.trim(), &mut seed)
                .map_err(|_| fault(io::Error::new(io::ErrorKind::InvalidData, "it holds no key")))?;
            Ok(HostKey::from_seed(seed))
        }
        Err(problem) if make && problem.kind() == io::ErrorKind::NotFound => {
            let seed: [u8; 32] = random();
            write_seed(folder, &path, &seed).map_err(fault)?;
            Ok(HostKey::from_seed(seed))
        }
        Err(problem) => Err(fault(problem)),
    }
}

/// Whole or not there: a half-written key would be another identity after a power cut.
fn write_seed(folder: &Path, path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let aside = path.with_extension("part");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(hex::encode(seed).as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    File::open(folder)?.sync_all()
}
