//! What systemd tells by itself: changed properties, units that come and go, a reload.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use futures_util::StreamExt;
use nearmiss_agent_core::service::{Activity, Timer, TimerState, Unit};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant};

use super::systemd::{MANAGER, MANAGER_PATH, PROPERTIES, UNITS_PATH, milliseconds, sender};

/// Signals that wait to be taken; a connection with more of them stands still until some are.
const QUEUED: usize = 4096;

/// One change.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    Changed {
        path: String,
        values: Values,
    },
    New {
        name: String,
        path: String,
    },
    Gone {
        name: String,
    },
    /// Unit files were read anew: what is known of them is old.
    Reloaded,
}

/// Properties that changed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Values(BTreeMap<String, OwnedVariant>);

impl Values {
    fn get<T: TryFrom<OwnedVariant>>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.try_clone().ok()?.try_into().ok()
    }

    /// `ActiveState`, where it is told.
    pub(super) fn activity(&self) -> Option<Activity> {
        self.get::<String>("ActiveState").map(|word| Activity::from(word.as_str()))
    }

    fn time(&self, name: &str) -> Option<Option<i64>> {
        self.get::<u64>(name).map(milliseconds)
    }

    /// Puts them into what is known of a service.
    pub(super) fn into_unit(self, unit: &mut Unit) {
        unit.activity = self.activity().unwrap_or(unit.activity);
        unit.restarts = self.get("NRestarts").unwrap_or(unit.restarts);
        unit.started_ms = self.time("ConditionTimestampMonotonic").unwrap_or(unit.started_ms);
        if let Some(result) = self.get("Result") {
            unit.result = result;
        }
    }

    /// Puts them into what is known of a timer.
    pub(super) fn into_timer(self, timer: &mut Timer) {
        if let Some(word) = self.get::<String>("SubState") {
            timer.state = TimerState::from(word.as_str());
        }
        timer.next_wall_ms = self.time("NextElapseUSecRealtime").unwrap_or(timer.next_wall_ms);
        timer.next_monotonic_ms = self.time("NextElapseUSecMonotonic").unwrap_or(timer.next_monotonic_ms);
        timer.last_wall_ms = self.time("LastTriggerUSec").unwrap_or(timer.last_wall_ms);
        timer.last_monotonic_ms = self.time("LastTriggerUSecMonotonic").unwrap_or(timer.last_monotonic_ms);
    }
}

/// The signals of one systemd.
#[derive(Debug)]
pub(super) struct Stream {
    owner: OwnedUniqueName,
    of_units: MessageStream,
    of_manager: MessageStream,
}

impl Stream {
    pub(super) async fn open(bus: &Connection, owner: OwnedUniqueName) -> Result<Self, zbus::Error> {
        let signals = || MatchRule::builder().msg_type(zbus::message::Type::Signal);
        let of_units = signals().sender(owner.clone()).interface(PROPERTIES).path_namespace(UNITS_PATH);
        let of_manager = signals().sender(owner.clone()).interface(MANAGER).path(MANAGER_PATH);
        let queued = NonZeroUsize::new(QUEUED);
        Ok(Self {
            of_units: MessageStream::for_match_rule(of_units.build()?, bus, queued).await?,
            of_manager: MessageStream::for_match_rule(of_manager.build()?, bus, queued).await?,
            owner,
        })
    }

    pub(super) const fn owner(&self) -> &OwnedUniqueName {
        &self.owner
    }

    /// The next change; `None` when the bus is gone.
    pub(super) async fn next(&mut self) -> Option<News> {
        loop {
            let message = tokio::select! {
                message = self.of_manager.next() => message,
                message = self.of_units.next() => message,
            };
            let message = message?.ok()?;
            if sender(&message).as_ref() == Some(&self.owner)
                && let Some(news) = told(&message)
            {
                return Some(news);
            }
        }
    }
}

/// `None` where it is nothing that matters here.
fn told(message: &Message) -> Option<News> {
    let header = message.header();
    let body = message.body();
    match header.member()?.as_str() {
        "PropertiesChanged" => {
            let (_, values, _): (String, BTreeMap<String, OwnedVariant>, Vec<String>) =
                body.deserialize().ok()?;
            Some(News::Changed { path: header.path()?.to_string(), values: Values(values) })
        }
        "UnitNew" => {
            let (name, path): (String, OwnedObjectPath) = body.deserialize().ok()?;
            Some(News::New { name, path: path.to_string() })
        }
        "UnitRemoved" => {
            let (name, _): (String, OwnedObjectPath) = body.deserialize().ok()?;
            Some(News::Gone { name })
        }
        "Reloading" => body.deserialize::<bool>().ok().filter(|begins| !begins).map(|_| News::Reloaded),
        "UnitFilesChanged" => Some(News::Reloaded),
        _ => None,
    }
}
