//! A bundle that has arrived whole becomes part of its case.

use nearmiss_case::engine::Input;
use nearmiss_case::{Actor, apply};
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::signature::Proof;
use nearmiss_store::HostScope;
use nearmiss_store::evidence::NewEvidence;

use super::{IngestFault, admit};
use crate::app::App;
use crate::counters::Count;
use crate::moves::{World, Writer};

/// A bundle whose bytes are durable and were verified.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub id: BundleId,
    pub sha256: String,
    pub bytes: u64,
    pub problems: Vec<String>,
}

impl App {
    /// Records a bundle and tells its case, if the event that names it is here already.
    pub async fn evidence(&self, host: &HostScope, bundle: Bundle, proof: &Proof) -> Result<(), IngestFault> {
        let (now, scope) = (self.clock.now(), host.client());
        let valid = bundle.problems.is_empty();
        let mut unit = self.store.begin().await?;
        admit(&mut unit, host, proof, now).await?;
        let case = unit.case_of_bundle(host, bundle.id).await?;
        let row = NewEvidence {
            bundle: bundle.id,
            case: case.as_ref().map(|case| case.id),
            sha256: bundle.sha256.clone(),
            bytes: bundle.bytes,
            signature_valid: valid,
            problems: bundle.problems,
            stored_at: now,
        };
        unit.insert_evidence(host, row).await?;
        if let Some(case) = case {
            let world = World::load(&mut unit, scope, now).await?;
            let context = world.context(Actor::Host { name: host.name().to_owned() });
            let Bundle { id, sha256, bytes, .. } = bundle;
            let input = Input::Evidence { bundle: id, sha256, bytes, valid };
            // Evidence is never refused; a repeat changes nothing.
            if let Ok(outcome) = apply(case, input, &context, now) {
                let writer = Writer { config: &self.config, scope, now };
                writer.save(&mut unit, outcome, &format!("bundle {id}")).await?;
            }
        }
        unit.commit().await?;
        self.counters.add(Count::BundlesStored, 1);
        self.changed();
        Ok(())
    }
}
