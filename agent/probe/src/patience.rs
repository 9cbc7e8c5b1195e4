//! Blocking work that may hang, such as a look at a network mount whose server is gone: given up after its time, and
//! not begun a second time while the first still hangs.

use std::time::Duration;

use nearmiss_runtime::tasks;
use tokio::task::JoinHandle;

/// At most one piece of work under way.
#[derive(Debug)]
pub(crate) struct Patience<T> {
    waiting: Option<JoinHandle<T>>,
}

impl<T> Default for Patience<T> {
    fn default() -> Self {
        Self { waiting: None }
    }
}

impl<T: Send + 'static> Patience<T> {
    /// What `work` gives, or the work of an earlier look that has ended since; in words, that there is nothing yet.
    pub(crate) async fn ask(
        &mut self,
        name: &'static str,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let waiting = self.waiting.get_or_insert_with(|| tasks::blocking(name, work));
        let Ok(done) = tokio::time::timeout(patience, &mut *waiting).await else {
            return Err(format!("no answer in {} s", patience.as_secs()));
        };
        self.waiting = None;
        done.map_err(|fault| format!("the look at it failed: {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_hangs_is_given_up_and_not_begun_twice() {
        let (let_go, hangs) = mpsc::channel::<u32>();
        let mut patience = Patience::default();
        let short = Duration::from_millis(20);
        assert!(patience.ask("hangs", short, move || hangs.recv().unwrap_or(0)).await.is_err());
        assert!(patience.ask("never", short, || 7).await.is_err());
        let_go.send(3).unwrap();
        assert_eq!(patience.ask("never", Duration::from_secs(10), || 7).await, Ok(3));
        assert_eq!(patience.ask("new", Duration::from_secs(10), || 7).await, Ok(7));
    }
}
