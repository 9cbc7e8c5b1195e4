//! Certificate files below one path or glob.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use nearmiss_agent_core::certificate::{Chain, of_pem};
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_shared::time::Span;
use zeroize::Zeroizing;

use super::DAYS_LEFT;
use crate::Clock;
use crate::due::Due;
use crate::files::Pattern;
use crate::patience::Patience;

/// Where servers' certificates usually lie.
const USUAL: [&str; 6] = [
    "/etc/letsencrypt/live/*/fullchain.pem",
    "/var/lib/acme/*/fullchain.pem",
    "/etc/nginx/{ssl,certs}/*.{pem,crt}",
    "/etc/{apache2,httpd}/ssl/*.{pem,crt}",
    "/etc/haproxy/{ssl,certs}/*.pem",
    "/etc/pki/tls/certs/*.{pem,crt}",
];
/// A file with more certificates is a list of authorities, not a chain.
const MAX_CHAIN: usize = 10;
const MAX_FILES: usize = 500;
const MAX_BYTES: u64 = 1024 * 1024;
/// How long the files of one place are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files that one path or glob names.
#[derive(Debug)]
pub(super) struct Place {
    pattern: Pattern,
    declared: bool,
    due: Due,
    seen: BTreeSet<String>,
    fault: Option<String>,
    patience: Patience<Contents>,
}

/// What was found: each file's chain, or why it has none.
#[derive(Debug, Default)]
struct Contents {
    chains: Vec<(String, Result<Chain, String>)>,
    fault: Option<String>,
}

impl Place {
    pub(super) fn declared(pattern: &str, due: Due) -> Self {
        Self::new(pattern, true, due)
    }

    pub(super) fn usual(due: Due) -> impl Iterator<Item = Self> {
        USUAL.into_iter().map(move |pattern| Self::new(pattern, false, due))
    }

    fn new(pattern: &str, declared: bool, due: Due) -> Self {
        let (seen, fault) = (BTreeSet::new(), None);
        Self { pattern: Pattern::new(pattern), declared, due, seen, fault, patience: Patience::default() }
    }

    pub(super) const fn pace(&self) -> Span {
        self.due.pace()
    }

    pub(super) fn is_due(&mut self, now: Stamp) -> bool {
        self.due.take(now)
    }

    #[cfg(test)]
    pub(super) const fn is_declared(&self) -> bool {
        self.declared
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// A file that was watched before a restart; false when it is of another place.
    pub(super) fn takes_up(&mut self, path: &str) -> bool {
        let own = self.pattern.names(path);
        if own {
            self.seen.insert(path.to_owned());
        }
        own
    }

    /// Why this place cannot be watched, and what to do about it.
    pub(super) fn excuse(&self) -> Option<String> {
        let fault = self.fault.as_ref()?;
        Some(format!(
            "{fault}: let the agent's user read the certificates there (setfacl -m u:nearmiss:rX), or declare \
             the address that serves them"
        ))
    }

    pub(super) async fn look(&mut self, clock: &Clock) -> Vec<Reading> {
        let (pattern, declared) = (self.pattern.clone(), self.declared);
        let read =
            self.patience.ask("certificate files", PATIENCE, move || contents(&pattern, declared)).await;
        let at = clock.stamp();
        let contents = match read {
            Ok(contents) => contents,
            Err(why) => return self.unread(&format!("{}: {why}", self.pattern.text()), at),
        };
        self.fault = contents.fault;
        let left_behind = |path: &str, chain: &Result<Chain, String>| {
            let known = self.declared || self.seen.contains(path);
            !known && chain.as_ref().is_ok_and(|chain| chain.is_leftover(at.wall))
        };
        let mut chains = contents.chains;
        chains.retain(|(path, chain)| !left_behind(path, chain));
        let mut readings = self.gone(&chains, at);
        for (path, chain) in chains {
            readings.push(match chain {
                Ok(chain) => chain.days_left(&path, None, at),
                Err(why) => Reading::of(DAYS_LEFT, &path, at, Measure::Invalid { why }),
            });
            self.seen.insert(path);
        }
        readings
    }

    fn unread(&self, why: &str, at: Stamp) -> Vec<Reading> {
        let invalid =
            |path: &String| Reading::of(DAYS_LEFT, path, at, Measure::Invalid { why: why.to_owned() });
        self.seen.iter().map(invalid).collect()
    }

    /// Files that are not there any more are retired; a path that a rule names is missed.
    fn gone(&mut self, chains: &[(String, Result<Chain, String>)], at: Stamp) -> Vec<Reading> {
        if self.fault.is_some() {
            return self.unread("its folder cannot be read", at);
        }
        let here: BTreeSet<&str> = chains.iter().map(|(path, _)| path.as_str()).collect();
        let named = (self.declared && !self.pattern.is_glob()).then(|| self.pattern.text().to_owned());
        let mut readings = Vec::new();
        self.seen.retain(|path| {
            let stays = here.contains(path.as_str());
            if !stays && named.is_none() {
                let why = "the file is gone".to_owned();
                readings.push(Reading::of(DAYS_LEFT, path, at, Measure::Retired { why }));
            }
            stays
        });
        if let Some(named) = named.filter(|_| here.is_empty()) {
            let why = format!("there is no {named}");
            readings.push(Reading::of(DAYS_LEFT, &named, at, Measure::Invalid { why }));
        }
        readings
    }
}

/// Walks and reads; blocking.
fn contents(pattern: &Pattern, declared: bool) -> Contents {
    let walk = pattern.walk();
    let mut contents = Contents { fault: walk.fault, ..Contents::default() };
    for file in walk.files.into_iter().take(MAX_FILES) {
        let path = file.path.display().to_string();
        match certificates(&file.path) {
            // Beside certificates lie other things: only what a rule names must be one.
            Ok(ders) if !declared && (ders.is_empty() || ders.len() > MAX_CHAIN) => {}
            Ok(ders) => contents.chains.push((path, Chain::read(&ders))),
            Err(why) if declared => contents.chains.push((path, Err(why))),
            Err(why) => drop(contents.fault.get_or_insert(why)),
        }
    }
    contents
}

/// The certificates of a PEM or DER file. The text is wiped: it may hold a key.
fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let failed = |fault: std::io::Error| format!("{} cannot be read: {fault}", path.display());
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    File::open(path).map_err(failed)?.take(MAX_BYTES).read_to_end(&mut text).map_err(failed)?;
    // A DER file begins with the tag of a sequence.
    if text.first() == Some(&0x30) {
        return Ok(vec![text.to_vec()]);
    }
    Ok(of_pem(&text))
}
