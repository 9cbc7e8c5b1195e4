//! Tells the collector every half minute that this host is alive and where its signals stand; the answer may ask.
//!
//! The first report goes out at once, and once more when every probe has looked: a host that has just come shows its
//! margins without half a minute of nothing.

use std::time::Duration;

use nearmiss_agent_core::config::AcceptConfig;
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::time::Span;
use nearmiss_shared::wire::v1::{SpoolDepth, Status, StatusAnswer, VERSION};
use tracing::{info, warn};

use super::{Uplink, requests};
use crate::drill::Drills;
use crate::looks::Looks;
use crate::pipeline::Input;
use crate::store::{Enrolment, Identity, StoreFault};

/// A failed report is tried again sooner than the next one is due, but not at once.
const RETRY: Span = Span::from_seconds(5);
/// A probe that takes longer for its first look is told with the next report.
const FIRST_LOOKS: Duration = Duration::from_secs(60);
/// What the store remembers of the last report: shown by `status`.
pub const LAST_CONTACT: &str = "last_contact";
/// This host's open cases, as the last answer named them.
pub const CASES: &str = "cases";
/// Why the last report was not answered; nothing once one is.
pub const CONTACT_FAULT: &str = "contact_fault";

/// What a report is made of and what its answer may ask for.
#[derive(Debug)]
pub struct Reporter {
    pub uplink: Uplink,
    pub identity: Identity,
    pub enrolment: Enrolment,
    pub accept: AcceptConfig,
    pub drills: Drills,
}

/// Reports until asked to stop.
pub async fn run(reporter: Reporter, interval: Span, looks: Looks, mut stop: Stop) {
    let uplink = &reporter.uplink;
    let mut answered = true;
    let mut looked = false;
    let mut first_looks = std::pin::pin!(looks.first(FIRST_LOOKS));
    let mut fault = uplink.store.value::<Option<String>>(CONTACT_FAULT).await.ok().flatten().flatten();
    loop {
        let report = reporter.report();
        let problem = tokio::select! {
            () = stop.asked() => return,
            problem = report => problem.err(),
        };
        match &problem {
            Some(problem) if answered => warn!(problem, "the collector has no status of this host"),
            None if !answered => {
                info!("the collector answers again");
                // What waits need not wait out its pause.
                uplink.outbox.answering.notify_waiters();
                uplink.outbox.bundles.notify_one();
            }
            _ => {}
        }
        if problem != fault {
            // A store that cannot be written must not end the reports.
            drop(uplink.store.set(CONTACT_FAULT, &problem).await);
            fault.clone_from(&problem);
        }
        answered = problem.is_none();
        uplink.counters.set("collector_reachable", u64::from(answered));
        let wait = if answered { interval } else { interval.min(RETRY) };
        tokio::select! {
            () = stop.asked() => return,
            () = uplink.outbox.status.notified() => {}
            _ = &mut first_looks, if !looked => looked = true,
            () = tokio::time::sleep(wait.to_duration()) => {}
        }
    }
}

impl Reporter {
    async fn report(&self) -> Result<(), String> {
        let Self { uplink, identity, enrolment, accept, drills } = self;
        let parts = uplink.pipeline.ask(Input::Status).await.ok_or("the pipeline has ended")?;
        let told = |fault: StoreFault| fault.to_string();
        let (events, quarantined) = uplink.store.event_depth().await.map_err(told)?;
        uplink.counters.set("events_quarantined", quarantined);
        let answers = uplink.store.untold_answers().await.map_err(told)?;
        let now = uplink.clock.stamp();
        let status = Status {
            v: VERSION,
            host_id: enrolment.host,
            store_id: identity.store,
            boot_id: uplink.clock.boot_id(),
            sent_at: now.wall,
            boot_ms: uplink.clock.boot_ms(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            counters: uplink.counters.all(),
            spool: SpoolDepth {
                events,
                bundles: uplink.store.bundle_depth().await.map_err(told)?,
                reserved_bytes: parts.reserved_bytes,
            },
            signals: parts.signals,
            signals_not_listed: parts.not_listed,
            minutes: parts.minutes,
            answers: answers.clone(),
            observing: parts.observing,
        };
        let answer: StatusAnswer =
            uplink.client.post("/agent/v1/status", &status).await.map_err(|fault| fault.to_string())?;
        uplink.client.measured(answer.server_time);
        uplink.pipeline.send(Input::Told(status.signals, status.minutes)).await;
        uplink.store.answers_told(&answers, now.wall).await.map_err(told)?;
        uplink.store.set("clock_offset_ms", &uplink.client.offset_ms()).await.map_err(told)?;
        uplink.store.set(LAST_CONTACT, &now.wall).await.map_err(told)?;
        uplink.store.set(CASES, &answer.cases).await.map_err(told)?;
        for request in answer.requests {
            requests::obey(uplink, accept, drills, request).await.map_err(told)?;
        }
        Ok(())
    }
}
