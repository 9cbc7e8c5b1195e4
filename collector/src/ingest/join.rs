//! Which case an event belongs to: the open one of its key, else a new one for what opens, else none.

use nearmiss_case::engine::{Input, Opening};
use nearmiss_case::key::CaseKey;
use nearmiss_case::words::Workflow;
use nearmiss_case::{Actor, Case, Entry, EventFacts, What, apply, open, open_past};
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::vocabulary::{EventKind, Physical};
use nearmiss_store::StoreError;
use tracing::info;

use super::Batch;
use crate::ids;
use crate::moves::{World, Writer};

/// How an event meets the newest case of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    Joins,
    Opens,
    /// Stored beside the case it belongs to, if any; moves nothing.
    Stands,
}

fn meeting(newest: Option<&Case>, facts: &EventFacts) -> Meeting {
    if newest.is_some_and(|case| case.is_open() || is_of_register(case, facts)) {
        return Meeting::Joins;
    }
    match facts.kind {
        EventKind::Approached | EventKind::Breached | EventKind::Standing => Meeting::Opens,
        _ => Meeting::Stands,
    }
}

/// A standing hazard hears of its own signal until it comes near anew: that is a case of its own.
fn is_of_register(case: &Case, facts: &EventFacts) -> bool {
    case.physical == Physical::Standing
        && case.workflow != Workflow::Closed
        && facts.kind != EventKind::Approached
}

impl<'a> Batch<'a> {
    pub(super) fn writer(&self) -> Writer<'a> {
        Writer { config: &self.app.config, scope: self.host.client(), now: self.now }
    }

    /// Moves or opens the event's case; the case it belongs to.
    pub(super) async fn join(
        &mut self,
        facts: &EventFacts,
        past: bool,
    ) -> Result<Option<CaseId>, StoreError> {
        let scope = self.host.client();
        let host = self.host.host().to_string();
        let key = CaseKey::new(scope.provider(), scope.client(), &host, &facts.signal, &facts.subject);
        let newest = self.unit.case_of_key(scope, &key).await?;
        let case = match (meeting(newest.as_ref(), facts), newest) {
            (Meeting::Joins, Some(case)) => self.moved(case, facts, past).await?,
            (Meeting::Opens, before) => {
                let before = before.filter(|case| case.physical == Physical::Standing);
                let case = self.opened(key, before.as_ref(), facts, past).await?;
                if let Some(before) = before.filter(|case| case.workflow != Workflow::Closed) {
                    let input = Input::Followed { by: case.label() };
                    self.apply(before, input, &facts.id.to_string()).await?;
                }
                case
            }
            (_, before) => {
                let own = |case: &Case| case.episodes.last().is_some_and(|last| last.number == facts.episode);
                return Ok(before.filter(own).map(|case| case.id));
            }
        };
        let case = self.attach_earlier_bundle(case, facts).await?;
        Ok(Some(case.id))
    }

    async fn moved(&mut self, case: Case, facts: &EventFacts, past: bool) -> Result<Case, StoreError> {
        let told = Box::new(facts.clone());
        let input = if past { Input::Past(told) } else { Input::Event(told) };
        self.apply(case, input, &facts.id.to_string()).await
    }

    /// Applies an input that no rule forbids: only commands are refused.
    pub(super) async fn apply(&mut self, case: Case, input: Input, cause: &str) -> Result<Case, StoreError> {
        let scope = self.host.client();
        let world = World::load(self.unit, scope, self.now).await?;
        let context = world.context(Actor::Host { name: self.host.name().to_owned() });
        match apply(case.clone(), input, &context, self.now) {
            Ok(outcome) => self.writer().save(self.unit, outcome, cause).await,
            Err(refusal) => {
                info!(%refusal, case = %case.id, "a move of a host was refused");
                Ok(case)
            }
        }
    }

    async fn opened(
        &mut self,
        key: CaseKey,
        before: Option<&Case>,
        facts: &EventFacts,
        past: bool,
    ) -> Result<Case, StoreError> {
        let (scope, now) = (self.host.client(), self.now);
        let world = World::load(self.unit, scope, now).await?;
        let number = self.unit.next_number(scope).await?;
        let site = self.unit.site_of(self.host).await?;
        let opening = Opening {
            id: ids::case(now),
            number,
            provider: scope.provider(),
            client: scope.client(),
            site,
            key,
            received_at: now,
            task_ids: &mut || ids::task(now),
        };
        let context = world.context(Actor::Host { name: self.host.name().to_owned() });
        let mut outcome =
            if past { open_past(facts, opening, &context) } else { open(facts, opening, &context) };
        if let Some(before) = before {
            let text = format!("follows {}, a standing hazard of the same signal", before.label());
            outcome.entries.push(Entry::new(now, &Actor::System, What::note(text)));
        }
        let case = self.writer().insert(self.unit, outcome, &facts.id.to_string()).await?;
        info!(case = case.label(), title = case.title, track = %case.track, "case opened");
        self.opened += 1;
        Ok(case)
    }

    /// A bundle may be here before the event that names it.
    pub(super) async fn attach_earlier_bundle(
        &mut self,
        case: Case,
        facts: &EventFacts,
    ) -> Result<Case, StoreError> {
        let Some(bundle) = facts.bundle else { return Ok(case) };
        let waits = case.evidence.iter().any(|known| known.bundle == bundle && known.sha256.is_none());
        if !waits {
            return Ok(case);
        }
        let Some(row) = self.unit.evidence_of_host(self.host, bundle).await? else { return Ok(case) };
        let input =
            Input::Evidence { bundle, sha256: row.sha256, bytes: row.bytes, valid: row.signature_valid };
        self.apply(case, input, &format!("bundle {bundle}")).await
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_case::engine::Command;
    use nearmiss_shared::time::Span;
    use nearmiss_shared::vocabulary::{EventKind, Physical};
    use nearmiss_shared::wire::v1::Event;

    use crate::lab::{CLIENT, Lab};

    #[tokio::test]
    async fn what_is_accepted_stays_in_the_register_and_its_date_ends_with_its_successor() {
        let lab = Lab::new().await;
        let host = lab.host("cal-db-1", 7).await;
        host.tells(&lab, vec![host.approach(&lab, 1)]).await;
        let case = lab.cases().await.remove(0);
        let until = lab.now().plus(Span::from_days(30));
        let accept = Command::Accept { until, reason: "replaced in spring".to_owned() };
        lab.app.command(&lab.sysadmin().await, lab.scope(CLIENT).await, case.id, accept).await.unwrap();

        let moves = [EventKind::Worsened, EventKind::Receding].into_iter().zip(2..);
        host.tells(&lab, moves.map(|(kind, sequence)| host.event(&lab, kind, sequence)).collect()).await;
        let case = lab.cases().await.remove(0);
        assert_eq!((case.physical, case.accepted_until), (Physical::Standing, Some(until)));

        host.tells(&lab, vec![Event { episode: Some(2), ..host.approach(&lab, 4) }]).await;
        let cases = lab.cases().await;
        assert_eq!((cases.len(), cases[0].physical, cases[0].accepted_until), (2, Physical::Standing, None));
        assert!(cases[1].is_open(), "the open case of the key is the successor");
    }
}
