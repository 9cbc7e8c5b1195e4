//! `audit verify`: the hash chain of every case, and what that proves.

use nearmiss_case::{Case, chain};
use nearmiss_store::cases::{CaseFilter, CaseState};
use nearmiss_store::{ClientScope, Store};

use super::{Failure, open, operator, print};
use crate::config::Config;
use crate::pages::count;

const PAGE: u32 = 200;

pub(super) async fn verify(config: &Config) -> Result<(), Failure> {
    let store = open(config).await?;
    let operator = operator(&store).await?;
    let (mut cases, mut entries, mut faults) = (0, 0, 0);
    for client in store.clients(operator.scope()).await? {
        for case in all_cases(&store, client.scope()).await? {
            let sealed = store.chain(client.scope(), case.id).await?;
            cases += 1;
            entries += sealed.len();
            for fault in chain::verify(&sealed) {
                faults += 1;
                print(&format!("{} of {}: {fault}", case.label(), client.name))?;
            }
        }
    }
    store.close().await;
    let (cases, entries) = (count(cases, "case", "cases"), count(entries, "entry", "entries"));
    let found = count(faults, "fault", "faults");
    print(&format!(
        "{cases}, {entries}, {found}. No checkpoint is held outside yet: this proves that each \
         chain is whole, not that none was replaced as a whole."
    ))?;
    if faults > 0 { Err(Failure::Condition("a chain does not verify".to_owned())) } else { Ok(()) }
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
