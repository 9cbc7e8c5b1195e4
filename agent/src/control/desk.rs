//! What the daemon answers at its control socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{EventKind, Physical};
use nearmiss_shared::wire::v1::{Maintenance, SpoolDepth};
use serde::Serialize;
use tokio::sync::Notify;
use tracing::info;

use super::{Answer, CheckTold, Excuse, Question, StatusTold};
use crate::drill::Drills;
use crate::pipeline::{Counters, Handle, Input, Remark, View};
use crate::store::{Identity, Store, StoreFault};
use crate::uplink::status::{CONTACT_FAULT, LAST_CONTACT};
use crate::{host, maintenance};
use nearmiss_agent_probe::Clock;

/// A remark is a sentence or two.
const NOTE_LETTERS: usize = 2_000;

/// Everything an answer may need.
#[derive(Clone, Debug)]
pub struct Desk {
    pub clock: Clock,
    pub store: Store,
    pub identity: Identity,
    pub pipeline: Handle,
    pub drills: Drills,
    pub counters: Arc<Counters>,
    pub started: Timestamp,
    /// Notified when somebody asks to read the configuration again.
    pub reload: Arc<Notify>,
}

impl Desk {
    /// Answers the user `peer`.
    pub async fn answer(&self, question: Question, peer: u32) -> Answer {
        let answer = match question {
            Question::Status => self.status().await.and_then(json),
            Question::Check => self.check().await.and_then(json),
            Question::Note { text } => self.note(&text, peer).await.and_then(json),
            Question::Maintenance { seconds, reason } => {
                self.maintenance(seconds, reason, peer).await.and_then(json)
            }
            Question::Drill { name, abort } => {
                info!(drill = name, abort, uid = peer, "drill");
                let done =
                    if abort { self.drills.abort(&name).await } else { self.drills.start(&name).await };
                done.map_err(|fault| fault.to_string()).and_then(json)
            }
            Question::Reload => {
                self.reload.notify_one();
                json("configuration is read again")
            }
        };
        match answer {
            Ok(value) => Answer::Done(value),
            Err(why) => Answer::Refused(why),
        }
    }

    async fn view(&self) -> Result<View, String> {
        self.pipeline.ask(Input::View).await.ok_or_else(|| "the agent is stopping".to_owned())
    }

    async fn check(&self) -> Result<CheckTold, String> {
        let view = self.view().await?;
        let excuse = |(probe, why): (String, String)| Excuse { probe, why };
        Ok(CheckTold {
            host: host::name(),
            at: self.clock.wall(),
            signals: view.margins,
            not_applicable: view.not_applicable.into_iter().map(excuse).collect(),
        })
    }

    async fn status(&self) -> Result<StatusTold, String> {
        let view = self.view().await?;
        let told = |fault: StoreFault| fault.to_string();
        let (events, quarantined) = self.store.event_depth().await.map_err(told)?;
        let near = |state| {
            matches!(state, Physical::Approached | Physical::Receding | Physical::Breached | Physical::Dark)
        };
        Ok(StatusTold {
            at: self.clock.wall(),
            host: host::name(),
            running: true,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: Some(std::process::id()),
            started: Some(self.started),
            key: self.identity.key.public().to_hex(),
            enrolment: self.identity.enrolment.clone(),
            last_contact: self.store.value(LAST_CONTACT).await.map_err(told)?,
            contact_fault: self.store.value::<Option<String>>(CONTACT_FAULT).await.map_err(told)?.flatten(),
            clock_offset_ms: self.store.value("clock_offset_ms").await.map_err(told)?,
            spool: SpoolDepth {
                events,
                bundles: self.store.bundle_depth().await.map_err(told)?,
                reserved_bytes: view.reserved_bytes,
            },
            quarantined,
            signals: view.margins.len() as u64,
            open: view.margins.iter().filter(|margin| near(margin.state)).count() as u64,
            observing_until: view.observing_until,
            maintenance: view.maintenance,
            maintenance_windows: view.windows,
            counters: self.counters.all(),
        })
    }

    async fn note(&self, text: &str, peer: u32) -> Result<String, String> {
        let text: String =
            text.trim().chars().filter(|letter| !letter.is_control()).take(NOTE_LETTERS).collect();
        if text.is_empty() {
            return Err("an empty note says nothing".to_owned());
        }
        let labels = [("action", "note".to_owned()), ("person", host::user(peer))];
        let labels: BTreeMap<String, String> = labels.map(|(name, value)| (name.to_owned(), value)).into();
        let remark = Remark { kind: EventKind::Action, reasons: vec![text], labels };
        let written = self.pipeline.ask(|reply| Input::Remark(remark, reply)).await;
        written.ok_or("the agent is stopping")?.map_err(|fault| fault.to_string())?;
        Ok("noted".to_owned())
    }

    async fn maintenance(&self, seconds: i64, reason: String, peer: u32) -> Result<String, String> {
        let now = self.clock.wall();
        let reason: String =
            reason.chars().filter(|letter| !letter.is_control()).take(NOTE_LETTERS).collect();
        let until = now.plus(Span::from_seconds(seconds));
        let window = Maintenance { until, reason, person: host::user(peer) };
        maintenance::enter(&self.store, &self.pipeline, &window, now).await
    }
}

fn json(value: impl Serialize) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|fault| fault.to_string())
}
