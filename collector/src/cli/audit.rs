//! `audit`: the hash chain of every case, checkpoints of them to be held elsewhere, and what both prove.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nearmiss_case::checkpoint::{Checkpoint, Head};
use nearmiss_case::{Case, chain};
use nearmiss_runtime::clock::Clock;
use nearmiss_shared::identity::CaseId;
use nearmiss_store::cases::{CaseFilter, CaseState};
use nearmiss_store::{ClientScope, Store};

use super::{Failure, open, operator, print};
use crate::config::Config;
use crate::pages::count;

const PAGE: u32 = 200;
const FAULTY: &str =
    "What is named above was changed, cut or removed after it was written; the rest is whole.";
/// A checkpoint of a hundred thousand cases is of some 30 MB.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Prints where every chain stands now.
pub(super) async fn checkpoint(config: &Config) -> Result<(), Failure> {
    let store = open(config).await?;
    let operator = operator(&store).await?;
    let mut heads = BTreeMap::new();
    for client in store.clients(operator.scope()).await? {
        for case in all_cases(&store, client.scope()).await? {
            let sealed = store.chain(client.scope(), case.id).await?;
            let Some((last, _)) = sealed.last() else { continue };
            let (entries, hash) = (last.sequence, last.hash.clone());
            let head = Head { client: client.scope().client(), label: case.label(), entries, hash };
            heads.insert(case.id, head);
        }
    }
    store.close().await;
    let checkpoint = Checkpoint::new(Clock::from_environment().now(), heads);
    let text = serde_json::to_string_pretty(&checkpoint);
    print(&text.map_err(|fault| Failure::Unreadable(fault.to_string()))?)
}

/// Verifies every chain, and against what these files say.
pub(super) async fn verify(config: &Config, checkpoints: &[PathBuf]) -> Result<(), Failure> {
    let held: Vec<Checkpoint> = checkpoints.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let store = open(config).await?;
    let operator = operator(&store).await?;
    let (mut cases, mut entries, mut faults) = (BTreeSet::new(), 0, 0);
    for client in store.clients(operator.scope()).await? {
        for case in all_cases(&store, client.scope()).await? {
            let sealed = store.chain(client.scope(), case.id).await?;
            cases.insert(case.id);
            entries += sealed.len();
            let mut found = chain::verify(&sealed);
            let chain: Vec<chain::Sealed> = sealed.into_iter().map(|(entry, _)| entry).collect();
            found.extend(held.iter().filter_map(|held| held.compare(case.id, &chain)));
            for fault in found {
                faults += 1;
                print(&format!("{} of {}: {fault}", case.label(), client.name))?;
            }
        }
    }
    store.close().await;
    for fault in vanished(&held, &cases) {
        faults += 1;
        print(&fault)?;
    }
    let (cases, entries) = (count(cases.len(), "case", "cases"), count(entries, "entry", "entries"));
    let found = count(faults, "fault", "faults");
    print(&format!(
        "{cases}, {entries}, {found}. {}",
        if faults > 0 { FAULTY.to_owned() } else { proves(&held) }
    ))?;
    if faults > 0 { Err(Failure::Condition("a chain does not verify".to_owned())) } else { Ok(()) }
}

fn read(file: &Path) -> Result<Checkpoint, Failure> {
    let unreadable = |why: String| Failure::Unreadable(format!("{}: {why}", file.display()));
    let size = std::fs::metadata(file).map_err(|fault| unreadable(fault.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(unreadable("too large for a checkpoint".to_owned()));
    }
    let text = std::fs::read(file).map_err(|fault| unreadable(fault.to_string()))?;
    let checkpoint: Checkpoint = serde_json::from_slice(&text)
        .map_err(|fault| unreadable(format!("no checkpoint as `audit checkpoint` prints it: {fault}")))?;
    match checkpoint.fault() {
        Some(fault) => Err(unreadable(fault)),
        None => Ok(checkpoint),
    }
}

/// The cases that stood in a checkpoint and are there no more.
fn vanished(held: &[Checkpoint], cases: &BTreeSet<CaseId>) -> Vec<String> {
    let gone = held.iter().flat_map(|held| held.heads.iter().map(move |(case, head)| (held, case, head)));
    gone.filter(|(_, case, _)| !cases.contains(case))
        .map(|(held, case, head)| {
            format!("{} ({case}): it stood in the checkpoint of {} and is gone", head.label, held.at)
        })
        .collect()
}

/// What the verification shows, and what it does not.
fn proves(held: &[Checkpoint]) -> String {
    match held.iter().map(|held| held.at).max() {
        Some(last) => format!(
            "Of what stood in {}, nothing was changed, cut or removed; of what came after {last}, each chain is whole.",
            count(held.len(), "checkpoint", "checkpoints")
        ),
        None => "No checkpoint was given: this proves that each chain is whole, not that none was replaced as a whole. Hold what \
             `audit checkpoint` prints on another machine, and name it with --checkpoint."
            .to_owned(),
    }
}

/// Every case of a client.
pub(super) async fn all_cases(store: &Store, scope: ClientScope) -> Result<Vec<Case>, Failure> {
    let mut cases: Vec<Case> = Vec::new();
    loop {
        let filter = CaseFilter {
            state: CaseState::All,
            client: None,
            host: None,
            category: None,
            after: cases.last().map(|case| case.id),
            limit: PAGE,
        };
        let page = store.cases(&[scope], &filter).await?;
        let last = page.len() < PAGE as usize;
        cases.extend(page.into_iter().map(|row| row.case));
        if last {
            return Ok(cases);
        }
    }
}
