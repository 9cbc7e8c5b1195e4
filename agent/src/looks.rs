//! When probes look: which have not looked at all yet, and asking them to look now instead of when they are due, since
//! after something was done its effect is to be measured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// The probes that run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Looks {
    /// By name; more than one probe may give the signals of a name.
    probes: BTreeMap<&'static str, Vec<Arc<Notify>>>,
    /// Those that have not looked once.
    unseen: watch::Sender<Vec<&'static str>>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { probes: BTreeMap::new(), unseen: watch::Sender::new(Vec::new()) }
    }
}

/// One probe's end of it.
#[derive(Debug)]
pub struct Look {
    name: &'static str,
    now: Arc<Notify>,
    unseen: watch::Sender<Vec<&'static str>>,
}

impl Looks {
    /// One more probe of this name.
    pub fn of(&mut self, name: &'static str) -> Look {
        let now = Arc::new(Notify::new());
        self.probes.entry(name).or_default().push(Arc::clone(&now));
        self.unseen.send_modify(|unseen| unseen.push(name));
        Look { name, now, unseen: self.unseen.clone() }
    }

    /// Asks the probes that give `signal`, whose name is the part before the first dot, if they run.
    pub fn now(&self, signal: &str) {
        let name = signal.split('.').next().unwrap_or_default();
        self.probes.get(name).into_iter().flatten().for_each(|look| look.notify_one());
    }

    /// Waits until every probe has handed on what it saw at its first look, at most so long; those that have not.
    pub async fn first(&self, patience: Duration) -> Vec<&'static str> {
        let mut unseen = self.unseen.subscribe();
        let all = unseen.wait_for(Vec::is_empty);
        match tokio::time::timeout(patience, all).await {
            Ok(_) => Vec::new(),
            Err(_) => self.unseen.borrow().clone(),
        }
    }
}

impl Look {
    /// Waits until somebody asks for a look.
    pub async fn asked(&self) {
        self.now.notified().await;
    }

    /// The first look was handed on.
    pub fn was_first(&self) {
        self.unseen.send_modify(|unseen| {
            if let Some(index) = unseen.iter().position(|name| *name == self.name) {
                unseen.swap_remove(index);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_asks_early_waits_for_first_looks_and_hears_who_is_slow() {
        let mut looks = Looks::default();
        let (quick, slow) = (looks.of("filesystem"), looks.of("disk"));
        quick.was_first();
        assert_eq!(looks.first(Duration::from_secs(3)).await, ["disk"]);
        let seen_later = async {
            tokio::task::yield_now().await;
            slow.was_first();
        };
        let (unseen, ()) = tokio::join!(looks.first(Duration::from_secs(3)), seen_later);
        assert_eq!(unseen, [""; 0]);
    }

    #[tokio::test]
    async fn every_probe_of_a_name_is_asked() {
        let mut looks = Looks::default();
        let (one, other) = (looks.of("disk"), looks.of("disk"));
        looks.now("disk.redundancy");
        one.asked().await;
        other.asked().await;
    }
}
