//! The running clocks of all cases. They live in the case; these rows say which to look at next.

use nearmiss_case::words::TimerKind;
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::Timestamp;

use crate::accounts::Operator;
use crate::error::StoreError;
use crate::row::Record;
use crate::scope::ClientScope;
use crate::store::{Store, Unit};

/// A clock that has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTimer {
    scope: ClientScope,
    pub case: CaseId,
    pub kind: TimerKind,
    pub due: Timestamp,
}

impl DueTimer {
    pub const fn scope(&self) -> ClientScope {
        self.scope
    }
}

impl Unit {
    /// The clocks that have run out, oldest first. Saving the case in this transaction settles them.
    pub async fn due_timers(
        &mut self,
        operator: &Operator,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let rows = sqlx::query(
            "SELECT client_id, case_id, kind, due_at FROM timer WHERE provider_id = $1 AND due_at <= $2
             ORDER BY due_at, case_id, kind LIMIT $3",
        )
        .bind(operator.scope().provider().to_string())
        .bind(now.as_millis())
        .bind(i64::from(most))
        .fetch_all(&mut *self.transaction)
        .await?;
        let timer = |row| {
            let record = Record { table: "timer", row };
            Ok(DueTimer {
                scope: ClientScope::new(operator.scope().provider(), record.parsed("client_id")?),
                case: record.parsed("case_id")?,
                kind: record.parsed("kind")?,
                due: record.instant("due_at")?,
            })
        };
        rows.iter().map(timer).collect()
    }
}

impl Store {
    /// When the next clock runs out.
    pub async fn next_timer(&self, operator: &Operator) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar("SELECT MIN(due_at) FROM timer WHERE provider_id = $1")
            .bind(operator.scope().provider().to_string())
            .fetch_one(&self.read)
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }
}
