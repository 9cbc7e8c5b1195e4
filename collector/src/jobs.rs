//! What runs by itself: clocks of cases, the outbox, tidying up. Each looks again at least each second, since the clock
//! may have been moved, and when it is woken.

mod outbox;
mod tidy;
mod timers;

use std::collections::BTreeSet;

use nearmiss_runtime::tasks::Tasks;
use nearmiss_store::StoreError;
use tracing::error;

use crate::app::App;
use crate::delivery::Channels;

/// Rows that cannot be read: each is told once.
#[derive(Debug, Default)]
struct Broken(BTreeSet<String>);

impl Broken {
    fn tell(&mut self, fault: &StoreError, what: &str) {
        if self.0.insert(fault.to_string()) {
            error!(%fault, "{what}");
        }
    }
}

/// Starts every job.
pub fn start(app: &App, channels: Channels, tasks: &mut Tasks) {
    tasks.spawn("timers", timers::run(app.clone(), tasks.stop_signal()));
    tasks.spawn("outbox", outbox::run(app.clone(), channels, tasks.stop_signal()));
    tasks.spawn("tidy", tidy::run(app.clone(), tasks.stop_signal()));
}

#[cfg(test)]
mod tests;
