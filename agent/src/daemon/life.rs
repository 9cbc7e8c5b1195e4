//! One life of the daemon: everything composed from one configuration, started, and ended together.

use std::sync::Arc;
use std::time::Duration;

use nearmiss_runtime::tasks::Tasks;
use tracing::{error, info, warn};

use super::{DaemonFault, Shared, probes, watchdog};
use crate::control::{Desk, Server};
use crate::drill::Drills;
use crate::follower::{Checkpoint, Follower};
use crate::freezer::{self, Freezer};
use crate::history::{self, History};
use crate::looks::Looks;
use crate::pipeline::{Handle, Outbox, Parts, Pipeline};
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::store::{Enrolment, Identity, Reserve, Store, StoreFault};
use crate::uplink::{self, Client, Uplink};
use nearmiss_agent_probe::Captures;

/// After this, what has not ended is aborted.
const DEADLINE: Duration = Duration::from_secs(10);
/// Found lines that wait for the pipeline.
const FOLLOWED_AHEAD: usize = 4;

/// Tasks and the store they share.
pub(super) struct Life {
    tasks: Tasks,
    store: Store,
    boot_id: String,
}

/// What the parts of a life have in common while they are put together.
struct Composition<'a> {
    settings: &'a Settings,
    shared: &'a Shared,
    store: Store,
    identity: Identity,
    captures: Captures,
    outbox: Arc<Outbox>,
    tasks: Tasks,
}

impl Life {
    /// Takes up what the store has and starts every task.
    pub(super) async fn start(settings: &Settings, shared: &Shared) -> Result<Self, DaemonFault> {
        let store = Store::open(&settings.state).await?;
        let identity = store.identity(shared.clock.wall()).await?;
        let mut composition = Composition {
            settings,
            shared,
            store,
            identity,
            captures: Captures::default(),
            outbox: Arc::default(),
            tasks: Tasks::default(),
        };
        let (pipeline, handle) = composition.pipeline().await?;
        composition.follow(&handle).await?;
        let looks = composition.look(&pipeline, &handle).await;
        let drills = composition.drills(&pipeline, &handle);
        composition.freeze(&handle);
        composition.sessions(&handle);
        composition.uplink(&handle, &drills, &looks);
        composition.control(&handle, drills, looks)?;
        composition.watchdog(&handle);
        let stop = composition.tasks.stop_signal();
        composition.tasks.spawn("pipeline", pipeline.run(stop));
        Ok(Self { tasks: composition.tasks, store: composition.store, boot_id: shared.clock.boot_id() })
    }

    /// Returns when a task ended though nobody asked.
    pub(super) async fn failed(&mut self) {
        if let Some(task) = self.tasks.ended().await {
            error!(task, "the agent stops: a part of it is gone");
        }
    }

    /// Stops everything and leaves the marker of an orderly stop; true when a task had failed.
    pub(super) async fn end(mut self) -> bool {
        self.tasks.shut_down(DEADLINE).await;
        if let Err(fault) = self.store.set("orderly", &self.boot_id).await {
            warn!(%fault, "the marker of an orderly stop cannot be written");
        }
        self.store.close().await;
        info!("stopped");
        self.tasks.failed()
    }
}

