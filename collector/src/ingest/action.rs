//! What people did on the host itself: a note, a maintenance window.

use nearmiss_case::engine::Input;
use nearmiss_case::words::Workflow;
use nearmiss_case::{Case, EventFacts};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Physical;
use nearmiss_store::StoreError;

use super::Batch;
use crate::maintenance;

/// An action is told to at most so many running cases.
const MOST_CASES: usize = 50;

/// Whether an episode of the case still runs, so that what was done on the host may be about it.
fn runs(case: &Case) -> bool {
    let near = matches!(
        case.physical,
        Physical::Approached | Physical::Receding | Physical::Breached | Physical::Dark | Physical::Watch
    );
    near && case.workflow != Workflow::Closed
}

impl Batch<'_> {
    /// Tells every running case of the host.
    pub(super) async fn action(&mut self, facts: &EventFacts) -> Result<(), StoreError> {
        if facts.labels.get("action").is_some_and(|word| word == "maintenance") {
            self.maintenance(facts).await?;
        }
        for case in self.running().await? {
            self.apply(case, Input::Event(Box::new(facts.clone())), &facts.id.to_string()).await?;
        }
        Ok(())
    }

    async fn maintenance(&mut self, facts: &EventFacts) -> Result<(), StoreError> {
        let told: Option<Timestamp> = facts.labels.get("until").and_then(|text| text.parse().ok());
        let Some(until) = told else { return Ok(()) };
        let until = until.min(self.now.plus(maintenance::LONGEST));
        self.arrival.maintenance = until > self.now;
        self.unit.set_maintenance(self.host, until).await
    }

    /// This host's cases whose episode runs, those opened by this very batch included.
    async fn running(&mut self) -> Result<Vec<Case>, StoreError> {
        let mut cases = self.unit.open_cases_of_host(self.host.client(), self.host.host()).await?;
        cases.retain(runs);
        cases.truncate(MOST_CASES);
        Ok(cases)
    }
}
