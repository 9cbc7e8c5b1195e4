//! When nobody is to be paged about a signal: work that was announced, and configured windows of maintenance.

use nearmiss_shared::time::Timestamp;

use super::Pipeline;

impl Pipeline {
    /// Until when, and why. What a person announced goes before what comes every week.
    pub(super) fn maintenance_of(&self, signal: &str, subject: &str) -> Option<(Timestamp, String)> {
        let now = self.now().wall;
        let configured = self.parts.rules.maintenance_of(signal, subject, now);
        self.announced(now).or_else(|| configured.map(|(window, open)| (open.until, window.reason.clone())))
    }

    /// Work that a person announced, while it goes on.
    pub(super) fn announced(&self, now: Timestamp) -> Option<(Timestamp, String)> {
        self.maintenance.clone().filter(|(until, _)| now < *until)
    }
}
