//! The manifest: what was collected, how, when, by which tool, and what was taken out of it.

use serde::{Deserialize, Serialize};

use super::{BundleFault, sha256_hex};
use crate::identity::{BundleId, HostId};
use crate::signature::PublicKey;
use crate::time::Timestamp;
use crate::vocabulary::Category;

pub const MANIFEST_VERSION: u32 = 1;

/// Everything a collector of evidence knows before hashing and signing.
#[derive(Clone, Debug)]
pub struct BundleDraft {
    pub bundle: BundleId,
    /// `None` on a host that is not enrolled.
    pub host_id: Option<HostId>,
    pub hostname: String,
    pub boot_id: String,
    /// Host clock minus collector clock in milliseconds, where it was measured.
    pub clock_offset_ms: Option<i64>,
    pub tool_version: String,
    pub category: Category,
    pub signal: String,
    pub subject: String,
    /// What made the agent freeze: the event's kind, or `snapshot`.
    pub trigger: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    /// SHA-256 of this host's bundle before this one.
    pub previous: Option<String>,
    pub drill: Option<String>,
    pub items: Vec<ItemDraft>,
}

/// One collected item with its bytes. Items that were not got have none.
#[derive(Clone, Debug)]
pub struct ItemDraft {
    /// File name inside the archive: letters, digits, `.`, `_`, `-` and `/`.
    pub name: String,
    /// How it was read, in words: `read /proc/mounts`, `smartctl -a`.
    pub method: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    pub outcome: ItemOutcome,
    pub redactions: Vec<Redaction>,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ItemOutcome {
    Got,
    /// The bundle was closed before this item was there.
    TimedOut,
    Unavailable {
        why: String,
    },
}

/// A secret that was taken out before anything left the host. No hash of it: a short one could be guessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    pub kind: String,
    pub count: u32,
    /// Byte offset of the first one in the redacted item.
    pub offset: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    pub name: String,
    pub method: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    #[serde(flatten)]
    pub outcome: ItemOutcome,
    pub bytes: u64,
    /// 64 hexadecimal digits; `None` for an item that was not got.
    pub sha256: Option<String>,
    #[serde(default)]
    pub redactions: Vec<Redaction>,
}

/// `manifest.json`, as signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub v: u32,
    pub bundle: BundleId,
    pub host_id: Option<HostId>,
    pub hostname: String,
    pub boot_id: String,
    pub clock_offset_ms: Option<i64>,
    pub tool_version: String,
    pub category: Category,
    pub signal: String,
    pub subject: String,
    pub trigger: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    pub previous: Option<String>,
    pub drill: Option<String>,
    pub public_key: String,
    pub items_sha256: String,
    pub items: Vec<ItemRecord>,
}

impl Manifest {
    pub(super) fn of(draft: &BundleDraft, items_sha256: String, key: &PublicKey) -> Self {
        Self {
            v: MANIFEST_VERSION,
            bundle: draft.bundle,
            host_id: draft.host_id,
            hostname: draft.hostname.clone(),
            boot_id: draft.boot_id.clone(),
            clock_offset_ms: draft.clock_offset_ms,
            tool_version: draft.tool_version.clone(),
            category: draft.category,
            signal: draft.signal.clone(),
            subject: draft.subject.clone(),
            trigger: draft.trigger.clone(),
            started: draft.started,
            ended: draft.ended,
            previous: draft.previous.clone(),
            drill: draft.drill.clone(),
            public_key: key.to_hex(),
            items_sha256,
            items: draft.items.iter().map(ItemRecord::of).collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, BundleFault> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl ItemRecord {
    fn of(item: &ItemDraft) -> Self {
        let got = item.outcome == ItemOutcome::Got;
        Self {
            name: item.name.clone(),
            method: item.method.clone(),
            started: item.started,
            ended: item.ended,
            outcome: item.outcome.clone(),
            bytes: item.bytes.len() as u64,
            sha256: got.then(|| sha256_hex(&item.bytes)),
            redactions: item.redactions.clone(),
        }
    }
}
