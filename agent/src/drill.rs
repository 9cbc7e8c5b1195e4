//! Drills: made-up readings at the probe's edge that pass every room a real approach passes.
//!
//! A drill's subject is `drill:NAME`, and every reading carries the name. Readings come a second apart and count
//! toward the rule's `confirm`. After ten minutes, or when aborted, the subject is retired; one that a restart cut
//! short is retired at the next start. One drill of a name runs at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::rule::{DRILL_PREFIX, RuleSet};
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::EventKind;
use tokio::sync::{broadcast, mpsc};
use tracing::{debug, info};

use crate::pipeline::{Committed, Handle, Input};
use nearmiss_agent_probe::Clock;
use nearmiss_agent_probe::Readings;

const STEP: Duration = Duration::from_secs(1);
/// A drill ends by itself after this.
const LENGTH: Span = Span::from_minutes(10);
/// The opening event is in the spool by then, or no rule opened.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where no rule judges the signal at all, nothing more is to be waited for than a few readings.
const UNJUDGED: Duration = Duration::from_secs(3);

/// A rehearsal: the signal and the values it takes, one a second; the last one stays.
#[derive(Debug)]
struct Script {
    name: &'static str,
    signal: &'static str,
    values: &'static [f64],
}

const SCRIPTS: [Script; 1] =
    [Script { name: "disk-failure", signal: "disk.pending_sectors", values: &[0.0, 3.0] }];

/// Every name the specification has; those without a script are not available yet.
const NAMES: [&str; 6] =
    ["disk-failure", "disk-full", "service-down", "certificate-expired", "backup-failed", "login-attack"];

/// Why a drill does not open anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrillFault {
    #[error("there is no drill `{0}`; there are {names}", names = NAMES.join(", "))]
    Unknown(String),
    #[error("the drill `{0}` is not available yet")]
    NotYet(String),
    #[error("no rule opened: the readings of `{0}` are judged by nothing, or not as near")]
    NotOpened(String),
    #[error("no drill `{0}` is running")]
    NotRunning(String),
    #[error("the agent is stopping")]
    Stopping,
}

fn script(name: &str) -> Result<&'static Script, DrillFault> {
    let told = || name.chars().take(40).collect::<String>();
    match SCRIPTS.iter().find(|script| script.name == name) {
        Some(script) => Ok(script),
        None if NAMES.contains(&name) => Err(DrillFault::NotYet(told())),
        None => Err(DrillFault::Unknown(told())),
    }
}

/// Refuses a name that no drill has, without starting anything.
///
/// # Errors
/// The name is unknown, or its drill is not available yet.
pub fn check_name(name: &str) -> Result<(), DrillFault> {
    script(name).map(drop)
}

fn subject(name: &str) -> String {
    format!("{DRILL_PREFIX}{name}")
}

#[derive(Debug)]
enum Order {
    Start(&'static Script),
    Abort(&'static Script, tokio::sync::oneshot::Sender<bool>),
}

/// Starts and ends drills. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Drills {
    orders: mpsc::Sender<Order>,
    pipeline: Handle,
    rules: Arc<RuleSet>,
}

impl Drills {
    /// The handle, and what runs the drills.
    pub fn new(pipeline: Handle, rules: RuleSet, clock: Clock) -> (Self, Stage) {
        let (orders, taken) = mpsc::channel(8);
        let stage = Stage { orders: taken, pipeline: pipeline.clone(), clock, running: BTreeMap::new() };
        (Self { orders, pipeline, rules: Arc::new(rules) }, stage)
    }

    /// Starts a drill and waits until its opening event is on the disk; what happened, in words.
    ///
    /// # Errors
    /// There is no such drill, or nothing opened.
    pub async fn start(&self, name: &str) -> Result<String, DrillFault> {
        let script = script(name)?;
        let committed = self.pipeline.committed();
        self.orders.send(Order::Start(script)).await.map_err(|_| DrillFault::Stopping)?;
        let judged = self.rules.judge(script.signal, &subject(name), None).is_some();
        let patience = if judged { PATIENCE } else { UNJUDGED };
        if tokio::time::timeout(patience, opened(committed, &subject(name))).await == Ok(true) {
            return Ok(format!(
                "the drill {name} opened an episode of {}; it ends in {LENGTH}",
                script.signal
            ));
        }
        // Whether it still runs does not matter: nothing came of it.
        drop(self.abort(name).await);
        Err(DrillFault::NotOpened(name.to_owned()))
    }

