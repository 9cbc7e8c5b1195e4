//! What the daemon answers at its control socket.

use std::sync::Arc;
use std::time::Duration;

use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;
use nearmiss_shared::wire::v1::{Maintenance, OpenCase, SpoolDepth};
use serde::Serialize;
use tokio::sync::Notify;
use tracing::info;

use super::{Answer, CheckTold, Excuse, Peer, Question, StatusTold};
use crate::action::{self, Way};
use crate::baseline;
use crate::drill::Drills;
use crate::looks::Looks;
use crate::pipeline::{Counters, Handle, Input, Outbox, View};
use crate::store::{Identity, Store, StoreFault};
use crate::uplink::status::{CASES, CONTACT_FAULT, LAST_CONTACT};
use crate::{history, host, maintenance, mitigation};
use nearmiss_agent_probe::Clock;

/// Of the events that the collector refused, so many are told.
pub(crate) const SHOWN_REFUSALS: u32 = 3;

/// A probe that takes longer for its first look is named instead of waited for.
const FIRST_LOOKS: Duration = Duration::from_secs(3);

/// Everything an answer may need.
#[derive(Clone, Debug)]
pub struct Desk {
    pub clock: Clock,
    pub store: Store,
    pub identity: Identity,
    pub pipeline: Handle,
    pub drills: Drills,
    pub outbox: Arc<Outbox>,
    pub looks: Looks,
    /// Whether evidence is frozen on this host.
    pub evidence: bool,
    /// What is kept of the past, and how much of it.
    pub history: HistoryConfig,
    pub counters: Arc<Counters>,
    pub started: Timestamp,
    /// Notified when somebody asks to read the configuration again.
    pub reload: Arc<Notify>,
}

impl Desk {
    /// Answers `peer`.
    pub async fn answer(&self, question: Question, peer: &Peer) -> Answer {
        let (way, who) = (self.way(), peer.name.as_str());
        let answer = match question {
            Question::Status => self.status().await.and_then(json),
            Question::Check => self.check().await.and_then(json),
            Question::Note { text, case } => action::note(&way, who, &text, case).await.and_then(json),
            Question::Acknowledge { case, comment } => {
                action::acknowledge(&way, who, case, &comment).await.and_then(json)
            }
            Question::MitigationBegins(intent) => {
                mitigation::begin(&way, self.evidence, who, intent, self.clock.wall()).await.and_then(json)
            }
            Question::MitigationEnds(end) => {
                let now = self.clock.wall();
                mitigation::end(&way, &self.looks, self.evidence, who, *end, now).await.and_then(json)
            }
            Question::Maintenance { seconds, reason } => {
                self.maintenance(seconds, &reason, who).await.and_then(json)
            }
            Question::Baseline(wanted) => {
                baseline::accept(&self.pipeline, who, wanted, self.clock.wall()).await.and_then(json)
            }
            Question::EndMaintenance => {
                let now = self.clock.wall();
                maintenance::end(&self.store, &self.pipeline, who, now).await.and_then(json)
            }
            Question::Drill { name, abort } => {
                info!(drill = name, abort, uid = peer.uid, "drill");
                let done =
                    if abort { self.drills.abort(&name).await } else { self.drills.start(&name).await };
                done.map_err(|fault| fault.to_string()).and_then(json)
            }
            Question::KeepHistory => {
                self.pipeline.ask(Input::KeepHistory).await.ok_or_else(stopping).and_then(json)
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
        self.pipeline.ask(Input::View).await.ok_or_else(stopping)
    }

    /// Who asks right after the start waits for the first looks.
    async fn check(&self) -> Result<CheckTold, String> {
        let looking = self.looks.first(FIRST_LOOKS).await;
        let view = self.view().await?;
        let excuse = |(probe, why): (String, String)| Excuse { probe, why };
        Ok(CheckTold {
            host: host::name(),
            at: self.clock.wall(),
            signals: view.margins,
            not_applicable: view.not_applicable.into_iter().map(excuse).collect(),
            cases: self.cases().await,
            looking: looking.into_iter().map(str::to_owned).collect(),
        })
    }

    /// This host's open cases, as far as the collector named them.
    async fn cases(&self) -> Vec<OpenCase> {
        self.store.value(CASES).await.ok().flatten().unwrap_or_default()
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
            cases: self.cases().await,
            refusals: self.store.refusals(SHOWN_REFUSALS).await.map_err(told)?,
            history: Some(history::told(self.store.folder(), &self.history)),
            counters: self.counters.all(),
        })
    }

    fn way(&self) -> Way<'_> {
        Way {
            store: &self.store,
            pipeline: &self.pipeline,
            outbox: &self.outbox,
            enrolled: self.identity.enrolment.is_some(),
        }
    }

    async fn maintenance(&self, seconds: i64, reason: &str, who: &str) -> Result<String, String> {
        let now = self.clock.wall();
        let until = now.plus(Span::from_seconds(seconds));
        let window = Maintenance { until, reason: action::words(reason), person: who.to_owned() };
        maintenance::enter(&self.store, &self.pipeline, &window, now).await
    }
}

fn stopping() -> String {
    "the agent is stopping".to_owned()
}

fn json(value: impl Serialize) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|fault| fault.to_string())
}
