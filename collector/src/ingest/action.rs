//! What people did on the host itself: a note, a mitigation, an acknowledgement, a maintenance window.

use nearmiss_case::engine::{Command, Input};
use nearmiss_case::words::Workflow;
use nearmiss_case::{Actor, Case, EventFacts, apply};
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;
use nearmiss_store::StoreError;

use super::Batch;
use crate::moves::World;

/// Maintenance for longer than this is a mistake.
const LONGEST_MAINTENANCE: Span = Span::from_days(7);
/// An action without a case goes to at most so many running ones.
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
    /// Tells the case it names, else every running case of the host; the case it names.
    pub(super) async fn action(&mut self, facts: &EventFacts) -> Result<Option<CaseId>, StoreError> {
        let word = facts.labels.get("action").map(String::as_str);
        if word == Some("maintenance") {
            self.maintenance(facts).await?;
        }
        if let Some(named) = facts.labels.get("case") {
            let Some(case) = self.named(named).await? else { return Ok(None) };
            let id = case.id;
            match word {
                Some("ack" | "acknowledge") => self.acknowledge(case, facts).await?,
                _ => self.told(case, facts).await?,
            }
            return Ok(Some(id));
        }
        for case in self.running().await? {
            self.told(case, facts).await?;
        }
        Ok(None)
    }

    async fn told(&mut self, case: Case, facts: &EventFacts) -> Result<(), StoreError> {
        self.apply(case, Input::Event(Box::new(facts.clone())), &facts.id.to_string()).await.map(drop)
    }

    /// The page of a person in the shell is answered where they are.
    async fn acknowledge(&mut self, case: Case, facts: &EventFacts) -> Result<(), StoreError> {
        let person = facts.labels.get("person").cloned().unwrap_or_else(|| "somebody".to_owned());
        let actor = Actor::Host { name: format!("{person} on {}", self.host.name()) };
        let command = Command::Acknowledge { comment: facts.reasons.join("; "), expires: None };
        let world = World::load(self.unit, self.host.client(), self.now).await?;
        match apply(case.clone(), Input::Command(command), &world.context(actor), self.now) {
            Ok(outcome) => self.writer().save(self.unit, outcome, &facts.id.to_string()).await.map(drop),
            // The signal is already back: what was said is still worth a line.
            Err(_) => self.told(case, facts).await,
        }
    }

    async fn maintenance(&mut self, facts: &EventFacts) -> Result<(), StoreError> {
        let told: Option<Timestamp> = facts.labels.get("until").and_then(|text| text.parse().ok());
        let Some(until) = told else { return Ok(()) };
        let until = until.min(self.now.plus(LONGEST_MAINTENANCE));
        self.arrival.maintenance = until > self.now;
        self.unit.set_maintenance(self.host, until).await
    }

    /// A case of this host by number (`42`, `NM-0042`) or id.
    async fn named(&mut self, text: &str) -> Result<Option<Case>, StoreError> {
        let (scope, host) = (self.host.client(), self.host.host());
        let id: Option<CaseId> = text.parse().ok();
        let number: Option<u64> = text.trim_start_matches("NM-").trim_start_matches("nm-").parse().ok();
        let open = self.unit.open_cases_of_host(scope, host).await?;
        let fits = |case: &Case| Some(case.id) == id || Some(case.number) == number;
        if let Some(case) = open.into_iter().find(fits) {
            return Ok(Some(case));
        }
        let id = match (id, number) {
            (None, Some(number)) => {
                self.app.store.case_by_number(&[scope], number).await?.map(|row| row.case.id)
            }
            (id, _) => id,
        };
        let Some(id) = id else { return Ok(None) };
        Ok(self.unit.case(scope, id).await?.filter(|case| case.host == host))
    }

    /// This host's cases whose episode runs, those opened by this very batch included.
    async fn running(&mut self) -> Result<Vec<Case>, StoreError> {
        let mut cases = self.unit.open_cases_of_host(self.host.client(), self.host.host()).await?;
        cases.retain(runs);
        cases.truncate(MOST_CASES);
        Ok(cases)
    }
}
