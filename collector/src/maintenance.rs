//! Maintenance asked of a host: watching goes on, nobody is paged. The host decides: the window is kept once it has
//! answered that it obeys, and every open case of the host tells who asked for it and why.

use nearmiss_case::engine::{Command, Input};
use nearmiss_case::{Actor, apply};
use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::Maintenance;
use nearmiss_store::hosts::HostRow;
use nearmiss_store::requests::NewRequest;
use nearmiss_store::{ClientScope, HostScope, Principal, StoreError, Unit};
use serde_json::Value;

use crate::app::App;
use crate::ids;
use crate::moves::{World, Writer};
use crate::service::ServiceError;

/// The kind of the request.
pub(crate) const KIND: &str = "maintenance";
/// A longer window is a mistake; agents refuse it too.
pub(crate) const LONGEST: Span = Span::from_days(7);
const LONGEST_REASON: usize = 500;

/// A window somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    until: Timestamp,
    reason: String,
}

impl Window {
    /// # Errors
    /// In words: it is over already or too long, or nobody says why.
    pub(crate) fn new(until: Timestamp, reason: &str, now: Timestamp) -> Result<Self, String> {
        let length = until.since(now);
        if length <= Span::ZERO || length > LONGEST {
            return Err(format!("maintenance ends within {LONGEST} from now"));
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(format!("a reason of at most {LONGEST_REASON} letters says why"));
        }
        Ok(Self { until, reason: reason.to_owned() })
    }

    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }
}

impl App {
    /// Asks a host to be in maintenance, and tells its open cases.
    ///
    /// # Errors
    /// The caller may only look.
    pub(crate) async fn ask_for_maintenance(
        &self,
        principal: &Principal,
        host: &HostRow,
        window: &Window,
    ) -> Result<(), ServiceError> {
        let (scope, now) = (host.scope(), self.clock.now());
        let actor = principal.actor(scope.client()).ok_or_else(|| {
            ServiceError::Forbidden(format!(
                "you may look at {} of {}, not ask it",
                host.name, host.client_name
            ))
        })?;
        let data = Maintenance {
            until: window.until,
            reason: window.reason.clone(),
            person: principal.name.clone(),
        };
        let request = NewRequest {
            id: ids::request(now),
            host: host.id,
            case: None,
            kind: KIND,
            data: &serde_json::to_value(data).unwrap_or_default(),
            expires_at: window.until,
        };
        let mut unit = self.store.begin().await?;
        unit.ask_host(scope, request).await?;
        let text =
            format!("asked {} to be in maintenance until {}: {}", host.name, window.until, window.reason);
        self.note_on_cases(&mut unit, scope, host.id, actor, &text, now).await?;
        unit.commit().await?;
        self.changed();
        Ok(())
    }

    /// The host has answered. That it obeys is told to its cases by its own event; that it does not is told here.
    pub(crate) async fn maintenance_answered(
        &self,
        unit: &mut Unit,
        host: &HostScope,
        asked: Value,
        done: bool,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ok(asked) = serde_json::from_value::<Maintenance>(asked) else { return Ok(()) };
        if done {
            return unit.set_maintenance(host, asked.until.min(now.plus(LONGEST))).await;
        }
        let text = format!("no maintenance until {}: {detail}", asked.until);
        let actor = Actor::Host { name: host.name().to_owned() };
        self.note_on_cases(unit, host.client(), host.host(), actor, &text, now).await
    }

    async fn note_on_cases(
        &self,
        unit: &mut Unit,
        scope: ClientScope,
        host: HostId,
        actor: Actor,
        text: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let world = World::load(unit, scope, now).await?;
        let context = world.context(actor);
        for case in unit.open_cases_of_host(scope, host).await? {
            let note = Input::Command(Command::Note { text: text.to_owned() });
            // A case that takes no note holds up no maintenance.
            let Ok(outcome) = apply(case, note, &context, now) else { continue };
            let writer = Writer { config: &self.config, scope, now };
            writer.save(unit, outcome, &format!("maintenance {}", ids::cause())).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
