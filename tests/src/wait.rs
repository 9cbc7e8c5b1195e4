//! Waiting on facts: a story asks until something holds, with a deadline, and says what it waited for.

use std::time::Duration;

/// How long a story waits for one fact.
pub const PATIENCE: Duration = Duration::from_secs(25);
const PACE: Duration = Duration::from_millis(25);

/// Asks until the answer is `Some`; panics with `what` after [`PATIENCE`].
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask).await
}

/// As [`until`], with another deadline.
#[expect(clippy::panic, reason = "a story that waits in vain has failed")]
pub async fn within<T>(patience: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut pace = tokio::time::interval(PACE);
    let asking = async {
        loop {
            pace.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(patience, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {patience:?} in vain for {what}"),
    }
}
