//! Parts of bundles on their way in, and bundles at rest.
//!
//! Parts lie in `DATA/incoming/HOST/BUNDLE/NUMBER`, bounded in number and bytes; whole bundles in
//! `DATA/evidence/CLIENT/SHA256`, written beside, synced and renamed, so that what is there is whole. All functions
//! block: they are called through [`nearmiss_runtime::tasks::blocking`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nearmiss_shared::bundle::{MAX_FILE_BYTES, sha256_hex};
use nearmiss_shared::identity::{BundleId, ClientId, HostId};
use nearmiss_shared::wire::MAX_BODY_BYTES;

/// Parts are numbered from 0; an agent's are 512 KiB.
pub const MOST_PARTS: u32 = 256;
/// Uploads of one host that are not closed.
const MOST_UPLOADS: usize = 16;
/// An upload that nobody went on with is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a part or a bundle was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IncomingFault {
    #[error("a bundle has at most {MOST_PARTS} parts of at most {MAX_BODY_BYTES} bytes")]
    TooManyParts,
    #[error("a bundle is at most {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error("{MOST_UPLOADS} bundles of this host are open: close one first")]
    TooManyUploads,
    #[error("part {0} is missing")]
    Missing(u32),
    #[error("the parts make {found} bytes with SHA-256 {hash}, not what the closing names")]
    Differs { found: usize, hash: String },
    #[error("the evidence folder: {0}")]
    File(#[from] io::Error),
}

fn upload(incoming: &Path, host: HostId, bundle: BundleId) -> PathBuf {
    incoming.join(host.to_string()).join(bundle.to_string())
}

/// Keeps one part; the same part again replaces it.
pub fn keep_part(
    incoming: &Path,
    host: HostId,
    bundle: BundleId,
    number: u32,
    bytes: &[u8],
) -> Result<(), IncomingFault> {
    if number >= MOST_PARTS || bytes.len() > MAX_BODY_BYTES {
        return Err(IncomingFault::TooManyParts);
    }
    let folder = upload(incoming, host, bundle);
    if !folder.exists() && uploads(&incoming.join(host.to_string()))?.len() >= MOST_UPLOADS {
        return Err(IncomingFault::TooManyUploads);
    }
    fs::create_dir_all(&folder)?;
    let name = number.to_string();
    let others = size_of(&folder, &name)?;
    if others + bytes.len() as u64 > MAX_FILE_BYTES as u64 {
        return Err(IncomingFault::TooLarge);
    }
    let part = folder.join(format!("{name}.part"));
    fs::write(&part, bytes)?;
    Ok(fs::rename(part, folder.join(name))?)
}

/// The bytes of all files in `folder` but `except`.
fn size_of(folder: &Path, except: &str) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != except {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

/// The whole of `parts` parts, if it is what the closing names.
pub fn assemble(
    incoming: &Path,
    host: HostId,
    bundle: BundleId,
    parts: u32,
    bytes: u64,
    sha256: &str,
) -> Result<Vec<u8>, IncomingFault> {
    if parts > MOST_PARTS {
        return Err(IncomingFault::TooManyParts);
    }
    if bytes > MAX_FILE_BYTES as u64 {
        return Err(IncomingFault::TooLarge);
    }
    let folder = upload(incoming, host, bundle);
    let mut whole = Vec::new();
    for number in 0..parts {
        match fs::read(folder.join(number.to_string())) {
            Ok(part) => whole.extend_from_slice(&part),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                return Err(IncomingFault::Missing(number));
            }
            Err(fault) => return Err(fault.into()),
        }
        if whole.len() > MAX_FILE_BYTES {
            return Err(IncomingFault::TooLarge);
        }
    }
    let hash = sha256_hex(&whole);
    if whole.len() as u64 != bytes || hash != sha256 {
        return Err(IncomingFault::Differs { found: whole.len(), hash });
    }
    Ok(whole)
}

