//! What of a case is searched by itself: tasks, clocks, taken slots, bundles it waits for.

use std::collections::BTreeSet;

use nearmiss_case::Case;

use crate::error::StoreError;
use crate::scope::ClientScope;
use crate::store::Unit;

impl Unit {
    /// Writes the projections of `case` anew.
    pub(super) async fn project(&mut self, scope: ClientScope, case: &Case) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM task WHERE provider_id = $1 AND client_id = $2 AND case_id = $3",
            "DELETE FROM timer WHERE provider_id = $1 AND client_id = $2 AND case_id = $3",
            "DELETE FROM slot WHERE provider_id = $1 AND client_id = $2 AND case_id = $3",
        ] {
            sqlx::query(statement)
                .bind(scope.provider().to_string())
                .bind(scope.client().to_string())
                .bind(case.id.to_string())
                .execute(&mut *self.transaction)
                .await?;
        }
        self.project_tasks(scope, case).await?;
        self.project_timers(scope, case).await?;
        self.project_slot(scope, case).await?;
        self.project_bundles(scope, case).await
    }

    async fn project_tasks(&mut self, scope: ClientScope, case: &Case) -> Result<(), StoreError> {
        for task in &case.tasks {
            sqlx::query(
                "INSERT INTO task (provider_id, client_id, case_id, task_id, role, person_id, title, due_at, state)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(case.id.to_string())
            .bind(task.id.to_string())
            .bind(task.role.as_str())
            .bind(task.person.map(|person| person.to_string()))
            .bind(&task.title)
            .bind(task.due.as_millis())
            .bind(task.state.as_str())
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }

    async fn project_timers(&mut self, scope: ClientScope, case: &Case) -> Result<(), StoreError> {
        for timer in &case.timers {
            sqlx::query(
                "INSERT INTO timer (provider_id, client_id, case_id, kind, due_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(case.id.to_string())
            .bind(timer.kind.as_str())
            .bind(timer.due.as_millis())
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }

    /// The reserved meeting takes the time of everyone who has a part.
    async fn project_slot(&mut self, scope: ClientScope, case: &Case) -> Result<(), StoreError> {
        let Some(slot) = case.retrospective.slot.filter(|_| case.retrospective.held_at.is_none()) else {
            return Ok(());
        };
        let people: BTreeSet<_> = case.tasks.iter().filter_map(|task| task.person).collect();
        for person in people {
            sqlx::query(
                "INSERT INTO slot (provider_id, client_id, case_id, person_id, start_at, end_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(case.id.to_string())
            .bind(person.to_string())
            .bind(slot.start.as_millis())
            .bind(slot.end.as_millis())
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }

    async fn project_bundles(&mut self, scope: ClientScope, case: &Case) -> Result<(), StoreError> {
        for evidence in &case.evidence {
            sqlx::query(
                "INSERT INTO case_bundle (provider_id, client_id, host_id, bundle_id, case_id)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(scope.provider().to_string())
            .bind(scope.client().to_string())
            .bind(case.host.to_string())
            .bind(evidence.bundle.to_string())
            .bind(case.id.to_string())
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }
}
