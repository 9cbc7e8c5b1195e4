//! What the collector asked of this host and what became of it: each request is obeyed at most once.

use nearmiss_shared::identity::RequestId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::{RequestAnswer, RequestOutcome};
use sqlx::Row;

use super::{Store, StoreFault};

const OUTCOMES: [(RequestOutcome, &str); 3] = [
    (RequestOutcome::Done, "done"),
    (RequestOutcome::Refused, "refused"),
    (RequestOutcome::Expired, "expired"),
];

impl Store {
    /// Whether this request was answered before.
    pub async fn is_answered(&self, id: RequestId) -> Result<bool, StoreFault> {
        let row = sqlx::query("SELECT 1 FROM request WHERE id = $1").bind(id.to_string());
        Ok(row.fetch_optional(&self.pool).await?.is_some())
    }

    /// Keeps an answer until the collector has it. Asked again, it is told again.
    pub async fn answer(&self, answer: &RequestAnswer, now: Timestamp) -> Result<(), StoreFault> {
        let outcome = OUTCOMES
            .iter()
            .find(|(outcome, _)| *outcome == answer.outcome)
            .map_or("refused", |(_, word)| word);
        sqlx::query(
            "INSERT INTO request (id, outcome, detail, told, at) VALUES ($1, $2, $3, 0, $4)
             ON CONFLICT (id) DO UPDATE SET told = 0",
        )
        .bind(answer.id.to_string())
        .bind(outcome)
        .bind(&answer.detail)
        .bind(now.as_millis())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Tells an answer again: the collector asked once more, so it did not get it.
    pub async fn answer_again(&self, id: RequestId) -> Result<(), StoreFault> {
        sqlx::query("UPDATE request SET told = 0 WHERE id = $1")
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Answers that the collector does not have yet.
    pub async fn untold_answers(&self) -> Result<Vec<RequestAnswer>, StoreFault> {
        let rows =
            sqlx::query("SELECT id, outcome, detail FROM request WHERE told = 0 ORDER BY at LIMIT 100")
                .fetch_all(&self.pool)
                .await?;
        let answer = |row: sqlx::sqlite::SqliteRow| {
            let (id, word, detail): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let bad = |problem: &str| StoreFault::BadRow {
                table: "request",
                id: id.clone(),
                problem: problem.to_owned(),
            };
            let outcome =
                OUTCOMES.iter().find(|(_, known)| *known == word).ok_or_else(|| bad("unknown outcome"))?.0;
            Ok(RequestAnswer { id: id.parse().map_err(|_| bad("it is no request id"))?, outcome, detail })
        };
        rows.into_iter().map(answer).collect()
    }

    /// The collector has these answers. Old ones are forgotten: a request expires long before.
    pub async fn answers_told(&self, answers: &[RequestAnswer], now: Timestamp) -> Result<(), StoreFault> {
        const KEPT_MS: i64 = 30 * 24 * 3600 * 1000;
        for answer in answers {
            sqlx::query("UPDATE request SET told = 1 WHERE id = $1")
                .bind(answer.id.to_string())
                .execute(&self.pool)
                .await?;
        }
        sqlx::query("DELETE FROM request WHERE told = 1 AND at < $1")
            .bind(now.as_millis() - KEPT_MS)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