/// Writes a whole bundle so that it is there after any crash, or not at all.
pub fn keep_bundle(evidence: &Path, client: ClientId, sha256: &str, whole: &[u8]) -> io::Result<()> {
    let target = file_of(evidence, client, sha256);
    if target.exists() {
        return Ok(());
    }
    let folder = evidence.join(client.to_string());
    fs::create_dir_all(&folder)?;
    let beside = folder.join(format!("{sha256}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(whole)?;
    file.sync_all()?;
    fs::rename(&beside, &target)?;
    File::open(&folder)?.sync_all()
}

/// Where a bundle rests.
pub fn file_of(evidence: &Path, client: ClientId, sha256: &str) -> PathBuf {
    evidence.join(client.to_string()).join(sha256)
}

/// Removes the parts of a closed bundle.
pub fn forget(incoming: &Path, host: HostId, bundle: BundleId) -> io::Result<()> {
    match fs::remove_dir_all(upload(incoming, host, bundle)) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

/// Removes uploads that nobody went on with for a day. Ages are by the file system's own time, which no test moves.
pub fn sweep(incoming: &Path) -> io::Result<usize> {
    if !incoming.exists() {
        return Ok(0);
    }
    let probe = incoming.join(".now");
    fs::write(&probe, b"")?;
    let now = fs::metadata(&probe)?.modified()?;
    fs::remove_file(&probe)?;
    sweep_before(incoming, now)
}

fn sweep_before(incoming: &Path, now: SystemTime) -> io::Result<usize> {
    let mut swept = 0;
    for host in uploads(incoming)? {
        for folder in uploads(&host)? {
            let touched = fs::metadata(&folder)?.modified()?;
            if now.duration_since(touched).is_ok_and(|age| age > FORGOTTEN_AFTER) {
                fs::remove_dir_all(&folder)?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

fn uploads(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;

    use super::*;

    fn ids() -> (HostId, BundleId) {
        let at = Timestamp::from_millis(1);
        (HostId::from_parts(at, [1; 10]), BundleId::from_parts(at, [2; 10]))
    }

    #[test]
    fn parts_make_a_whole_in_their_order_whatever_order_they_came_in() {
        let folder = tempfile::tempdir().unwrap();
        let (host, bundle) = ids();
        keep_part(folder.path(), host, bundle, 1, b"world").unwrap();
        keep_part(folder.path(), host, bundle, 0, b"hallo ").unwrap();
        keep_part(folder.path(), host, bundle, 0, b"hello ").unwrap();
        let hash = sha256_hex(b"hello world");
        assert_eq!(assemble(folder.path(), host, bundle, 2, 11, &hash).unwrap(), b"hello world");
        let missing = assemble(folder.path(), host, bundle, 3, 11, &hash).unwrap_err();
        assert_eq!(missing.to_string(), "part 2 is missing");
        assert!(assemble(folder.path(), host, bundle, 2, 11, &sha256_hex(b"x")).is_err());
        forget(folder.path(), host, bundle).unwrap();
        forget(folder.path(), host, bundle).unwrap();
        assert!(assemble(folder.path(), host, bundle, 2, 11, &hash).is_err());
    }

    #[test]
    fn number_size_and_count_of_uploads_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (host, bundle) = ids();
        let keep = |bundle, number, bytes: &[u8]| keep_part(folder.path(), host, bundle, number, bytes);
        assert!(matches!(keep(bundle, MOST_PARTS, b""), Err(IncomingFault::TooManyParts)));
        let part = vec![0; MAX_BODY_BYTES];
        for number in 0..64 {
            keep(bundle, number, &part).unwrap();
        }
        assert!(matches!(keep(bundle, 64, b"x"), Err(IncomingFault::TooLarge)));
        for number in 0..15 {
            keep(BundleId::from_parts(Timestamp::from_millis(2), [number; 10]), 0, b"x").unwrap();
        }
        let one_more = BundleId::from_parts(Timestamp::from_millis(3), [9; 10]);
        assert!(matches!(keep(one_more, 0, b"x"), Err(IncomingFault::TooManyUploads)));
        let later = fs::metadata(folder.path()).unwrap().modified().unwrap() + FORGOTTEN_AFTER * 2;
        assert_eq!(sweep(folder.path()).unwrap(), 0);
        assert_eq!(sweep_before(folder.path(), later).unwrap(), 16);
    }

    #[test]
    fn a_bundle_at_rest_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let client = ClientId::from_parts(Timestamp::from_millis(1), [3; 10]);
        keep_bundle(folder.path(), client, "abc", b"bytes").unwrap();
        keep_bundle(folder.path(), client, "abc", b"bytes").unwrap();
        assert_eq!(fs::read(file_of(folder.path(), client, "abc")).unwrap(), b"bytes");
    }
}
