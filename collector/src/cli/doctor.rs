//! `doctor`: is the database sound, is every bundle where it should be and what it should be, do messages get out.

use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::identity::ClientId;
use nearmiss_store::outbox::MessageState;

use super::audit::all_cases;
use super::{Failure, open, operator, print};
use crate::config::Config;
use crate::incoming::file_of;

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let store = open(config).await?;
    let mut wrong = Vec::new();
    let integrity = store.integrity().await?;
    print(&format!("database: {integrity}"))?;
    if integrity != "ok" {
        wrong.push("the database is damaged".to_owned());
    }
    let operator = operator(&store).await?;
    let (mut bundles, mut waiting) = (0, 0);
    for client in store.clients(operator.scope()).await? {
        for case in all_cases(&store, client.scope()).await? {
            for sha256 in case.evidence.iter().filter_map(|one| one.sha256.as_deref()) {
                bundles += 1;
                wrong.extend(bundle_fault(config, client.scope().client(), sha256));
            }
        }
        for message in store.undelivered(&[client.scope()]).await? {
            waiting += 1;
            if message.state == MessageState::GivenUp {
                wrong.push(format!(
                    "a {} message of {} was given up: {}",
                    message.kind, client.name, message.detail
                ));
            }
        }
    }
    store.close().await;
    print(&format!("evidence: {bundles} bundles read"))?;
    let mail = if config.mail.is_some() { "" } else { "; no [mail] is configured" };
    print(&format!("outbox: {waiting} messages not delivered{mail}"))?;
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Condition(wrong.join("\n"))) }
}

fn bundle_fault(config: &Config, client: ClientId, sha256: &str) -> Option<String> {
    let file = file_of(&config.evidence(), client, sha256);
    match std::fs::read(&file) {
        Err(fault) => Some(format!("{}: {fault}", file.display())),
        Ok(bytes) if sha256_hex(&bytes) != sha256 => {
            Some(format!("{} differs from its hash", file.display()))
        }
        Ok(_) => None,
    }
}