    /// Ends a drill early.
    ///
    /// # Errors
    /// There is no such drill, or it does not run.
    pub async fn abort(&self, name: &str) -> Result<String, DrillFault> {
        let script = script(name)?;
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.orders.send(Order::Abort(script, reply)).await.map_err(|_| DrillFault::Stopping)?;
        match answer.await {
            Ok(true) => Ok(format!("the drill {name} is over")),
            Ok(false) => Err(DrillFault::NotRunning(name.to_owned())),
            Err(_) => Err(DrillFault::Stopping),
        }
    }
}

/// Waits for the event that opens an episode of `subject`.
async fn opened(mut committed: broadcast::Receiver<Committed>, subject: &str) -> bool {
    loop {
        match committed.recv().await {
            Ok(event) if event.subject == subject => {
                if matches!(event.kind, EventKind::Approached | EventKind::Breached) {
                    return true;
                }
            }
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return false,
        }
    }
}

/// A drill that runs: the readings it gave and when it began.
#[derive(Debug)]
struct Running {
    script: &'static Script,
    given: usize,
    since_ms: u64,
}

/// Gives the readings of the drills that run.
#[derive(Debug)]
pub struct Stage {
    orders: mpsc::Receiver<Order>,
    pipeline: Handle,
    clock: Clock,
    running: BTreeMap<&'static str, Running>,
}

impl Stage {
    /// Runs until asked to stop. `left` are drills (signal, subject) that the run before did not end.
    pub async fn run(mut self, left: Vec<(String, String)>, mut stop: Stop) {
        for (signal, subject) in left {
            self.retire(&signal, &subject, "the agent was restarted during the drill").await;
        }
        let mut step = tokio::time::interval(STEP);
        step.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.asked() => return,
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return stop.asked().await,
                },
                _ = step.tick(), if !self.running.is_empty() => self.step().await,
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            // Started again, it begins again: the same case, approached once more.
            Order::Start(script) => {
                if self.running.contains_key(script.name) {
                    self.end(script, "the drill was started anew").await;
                }
                info!(drill = script.name, "drill started");
                let running = Running { script, given: 0, since_ms: self.clock.boot_ms() };
                self.running.insert(script.name, running);
            }
            Order::Abort(script, reply) => {
                let ran = self.end(script, "the drill was aborted").await;
                if reply.send(ran).is_err() {
                    debug!(drill = script.name, "whoever asked for its end is gone");
                }
            }
        }
    }

    async fn step(&mut self) {
        let now = self.clock.boot_ms();
        let over =
            |running: &&Running| now.saturating_sub(running.since_ms) >= LENGTH.as_millis().unsigned_abs();
        let over: Vec<&'static Script> =
            self.running.values().filter(over).map(|running| running.script).collect();
        for script in over {
            self.end(script, "the drill is over").await;
        }
        let readings: Vec<Reading> =
            self.running.values_mut().filter_map(|running| running.next(&self.clock)).collect();
        self.pipeline.send(Input::Looked(Readings { readings, not_applicable: Vec::new() })).await;
    }

    async fn end(&mut self, script: &'static Script, why: &str) -> bool {
        let ran = self.running.remove(script.name).is_some();
        if ran {
            info!(drill = script.name, why, "drill ended");
            self.retire(script.signal, &subject(script.name), why).await;
        }
        ran
    }

    async fn retire(&self, signal: &str, subject: &str, why: &str) {
        let measure = Measure::Retired { why: why.to_owned() };
        let mut reading = Reading::of(signal, subject, self.clock.stamp(), measure);
        mark(&mut reading, subject.trim_start_matches(DRILL_PREFIX));
        let readings = Readings { readings: vec![reading], not_applicable: Vec::new() };
        self.pipeline.send(Input::Looked(readings)).await;
    }
}

impl Running {
    fn next(&mut self, clock: &Clock) -> Option<Reading> {
        let script = self.script;
        let value = *script.values.get(self.given).or(script.values.last())?;
        self.given += 1;
        let mut reading = Reading::value(script.signal, &subject(script.name), clock.stamp(), value);
        mark(&mut reading, script.name);
        Some(reading)
    }
}

fn mark(reading: &mut Reading, name: &str) {
    reading.labels.insert("drill".to_owned(), name.to_owned());
    reading.drill = Some(name.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_not_yet_or_unknown() {
        assert_eq!(check_name("disk-failure"), Ok(()));
        assert_eq!(check_name("disk-full"), Err(DrillFault::NotYet("disk-full".to_owned())));
        assert!(check_name("disk").unwrap_err().to_string().contains("disk-failure, disk-full"));
    }

    #[test]
    fn a_script_goes_from_quiet_to_near_and_stays_there_marked() {
        let clock = Clock::real();
        let mut running = Running { script: &SCRIPTS[0], given: 0, since_ms: 0 };
        let readings: Vec<Reading> = (0..4).filter_map(|_| running.next(&clock)).collect();
        let values: Vec<Measure> = readings.iter().map(|reading| reading.measure.clone()).collect();
        assert_eq!(values, [0.0, 3.0, 3.0, 3.0].map(Measure::Value));
        assert!(readings.iter().all(|reading| {
            reading.subject == "drill:disk-failure" && reading.drill.as_deref() == Some("disk-failure")
        }));
    }
}
