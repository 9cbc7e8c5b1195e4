//! What people did on the host itself: a note, a maintenance window, an acknowledgement, a mitigation.
//!
//! What names a case goes to that case if it is this very host's. Another host's or client's is not there for it, in
//! the same words as one that nobody has: an acknowledgement of it is refused, so that its host shows why; a note and
//! a mitigation are kept as a line of the host's running cases, and refused where none runs.

use nearmiss_case::engine::Input;
use nearmiss_case::words::Workflow;
use nearmiss_case::{Case, EventFacts};
use nearmiss_shared::action::{CaseNumber, HostAction, label};
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Physical;
use nearmiss_store::StoreError;

use super::convert::NotTaken;
use super::{Batch, EventFault};
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
    /// Tells the case that is named, else every running case of the host; the case that was named.
    pub(super) async fn action(&mut self, facts: &EventFacts) -> Result<Option<CaseId>, EventFault> {
        if facts.action() == HostAction::Maintenance {
            self.maintenance(facts).await?;
        }
        let Some(name) = facts.labels.get(label::CASE) else {
            self.tell_running(facts).await?;
            return Ok(None);
        };
        match self.named(name).await? {
            Some(case) => {
                let id = case.id;
                self.tell(case, facts).await?;
                Ok(Some(id))
            }
            None => self.misnamed(name, facts).await.map(|()| None),
        }
    }

    async fn named(&mut self, name: &str) -> Result<Option<Case>, StoreError> {
        match name.parse() {
            Ok(CaseNumber(number)) => self.unit.case_of_host(self.host, number).await,
            Err(_) => Ok(None),
        }
    }

    /// What was done is worth a line where somebody looks for it; an answer for the wrong case is none.
    async fn misnamed(&mut self, name: &str, facts: &EventFacts) -> Result<(), EventFault> {
        let mut note = facts.clone();
        note.labels.insert(label::ACTION.to_owned(), HostAction::Note.to_string());
        note.reasons.insert(0, format!("for {name}, which is no case of this host"));
        if facts.action() == HostAction::Acknowledge || self.tell_running(&note).await? == 0 {
            return Err(NotTaken::NoCase(name.to_owned()).into());
        }
        Ok(())
    }

    /// How many cases were told.
    async fn tell_running(&mut self, facts: &EventFacts) -> Result<usize, StoreError> {
        let cases = self.running().await?;
        let told = cases.len();
        for case in cases {
            self.tell(case, facts).await?;
        }
        Ok(told)
    }

    async fn tell(&mut self, case: Case, facts: &EventFacts) -> Result<(), StoreError> {
        let case = self.apply(case, Input::Event(Box::new(facts.clone())), &facts.id.to_string()).await?;
        self.attach_earlier_bundle(case, facts).await.map(drop)
    }

    async fn maintenance(&mut self, facts: &EventFacts) -> Result<(), StoreError> {
        let told: Option<Timestamp> = facts.label(label::UNTIL).parse().ok();
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