impl Composition<'_> {
    async fn pipeline(&self) -> Result<(Pipeline, Handle), StoreFault> {
        let boot_id = self.shared.clock.boot_id();
        let before: Option<String> = self.store.value("boot_id").await?;
        let stopped: Option<String> = self.store.take("orderly").await?;
        self.store.set("boot_id", &boot_id).await?;
        let same_boot = before.as_ref() == Some(&boot_id);
        let orderly = stopped.is_some() && stopped == before;
        let parts = Parts {
            clock: self.shared.clock.clone(),
            store: self.store.clone(),
            identity: self.identity.clone(),
            rules: self.settings.rules.clone(),
            observe: self.settings.config.observe.length,
            reserve: Reserve::take(&self.settings.state, self.settings.config.spool.reserve_bytes),
            history: History::of(&self.settings.state, &self.settings.config.history),
            outbox: Arc::clone(&self.outbox),
            counters: Arc::clone(&self.shared.counters),
        };
        Pipeline::resume(parts, same_boot, orderly).await
    }

    async fn follow(&mut self, handle: &Handle) -> Result<(), DaemonFault> {
        // Readers of `status` find the count though nothing was read yet.
        self.shared.counters.add("log_lines", 0);
        let config = &self.settings.config.probe.log;
        if !config.enabled {
            return Ok(());
        }
        let checkpoints = self.store.checkpoints().await?.into_iter();
        let checkpoints = checkpoints.map(|(key, data)| Checkpoint { key, data: Some(data) }).collect();
        let clock = self.shared.clock.clone();
        let rules = &self.settings.rules;
        let follower = Follower::new(config, rules, checkpoints, self.captures.clone(), &clock)?;
        let (found, taken) = tokio::sync::mpsc::channel(FOLLOWED_AHEAD);
        let stop = self.tasks.stop_signal();
        self.tasks.spawn("follower", follower.run(clock, stop, found));
        self.tasks.spawn("followed", probes::hand_on(taken, handle.clone()));
        Ok(())
    }

    async fn look(&mut self, pipeline: &Pipeline, handle: &Handle) -> Looks {
        let mut known = pipeline.known();
        history::recall(&self.settings.state, &mut known, self.shared.clock.wall()).await;
        let mut looks = Looks::default();
        for mut probe in
            nearmiss_agent_probe::all(&self.settings.config, &self.settings.rules, &self.captures)
        {
            known.iter().for_each(|known| probe.expect(known));
            let (name, stop) = (probe.name(), self.tasks.stop_signal());
            let (asked, clock) = (looks.of(name), self.shared.clock.clone());
            self.tasks.spawn(name, probes::look(probe, asked, clock, handle.clone(), stop));
        }
        looks
    }

    fn drills(&mut self, pipeline: &Pipeline, handle: &Handle) -> Drills {
        let (drills, stage) =
            Drills::new(handle.clone(), self.settings.rules.clone(), self.shared.clock.clone());
        let stop = self.tasks.stop_signal();
        self.tasks.spawn("drills", stage.run(pipeline.drills_left(), stop));
        drills
    }

    fn freeze(&mut self, handle: &Handle) {
        let config = &self.settings.config;
        let freezer = Freezer {
            clock: self.shared.clock.clone(),
            store: self.store.clone(),
            identity: self.identity.clone(),
            captures: self.captures.clone(),
            outbox: Arc::clone(&self.outbox),
            pipeline: handle.clone(),
            limits: freezer::limits(config),
            max_bytes: config.spool.max_bytes,
            enabled: config.evidence.enabled,
        };
        let stop = self.tasks.stop_signal();
        self.tasks.spawn("freezer", freezer.run(stop));
    }

    fn sessions(&mut self, handle: &Handle) {
        let config = &self.settings.config.sessions;
        if config.enabled {
            let sessions = Sessions::new(self.shared.clock.clone(), handle.clone(), config.clone());
            let stop = self.tasks.stop_signal();
            self.tasks.spawn("sessions", sessions.run(stop));
        }
    }

    /// A host that is not enrolled watches and spools; so does one whose way to the collector cannot be set up.
    fn uplink(&mut self, handle: &Handle, drills: &Drills, looks: &Looks) {
        let Some(enrolment) = self.identity.enrolment.clone() else {
            info!(
                "not enrolled: what happens is kept here. `nearmiss-agent enrol URL TOKEN` names a collector"
            );
            return;
        };
        let client = match self.client(&enrolment) {
            Ok(client) => Arc::new(client),
            Err(fault) => {
                error!(%fault, "no way to the collector; what happens is kept here");
                return;
            }
        };
        let uplink = Uplink {
            clock: self.shared.clock.clone(),
            store: self.store.clone(),
            client,
            pipeline: handle.clone(),
            outbox: Arc::clone(&self.outbox),
            counters: Arc::clone(&self.shared.counters),
        };
        let stop = || self.tasks.stop_signal();
        let (for_events, for_evidence, for_status) = (stop(), stop(), stop());
        let config = &self.settings.config;
        let reporter = uplink::status::Reporter {
            uplink: uplink.clone(),
            identity: self.identity.clone(),
            enrolment: enrolment.clone(),
            accept: config.accept.clone(),
            drills: drills.clone(),
        };
        let interval = config.collector.status_interval;
        self.tasks.spawn("status", uplink::status::run(reporter, interval, looks.clone(), for_status));
        self.tasks.spawn("events", uplink::events::run(uplink.clone(), enrolment, for_events));
        self.tasks.spawn("evidence", uplink::evidence::run(uplink, for_evidence));
    }

    fn client(&self, enrolment: &Enrolment) -> Result<Client, uplink::UplinkFault> {
        let config = &self.settings.config.collector;
        let key = self.identity.key.clone();
        let clock = self.shared.clock.clone();
        let url = if config.url.is_empty() { &enrolment.url } else { &config.url };
        Client::new(url, key, &enrolment.audience, config.insecure, &config.ca_file, clock)
    }

    fn control(&mut self, handle: &Handle, drills: Drills, looks: Looks) -> Result<(), DaemonFault> {
        let path = &self.settings.control;
        let server = Server::bind(path);
        let server = server.map_err(|fault| DaemonFault::File { path: path.display().to_string(), fault })?;
        let desk = Desk {
            clock: self.shared.clock.clone(),
            store: self.store.clone(),
            identity: self.identity.clone(),
            pipeline: handle.clone(),
            drills,
            outbox: Arc::clone(&self.outbox),
            looks,
            evidence: self.settings.config.evidence.enabled,
            history: self.settings.config.history.clone(),
            counters: Arc::clone(&self.shared.counters),
            started: self.shared.started,
            reload: Arc::clone(&self.shared.reload),
        };
        let stop = self.tasks.stop_signal();
        self.tasks.spawn("control", server.serve(desk, stop));
        Ok(())
    }

    fn watchdog(&mut self, handle: &Handle) {
        if let Some(patience) = sd_notify::watchdog_enabled() {
            let stop = self.tasks.stop_signal();
            self.tasks.spawn("watchdog", watchdog::feed(handle.clone(), patience, stop));
        }
    }
}
