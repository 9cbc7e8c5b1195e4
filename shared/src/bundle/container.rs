//! Bytes in, bytes out: the outer tar of three parts and the inner compressed tar of items.

use std::io::{Cursor, Read};

use super::{BundleFault, MAX_FILE_BYTES, MAX_ITEM_BYTES, MAX_ITEMS};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const ITEMS: &str = "items.tar.zst";
const LEVEL: i32 = 3;

/// The three parts of a container.
pub(super) struct Parts {
    pub(super) manifest: Vec<u8>,
    pub(super) signature: [u8; 64],
    pub(super) items: Vec<u8>,
}

/// The canonical container of these parts: the same parts give the same bytes.
pub(super) fn pack(manifest: &[u8], signature: &[u8; 64], items: &[u8]) -> Result<Vec<u8>, BundleFault> {
    archive(&[(MANIFEST, manifest), (SIGNATURE, signature), (ITEMS, items)])
}

/// The compressed archive of the items that were got.
pub(super) fn pack_items(items: &[(&str, &[u8])]) -> Result<Vec<u8>, BundleFault> {
    if items.len() > MAX_ITEMS {
        return Err(BundleFault::Shape(format!("more than {MAX_ITEMS} items")));
    }
    if items.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MAX_ITEM_BYTES {
        return Err(BundleFault::TooLarge);
    }
    Ok(zstd::encode_all(Cursor::new(archive(items)?), LEVEL)?)
}

pub(super) fn unpack(file: &[u8]) -> Result<Parts, BundleFault> {
    let mut entries = read_archive(file, 3, MAX_FILE_BYTES)?.into_iter();
    let mut take = |name: &str| match entries.next() {
        Some((found, bytes)) if found == name => Ok(bytes),
        Some((found, _)) => Err(BundleFault::Shape(format!("`{found}` stands where {name} is expected"))),
        None => Err(BundleFault::Shape(format!("{name} is missing"))),
    };
    let manifest = take(MANIFEST)?;
    let signature = take(SIGNATURE)?;
    let items = take(ITEMS)?;
    let signature =
        signature.try_into().map_err(|_| BundleFault::Shape("manifest.sig is not 64 bytes".to_owned()))?;
    Ok(Parts { manifest, signature, items })
}

pub(super) fn unpack_items(packed: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BundleFault> {
    let limit = MAX_ITEM_BYTES + (MAX_ITEMS + 2) * 1024;
    let mut plain = Vec::new();
    zstd::Decoder::new(packed)?.take(limit as u64 + 1).read_to_end(&mut plain)?;
    if plain.len() > limit {
        return Err(BundleFault::TooLarge);
    }
    read_archive(&plain, MAX_ITEMS, MAX_ITEM_BYTES)
}

fn archive(entries: &[(&str, &[u8])]) -> Result<Vec<u8>, BundleFault> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        if !is_plain_name(name) {
            return Err(BundleFault::Shape(format!("`{name}` is no plain item name")));
        }
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, *bytes)?;
    }
    Ok(builder.into_inner()?)
}

/// Names that cannot climb out of a folder or surprise a shell.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn read_archive(bytes: &[u8], most: usize, limit: usize) -> Result<Vec<(String, Vec<u8>)>, BundleFault> {
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    let mut entries = Vec::new();
    let mut total = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular || !is_plain_name(&name) {
            return Err(BundleFault::Shape(format!("`{}` is no plain file", name.escape_default())));
        }
        if entries.len() == most {
            return Err(BundleFault::Shape(format!("more than {most} entries")));
        }
        let mut content = Vec::new();
        (&mut entry).take((limit - total) as u64 + 1).read_to_end(&mut content)?;
        total += content.len();
        if total > limit {
            return Err(BundleFault::TooLarge);
        }
        entries.push((name, content));
    }
    Ok(entries)
}
