//! The one place that starts tasks: each has a name, is told to stop, is waited for, and its panic is noticed.
//!
//! A stop is soft first: every task sees it and ends by itself. After the deadline what is left is aborted. A task
//! that panicked, or ended though nobody asked, makes [`Tasks::failed`] true and with it the program's exit code.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet};
use tracing::{debug, error, warn};

/// Runs blocking work apart from the tasks that must not wait.
#[expect(clippy::disallowed_methods, reason = "this is the one place that starts work")]
pub fn blocking<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    debug!(task = name, "blocking work");
    tokio::task::spawn_blocking(work)
}

/// Tells a task when to end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns when the stop was asked for, also when whoever could ask is gone.
    pub async fn asked(&mut self) {
        drop(self.0.wait_for(|stop| *stop).await);
    }

    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for `length`; false when the stop came first.
    pub async fn sleep(&mut self, length: Duration) -> bool {
        tokio::select! {
            () = self.asked() => false,
            () = tokio::time::sleep(length) => true,
        }
    }
}

/// A group of tasks that live and end together.
#[derive(Debug)]
pub struct Tasks {
    set: JoinSet<()>,
    names: BTreeMap<Id, &'static str>,
    stop: watch::Sender<bool>,
    failed: bool,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { set: JoinSet::new(), names: BTreeMap::new(), stop: watch::channel(false).0, failed: false }
    }
}

impl Tasks {
    /// The signal that this group's tasks are told to stop by.
    pub fn stop_signal(&self) -> Stop {
        Stop(self.stop.subscribe())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts work")]
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.set.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Waits until a task ends; its name. `None` when none is left. While nobody asked to stop, a task that ends
    /// is a failure.
    pub async fn ended(&mut self) -> Option<&'static str> {
        let (id, panicked) = match self.set.join_next_with_id().await? {
            Ok((id, ())) => (id, false),
            Err(fault) => (fault.id(), fault.is_panic()),
        };
        let name = self.names.remove(&id).unwrap_or("unnamed");
        if panicked {
            error!(task = name, "a task panicked");
        } else if !*self.stop.borrow() {
            error!(task = name, "a task ended by itself");
        }
        self.failed |= panicked || !*self.stop.borrow();
        Some(name)
    }

    /// Asks every task to end and waits at most `deadline`; what is left then is aborted.
    pub async fn shut_down(&mut self, deadline: Duration) {
        self.stop.send_replace(true);
        let soft = async { while self.ended().await.is_some() {} };
        if tokio::time::timeout(deadline, soft).await.is_err() {
            let left: Vec<&str> = self.names.values().copied().collect();
            warn!(tasks = ?left, "not ended in time, aborted");
            self.set.shutdown().await;
        }
    }

    /// Whether a task panicked or ended unasked.
    pub fn failed(&self) -> bool {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_noticed_and_the_others_end_when_asked() {
        let mut tasks = Tasks::default();
        let mut stop = tasks.stop_signal();
        tasks.spawn("waits", async move { stop.asked().await });
        tasks.spawn("panics", async { panic!("on purpose") });
        assert_eq!(tasks.ended().await, Some("panics"));
        assert!(tasks.failed());
        tasks.shut_down(Duration::from_secs(5)).await;
        assert_eq!(tasks.ended().await, None);
    }

    #[tokio::test]
    async fn a_clean_stop_is_no_failure_and_a_stubborn_task_is_aborted() {
        let mut tasks = Tasks::default();
        let mut stop = tasks.stop_signal();
        tasks.spawn("waits", async move { stop.asked().await });
        tasks.spawn("stubborn", std::future::pending());
        tasks.shut_down(Duration::from_millis(50)).await;
        assert!(!tasks.failed());
        assert!(tasks.set.is_empty());
    }
}
