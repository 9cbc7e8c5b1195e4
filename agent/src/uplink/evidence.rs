//! Delivers frozen bundles in numbered parts of at most 512 KiB, closed by the hash of the whole.
//!
//! A bundle goes out after the event that names it. It is removed when the collector has closed it.

use std::collections::BTreeMap;
use std::time::Duration;

use nearmiss_runtime::tasks::{self, Stop};
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::wire::v1::{EvidenceClose, VERSION};
use reqwest::Method;
use tracing::{info, warn};

use super::backoff::Backoff;
use super::client::Body;
use super::{Uplink, UplinkFault};
use crate::store::{BundleRow, StoreFault};

/// One part. The collector takes bodies of up to 1 MiB.
pub const PART_BYTES: usize = 512 * 1024;
const IDLE: Duration = Duration::from_secs(60);
/// A bundle that the collector refuses this often is given up.
const MAX_REFUSALS: u32 = 20;

/// Why a bundle is still here.
#[derive(Debug, thiserror::Error)]
enum Undelivered {
    #[error(transparent)]
    Uplink(#[from] UplinkFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("{path}: {fault}")]
    File { path: String, fault: std::io::Error },
}

/// Delivers bundles until asked to stop.
pub async fn run(uplink: Uplink, mut stop: Stop) {
    let mut backoff = Backoff::default();
    let mut refusals: BTreeMap<BundleId, u32> = BTreeMap::new();
    loop {
        let delivered = tokio::select! {
            () = stop.asked() => return,
            delivered = deliver_all(&uplink, &mut refusals) => delivered,
        };
        let wait = match delivered {
            Ok(()) => {
                backoff.succeeded();
                IDLE
            }
            Err(fault) => {
                if backoff.is_first() {
                    warn!(%fault, "evidence waits for delivery");
                }
                backoff.failed()
            }
        };
        tokio::select! {
            () = stop.asked() => return,
            () = uplink.outbox.bundles.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Tries every bundle; one that is refused does not hold up the next. The last fault.
async fn deliver_all(uplink: &Uplink, refusals: &mut BTreeMap<BundleId, u32>) -> Result<(), Undelivered> {
    let mut outcome = Ok(());
    for bundle in uplink.store.deliverable_bundles().await? {
        match deliver(uplink, &bundle).await {
            Ok(()) => {
                info!(bundle = %bundle.id, bytes = bundle.bytes, "evidence delivered");
                uplink.counters.add("bundles_delivered", 1);
                uplink.store.bundle_done(bundle.id).await?;
            }
            Err(Undelivered::File { path, fault }) => {
                give_up(uplink, bundle.id, &format!("{path} cannot be read: {fault}")).await?;
            }
            Err(Undelivered::Uplink(fault)) if fault.is_final() => {
                let count = refusals.entry(bundle.id).or_default();
                *count += 1;
                if *count >= MAX_REFUSALS {
                    refusals.remove(&bundle.id);
                    give_up(uplink, bundle.id, &format!("refused {MAX_REFUSALS} times: {fault}")).await?;
                }
                outcome = Err(fault.into());
            }
            Err(fault) => return Err(fault),
        }
    }
    outcome
}

/// Evidence is never missing without a word.
async fn give_up(uplink: &Uplink, bundle: BundleId, why: &str) -> Result<(), StoreFault> {
    warn!(%bundle, why, "a bundle is given up");
    uplink.store.bundle_done(bundle).await?;
    uplink.pipeline.lost(bundle, why).await;
    Ok(())
}

async fn deliver(uplink: &Uplink, bundle: &BundleRow) -> Result<(), Undelivered> {
    let path = uplink.store.bundle_folder().join(format!("{}.tar", bundle.id));
    let told = path.display().to_string();
    let read = tasks::blocking("read bundle", move || std::fs::read(path)).await;
    let bytes = read
        .unwrap_or_else(|fault| Err(std::io::Error::other(fault)))
        .map_err(|fault| Undelivered::File { path: told, fault })?;
    let mut parts = 0;
    for (number, part) in bytes.chunks(PART_BYTES).enumerate() {
        let body = Body { content_type: "application/octet-stream", bytes: part };
        uplink.client.send(Method::PUT, &format!("/agent/v1/evidence/{}/{number}", bundle.id), body).await?;
        parts += 1;
    }
    let close = EvidenceClose { v: VERSION, sha256: bundle.sha256.clone(), bytes: bytes.len() as u64, parts };
    let body = serde_json::to_vec(&close).map_err(StoreFault::from)?;
    let body = Body { content_type: "application/json", bytes: &body };
    uplink.client.send(Method::POST, &format!("/agent/v1/evidence/{}", bundle.id), body).await?;
    Ok(())
}
