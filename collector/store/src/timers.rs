//! The running clocks of all cases. They live in the case; these rows say which to look at next.

use nearmiss_case::words::TimerKind;
use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::{Span, Timestamp};

use crate::accounts::Operator;
use crate::error::StoreError;
use crate::row::{Found, Record};
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

/// A clock that cannot ring is looked at again after this.
const POSTPONED: Span = Span::from_hours(1);

impl Unit {
    /// The clocks that have run out, oldest first. Saving the case in this transaction settles them. One that cannot be
    /// read is postponed.
    pub async fn due_timers(
        &mut self,
        operator: &Operator,
        now: Timestamp,
        most: u32,
    ) -> Result<Found<DueTimer>, StoreError> {
        let rows = sqlx::query(
            "SELECT client_id, case_id, kind, due_at FROM timer WHERE provider_id = $1 AND due_at <= $2
             ORDER BY due_at, case_id, kind LIMIT $3",
        )
        .bind(operator.scope().provider().to_string())
        .bind(now.as_millis())
        .bind(i64::from(most))
        .fetch_all(&mut *self.transaction)
        .await?;
        let timer = |record: &Record<'_>| {
            Ok::<_, StoreError>(DueTimer {
                scope: ClientScope::new(operator.scope().provider(), record.parsed("client_id")?),
                case: record.parsed("case_id")?,
                kind: record.parsed("kind")?,
                due: record.instant("due_at")?,
            })
        };
        let mut found = Found { rows: Vec::new(), faults: Vec::new() };
        for row in &rows {
            let record = Record { table: "timer", row };
            match timer(&record) {
                Ok(timer) => found.rows.push(timer),
                Err(fault) => {
                    let (client, case) = (record.text("client_id")?, record.text("case_id")?);
                    self.postpone(operator, &client, &case, &record.text("kind")?, now).await?;
                    found.faults.push(fault);
                }
            }
        }
        Ok(found)
    }

    /// Looks at a clock that could not ring again in an hour.
    pub async fn postpone_timer(
        &mut self,
        operator: &Operator,
        timer: &DueTimer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (client, case) = (timer.scope.client().to_string(), timer.case.to_string());
        self.postpone(operator, &client, &case, timer.kind.as_str(), now).await
    }

    async fn postpone(
        &mut self,
        operator: &Operator,
        client: &str,
        case: &str,
        kind: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE timer SET due_at = $5
             WHERE provider_id = $1 AND client_id = $2 AND case_id = $3 AND kind = $4",
        )
        .bind(operator.scope().provider().to_string())
        .bind(client)
        .bind(case)
        .bind(kind)
        .bind(now.plus(POSTPONED).as_millis())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
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
