//! Asking probes to look now instead of when they are due: after something was done, its effect is to be measured.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// The probes that run, by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Looks(BTreeMap<&'static str, Arc<Notify>>);

impl Looks {
    /// What tells the probe `name` to look now.
    pub fn of(&mut self, name: &'static str) -> Arc<Notify> {
        Arc::clone(self.0.entry(name).or_default())
    }

    /// Asks the probe that gives `signal`, whose name is the part before the first dot, if it runs.
    pub fn now(&self, signal: &str) {
        let name = signal.split('.').next().unwrap_or_default();
        if let Some(look) = self.0.get(name) {
            look.notify_one();
        }
    }
}
