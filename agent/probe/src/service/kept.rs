//! One service as it is kept between looks: what is known of it, what is remembered, and when its watchdog is worth a
//! look of its own.

use nearmiss_agent_core::service::{Activity, Moment, Unit, Watched};

use super::systemd::Systemd;

/// A watchdog is looked at when this part of its time has passed unfed, and again after this part of it.
const HUNGRY: (i64, i64) = (4, 5);
const AGAIN: i64 = 20;

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) path: String,
    pub(super) facts: Unit,
    pub(super) watched: Watched,
    /// When its watchdog was last looked at, in milliseconds of CLOCK_MONOTONIC.
    asked_ms: i64,
}

impl Service {
    pub(super) fn new(path: String, facts: Unit, watched: Watched) -> Self {
        Self { path, facts, watched, asked_ms: 0 }
    }

    /// Asks when its watchdog was last fed, where it has one.
    ///
    /// # Errors
    /// systemd does not answer.
    pub(super) async fn feed(&mut self, systemd: &Systemd, now: Moment) -> Result<(), zbus::Error> {
        if let Some(watchdog) = &mut self.facts.watchdog
            && self.facts.activity == Activity::Up
        {
            match systemd.fed(&self.path).await {
                Ok(fed) => watchdog.fed_ms = fed.unwrap_or(0),
                Err(fault) => vanished(fault)?,
            }
            self.asked_ms = now.monotonic_ms;
        }
        Ok(())
    }

    /// From when on its watchdog counts as late to be fed.
    pub(super) fn hungry_since(&self) -> Option<i64> {
        let watchdog = self.facts.watchdog.filter(|_| self.facts.activity == Activity::Up)?;
        (watchdog.fed_ms > 0).then(|| watchdog.fed_ms + watchdog.patience_ms * HUNGRY.0 / HUNGRY.1)
    }

    /// When its watchdog is worth a look, in milliseconds of CLOCK_MONOTONIC.
    pub(super) fn hungry_at(&self) -> Option<i64> {
        let again = self.facts.watchdog?.patience_ms / AGAIN;
        Some(self.hungry_since()?.max(self.asked_ms + again.max(1_000)))
    }
}

/// A fault that speaks of one unit is none of the connection.
pub(super) fn vanished(fault: zbus::Error) -> Result<(), zbus::Error> {
    match fault {
        zbus::Error::MethodError(..) | zbus::Error::IncorrectType | zbus::Error::SignatureMismatch(..) => {
            Ok(())
        }
        fault => Err(fault),
    }
}
