//! `snapshot`: a bundle by hand, signed with this agent's key.

use nearmiss_runtime::random::random;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nearmiss_shared::bundle::{self, ItemOutcome, Manifest};
use nearmiss_shared::signature::HostKey;

use super::arguments::Snapshot;
use super::{Config, Ended, Exit, Failure};
use crate::evidence::{self, Recipe};
use crate::store::{Store, key_in};
use crate::{freezer, ids, output};
use nearmiss_agent_probe::{Captures, Clock};

pub(super) async fn run(file: &Config, options: Snapshot) -> Ended {
    let settings = file.load()?;
    let clock = Clock::from_environment();
    let (key, origin) = key(&settings.state);
    let host_id = match Store::open_read_only(&settings.state).await {
        Ok(store) => store.enrolment().await.ok().flatten().map(|enrolment| enrolment.host),
        Err(_) => None,
    };
    let recipe = Recipe {
        bundle: ids::bundle(clock.wall()),
        host_id,
        clock_offset_ms: None,
        previous: None,
        category: options.category,
        signal: String::new(),
        subject: options.subject,
        trigger: "snapshot".to_owned(),
        labels: Default::default(),
        samples: Vec::new(),
        history: None,
        drill: None,
    };
    let limits = freezer::limits(&settings.config);
    let draft = evidence::collect(&recipe, &clock, limits, &Captures::default()).await;
    let sealed = bundle::seal(&draft, &key).map_err(Failure::unreachable)?;
    write(&options.out, &sealed.file)?;
    if options.json {
        output::json(&sealed.manifest)?;
        return Ok(Exit::Fine);
    }
    told(&sealed.manifest)?;
    output::line(&format!("sha256 {}", sealed.sha256))?;
    output::line(&format!(
        "{} bytes in {}, signed by {}{origin}",
        sealed.file.len(),
        options.out.display(),
        key.public().to_hex()
    ))?;
    Ok(Exit::Fine)
}

/// A host without an agent has no key: one for this bundle alone proves that it is whole, not who took it.
fn key(state: &Path) -> (HostKey, &'static str) {
    match key_in(state, false) {
        Ok(key) => (key, ""),
        Err(_) => (HostKey::from_seed(random()), " (made for this bundle: this host has no agent's key)"),
    }
}

/// What is there already is never written over: it may be evidence.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |fault: std::io::Error| Failure::unreachable(format!("{}: {fault}", path.display()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)
}

fn told(manifest: &Manifest) -> Result<(), Failure> {
    for item in &manifest.items {
        let outcome = match &item.outcome {
            ItemOutcome::Got => format!("{:>9} bytes", item.bytes),
            ItemOutcome::TimedOut => "      timed out".to_owned(),
            ItemOutcome::Unavailable { why } => format!("        not had: {why}"),
        };
        output::line(&format!("  {:<28} {outcome}", item.name))?;
    }
    Ok(())
}
