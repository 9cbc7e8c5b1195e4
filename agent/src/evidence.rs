//! Freezing the evidence of one moment into one sealed file.
//!
//! A recipe per category says what is taken; everything is taken by allow-list, never environment, core or home
//! contents, and process arguments are left out. A bundle is closed within its time: what is not there by then is
//! listed as timed out, and what cannot be had with the reason. Secrets are taken out before sealing. The file is
//! on the disk (written aside, synced, renamed) when [`freeze`] returns; nothing of a failed attempt stays.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use nearmiss_runtime::tasks;
use nearmiss_shared::bundle::{self, BundleDraft, BundleFault, ItemOutcome, Manifest};
use nearmiss_shared::identity::{BundleId, HostId};
use nearmiss_shared::signature::HostKey;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;

use crate::history::Past;
use nearmiss_agent_probe::{Captures, Clock};

mod capacity;
mod host;
mod recipe;
mod redact;
mod step;
mod store;

pub use redact::redact;
pub use store::remove;

/// What is to be frozen and why.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub bundle: BundleId,
    /// `None` on a host that is not enrolled.
    pub host_id: Option<HostId>,
    /// Host clock minus collector clock in milliseconds, where it was measured.
    pub clock_offset_ms: Option<i64>,
    /// SHA-256 of this host's bundle before this one.
    pub previous: Option<String>,
    pub category: Category,
    pub signal: String,
    pub subject: String,
    /// The kind of the event that asks for it, or `snapshot`.
    pub trigger: String,
    pub labels: BTreeMap<String, String>,
    /// The signal's own curve: milliseconds relative to the trigger, value.
    pub samples: Vec<(i64, f64)>,
    /// Where the readings of the day before are.
    pub history: Option<Past>,
    pub drill: Option<String>,
}

/// The bounds of one bundle.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of all items together, unpacked.
    pub max_bytes: u64,
    pub max_time: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 8 * 1024 * 1024, max_time: Span::from_seconds(20) }
    }
}

/// A sealed bundle on this host's disk.
#[derive(Clone, Debug)]
pub struct FrozenBundle {
    pub id: BundleId,
    pub path: PathBuf,
    pub bytes: u64,
    /// Of the whole file, 64 hexadecimal digits: the next bundle's `previous`.
    pub sha256: String,
    pub manifest: Manifest,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum FreezeFault {
    #[error("the evidence cannot be sealed: {0}")]
    Seal(#[from] BundleFault),
    #[error("the evidence cannot be stored: {0}")]
    Store(#[from] io::Error),
}

/// Collects, seals and stores a bundle as `FOLDER/ID.tar`.
///
/// # Errors
/// Only when it cannot be sealed or stored; an item that cannot be had is no error.
pub async fn freeze(
    recipe: &Recipe,
    clock: &Clock,
    limits: Limits,
    captures: &Captures,
    key: &HostKey,
    folder: PathBuf,
) -> Result<FrozenBundle, FreezeFault> {
    seal(collect(recipe, clock, limits, captures).await, key, folder).await
}

/// Seals and stores what was collected. Once begun it ends, whether or not somebody waits.
///
/// # Errors
/// It cannot be sealed or stored.
pub async fn seal(draft: BundleDraft, key: &HostKey, folder: PathBuf) -> Result<FrozenBundle, FreezeFault> {
    let key = key.clone();
    // Compressing, hashing and syncing take seconds, in which a task could do nothing else.
    let kept = tasks::blocking("seal", move || keep(&draft, &key, &folder)).await;
    kept.map_err(io::Error::other)?
}

fn keep(draft: &BundleDraft, key: &HostKey, folder: &Path) -> Result<FrozenBundle, FreezeFault> {
    let sealed = bundle::seal(draft, key)?;
    let path = store::write(folder, draft.bundle, &sealed.file)?;
    Ok(FrozenBundle {
        id: draft.bundle,
        path,
        bytes: sealed.file.len() as u64,
        sha256: sealed.sha256,
        manifest: sealed.manifest,
    })
}

/// Collects a bundle without sealing it.
pub async fn collect(recipe: &Recipe, clock: &Clock, limits: Limits, captures: &Captures) -> BundleDraft {
    let started = clock.wall();
    let steps = recipe::steps(recipe, captures, clock.wall());
    let mut items = step::take_all(steps, clock, limits).await;
    // Items keep the recipe's order; the first ones matter most and get the room.
    let mut room = limits.max_bytes;
    for item in &mut items {
        let size = item.bytes.len() as u64;
        if size > room {
            item.bytes.clear();
            item.redactions.clear();
            item.outcome = ItemOutcome::Unavailable {
                why: format!("left out: it has {size} bytes and {room} of {} were left", limits.max_bytes),
            };
        } else {
            room -= size;
        }
    }
    BundleDraft {
        bundle: recipe.bundle,
        host_id: recipe.host_id,
        hostname: crate::host::name(),
        boot_id: host::boot_id(),
        clock_offset_ms: recipe.clock_offset_ms,
        tool_version: concat!("nearmiss-agent ", env!("CARGO_PKG_VERSION")).to_owned(),
        category: recipe.category,
        signal: recipe.signal.clone(),
        subject: recipe.subject.clone(),
        trigger: recipe.trigger.clone(),
        started,
        ended: clock.wall(),
        previous: recipe.previous.clone(),
        drill: recipe.drill.clone(),
        items,
    }
}

#[cfg(test)]
mod tests;
