//! What people do with a case: one command, one transaction.

use nearmiss_case::engine::{Command, Input};
use nearmiss_case::{Case, Refusal, apply};
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::Baseline;
use nearmiss_store::requests::NewRequest;
use nearmiss_store::{ClientScope, Principal, StoreError, Unit};

use crate::app::App;
use crate::ids;
use crate::moves::{World, Writer};

/// A host that was away for longer is asked no more.
const ASK_FOR: Span = Span::from_days(7);

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("no such case")]
    NotFound,
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Gives one command to one case of a client.
    ///
    /// # Errors
    /// The case is not of this client, the caller may only look, or a rule forbids it.
    pub async fn command(
        &self,
        principal: &Principal,
        scope: ClientScope,
        case: CaseId,
        command: Command,
    ) -> Result<Case, ServiceError> {
        let Some(grant) = principal.grant(scope.client()) else { return Err(ServiceError::NotFound) };
        let actor = principal.actor(scope.client()).ok_or_else(|| {
            ServiceError::Forbidden(format!(
                "you may look at the cases of {}, not act on them",
                grant.client_name
            ))
        })?;
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        let found = unit.case(scope, case).await?.ok_or(ServiceError::NotFound)?;
        let world = World::load(&mut unit, scope, now).await?;
        let asked = command.clone();
        let outcome = apply(found, Input::Command(command), &world.context(actor), now)?;
        let writer = Writer { config: &self.config, scope, now };
        let cause = format!("command {}", ids::cause());
        let moved = writer.save(&mut unit, outcome, &cause).await?;
        if let Command::Accept { until, reason } = asked {
            ask_for_baseline(&mut unit, scope, &moved, &principal.name, until, reason, now).await?;
        }
        unit.commit().await?;
        self.changed();
        Ok(moved)
    }
}

/// What was accepted is quiet on the host until it grows. Only an ordinal signal has a count to keep quiet.
async fn ask_for_baseline(
    unit: &mut Unit,
    scope: ClientScope,
    case: &Case,
    person: &str,
    until: Timestamp,
    reason: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(value) = case.measures.value.filter(|_| case.measures.ordinal) else { return Ok(()) };
    let (signal, subject) = (case.signal.clone(), case.subject.clone());
    let data = Baseline { signal, subject, value, until, reason, person: person.to_owned() };
    let request = NewRequest {
        id: ids::request(now),
        host: case.host,
        case: Some(case.id),
        kind: "baseline",
        data: &serde_json::to_value(data).unwrap_or_default(),
        expires_at: now.plus(ASK_FOR),
    };
    unit.ask_host(scope, request).await
}
