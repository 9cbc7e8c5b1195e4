//! The evidence container: one file, the same on the host, in upload and in download.
//!
//! An uncompressed canonical tar (mode 0644, owner 0, time 0, zero padding) of exactly `manifest.json`,
//! `manifest.sig` and `items.tar.zst`. The manifest names every item with its SHA-256, method and times; its
//! bytes are signed with the host's key; each bundle names the one before it. [`verify`] rebuilds the container
//! and fails on any byte that differs. It is a live logical acquisition, not a forensic image (ISO/IEC 27037).

mod container;
mod manifest;

use sha2::{Digest, Sha256};

pub use manifest::{BundleDraft, ItemDraft, ItemOutcome, ItemRecord, MANIFEST_VERSION, Manifest, Redaction};

use crate::signature::{HostKey, PublicKey};

/// A container is at most this large, packed.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Its items are at most this large, unpacked.
pub const MAX_ITEM_BYTES: usize = 256 * 1024 * 1024;
/// A bundle has at most this many items.
pub const MAX_ITEMS: usize = 256;

/// Why bytes are no bundle, or why one could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    #[error("{0}")]
    Shape(String),
    #[error("the bundle would be larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error("the manifest cannot be read: {0}")]
    Manifest(#[from] serde_json::Error),
    #[error("the container cannot be read or written: {0}")]
    Container(#[from] std::io::Error),
}

/// A finished bundle.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub file: Vec<u8>,
    /// SHA-256 of the whole file, 64 hexadecimal digits.
    pub sha256: String,
    pub manifest: Manifest,
}

/// A bundle taken apart. Nothing is verified by opening it.
#[derive(Clone, Debug)]
pub struct Opened {
    pub manifest: Manifest,
    /// Name and bytes, in the manifest's order.
    pub items: Vec<(String, Vec<u8>)>,
}

/// What [`verify`] found. `valid` is true exactly when `problems` is empty.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    pub valid: bool,
    pub problems: Vec<String>,
    /// The public key the signature was checked with, 64 hexadecimal digits; empty when none could be read.
    pub key: String,
}

/// Hashes, signs and packs a draft. The result depends on nothing but its arguments.
pub fn seal(draft: &BundleDraft, key: &HostKey) -> Result<Sealed, BundleFault> {
    let contents: Vec<(&str, &[u8])> = draft
        .items
        .iter()
        .filter(|item| item.outcome == ItemOutcome::Got)
        .map(|item| (item.name.as_str(), item.bytes.as_slice()))
        .collect();
    let packed = container::pack_items(&contents)?;
    let manifest = Manifest::of(draft, sha256_hex(&packed), &key.public());
    let text = manifest.to_bytes()?;
    let file = container::pack(&text, &key.sign(&text), &packed)?;
    if file.len() > MAX_FILE_BYTES {
        return Err(BundleFault::TooLarge);
    }
    Ok(Sealed { sha256: sha256_hex(&file), file, manifest })
}

/// Takes a bundle apart within the bounds of this module.
pub fn open(file: &[u8]) -> Result<Opened, BundleFault> {
    if file.len() > MAX_FILE_BYTES {
        return Err(BundleFault::TooLarge);
    }
    let parts = container::unpack(file)?;
    let manifest: Manifest = serde_json::from_slice(&parts.manifest)?;
    let items = container::unpack_items(&parts.items)?;
    Ok(Opened { manifest, items })
}

/// Checks every hash, the signature and every byte of the container. Without `expected` the manifest's own key
/// is used, which proves integrity but not origin.
pub fn verify(file: &[u8], expected: Option<&PublicKey>) -> Verification {
    let mut problems = Vec::new();
    let key = match check(file, expected, &mut problems) {
        Ok(key) => key,
        Err(fault) => {
            problems.push(fault.to_string());
            expected.map(|key| key.to_hex()).unwrap_or_default()
        }
    };
    Verification { valid: problems.is_empty(), problems, key }
}

fn check(
    file: &[u8],
    expected: Option<&PublicKey>,
    problems: &mut Vec<String>,
) -> Result<String, BundleFault> {
    let Opened { manifest, items } = open(file)?;
    let parts = container::unpack(file)?;
    let key = match expected {
        Some(key) => *key,
        None => PublicKey::from_hex(&manifest.public_key)
            .map_err(|fault| BundleFault::Shape(fault.to_string()))?,
    };
    if manifest.public_key != key.to_hex() {
        problems.push(format!("the manifest names another key: {}", manifest.public_key));
    }
    if !key.verify(&parts.manifest, &parts.signature) {
        problems.push("the signature of manifest.json does not verify".to_owned());
    }
    if manifest.items_sha256 != sha256_hex(&parts.items) {
        problems.push("items.tar.zst differs from the hash in the manifest".to_owned());
    }
    check_items(&manifest, &items, problems);
    if container::pack(&parts.manifest, &parts.signature, &parts.items)? != file {
        problems.push("the container holds bytes beyond its three parts".to_owned());
    }
    Ok(key.to_hex())
}

fn check_items(manifest: &Manifest, items: &[(String, Vec<u8>)], problems: &mut Vec<String>) {
    let got: Vec<&ItemRecord> = manifest.items.iter().filter(|record| record.sha256.is_some()).collect();
    if got.len() != items.len() {
        problems.push(format!("the manifest names {} items, the archive holds {}", got.len(), items.len()));
    }
    for (record, (name, bytes)) in got.into_iter().zip(items) {
        if record.name != *name {
            problems.push(format!("item `{name}` stands where `{}` is named", record.name));
        } else if record.sha256.as_deref() != Some(sha256_hex(bytes).as_str()) {
            problems.push(format!("item `{name}` differs from its hash"));
        }
    }
}

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
