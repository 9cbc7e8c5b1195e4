//! One move of a case inside one unit of work: what the engine needs to know is read, what it decides is written.
//!
//! Case, timeline entries, timers, tasks and messages of a move are in the transaction of whatever caused it.

use nearmiss_case::context::{ClientSettings, Slot};
use nearmiss_case::person::Person;
use nearmiss_case::{Actor, Case, Context, Outcome};
use nearmiss_runtime::random::random;
use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::{ClientScope, StoreError, Unit};

use crate::config::Config;
use crate::delivery::queue;

/// What surrounds the cases of one client.
pub struct World {
    people: Vec<Person>,
    settings: ClientSettings,
    busy: Vec<(PersonId, Slot)>,
    meetings: Vec<Slot>,
}

impl World {
    pub async fn load(unit: &mut Unit, scope: ClientScope, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            people: unit.people(scope).await?,
            settings: unit.settings(scope).await?,
            busy: unit.busy(scope, now).await?,
            meetings: unit.meetings(scope, now).await?,
        })
    }

    pub fn context(&self, actor: Actor) -> Context<'_> {
        Context {
            people: &self.people,
            settings: &self.settings,
            busy: &self.busy,
            meetings: &self.meetings,
            actor,
        }
    }
}

/// What a unit of work writes for, and when.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub config: &'a Config,
    pub scope: ClientScope,
    pub now: Timestamp,
}

impl Writer<'_> {
    /// Writes a new case with all that its opening leads to.
    pub async fn insert(self, unit: &mut Unit, outcome: Outcome, cause: &str) -> Result<Case, StoreError> {
        unit.insert_case(self.scope, &outcome.case, self.now).await?;
        self.rest(unit, outcome, cause).await
    }

    /// Writes a moved case with all that the move leads to. `cause` tells this move from every other of the case.
    pub async fn save(self, unit: &mut Unit, outcome: Outcome, cause: &str) -> Result<Case, StoreError> {
        unit.save_case(self.scope, &outcome.case, self.now).await?;
        self.rest(unit, outcome, cause).await
    }

    async fn rest(self, unit: &mut Unit, outcome: Outcome, cause: &str) -> Result<Case, StoreError> {
        let Outcome { case, entries, messages } = outcome;
        unit.append_entries(self.scope, case.id, &entries, &mut random).await?;
        for message in queue::messages(self.config, &case, &messages, cause, self.now) {
            unit.queue(self.scope, message).await?;
        }
        Ok(case)
    }
}
