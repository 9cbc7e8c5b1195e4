//! `verify FILE`: whether a bundle is whole, and who signed it.

use nearmiss_shared::bundle::{self, MAX_FILE_BYTES, Verification};
use nearmiss_shared::signature::PublicKey;
use std::io::Read;
use std::path::Path;

use super::arguments::Verify;
use super::{Config, Ended, Exit, Failure};
use crate::output;
use crate::store::key_in;

pub(super) fn run(file: &Config, options: &Verify) -> Ended {
    let expected = match &options.key {
        Some(text) => Some(PublicKey::from_hex(text).map_err(Failure::usage)?),
        None => own_key(file)?,
    };
    let bytes = read(&options.file)?;
    let verification = bundle::verify(&bytes, expected.as_ref());
    if options.json {
        output::json(&verification)?;
    } else {
        told(&verification, expected.is_some(), &bytes)?;
    }
    Ok(if verification.valid { Exit::Fine } else { Exit::No })
}

/// This agent's key, where the configuration has one. Only a file that was named must be sound.
fn own_key(file: &Config) -> Result<Option<PublicKey>, Failure> {
    match file.load() {
        Ok(settings) => Ok(key_in(&settings.state, false).ok().map(|key| key.public())),
        Err(_) if file.path().is_none() => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |fault: std::io::Error| Failure::unreachable(format!("{}: {fault}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // One byte more than allowed: the verification then says that it is too large.
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn told(verification: &Verification, origin: bool, bytes: &[u8]) -> Result<(), Failure> {
    if !verification.valid {
        output::line("does not verify")?;
        for problem in &verification.problems {
            output::line(&format!("  {problem}"))?;
        }
        return Ok(());
    }
    let origin = if origin { "" } else { " (embedded, origin not proven)" };
    output::line("verifies: every hash, the signature, every byte")?;
    output::line(&format!("  signed by  {}{origin}", verification.key))?;
    output::line(&format!("  sha256     {}", bundle::sha256_hex(bytes)))?;
    if let Ok(opened) = bundle::open(bytes) {
        let manifest = opened.manifest;
        output::line(&format!("  host       {}", manifest.hostname))?;
        output::line(&format!(
            "  taken      {} ({} {} {})",
            manifest.started, manifest.trigger, manifest.signal, manifest.subject
        ))?;
        output::line(&format!("  items      {}", manifest.items.len()))?;
    }
    Ok(())
}
