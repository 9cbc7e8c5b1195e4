//! `status`: how the running agent is; what its store says when it does not run.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::{OpenCase, SpoolDepth};

use super::{Config, Ended, Exit, Failure};
use crate::control::{Answer, Question, SHOWN_REFUSALS, StatusTold, ask};
use crate::maintenance::WindowTold;
use crate::settings::Settings;
use crate::store::{Store, StoreFault, key_in};
use crate::uplink::status::{CASES, CONTACT_FAULT, LAST_CONTACT};
use crate::{history, host, maintenance, output};
use nearmiss_agent_probe::Clock;

pub(super) async fn run(file: &Config, json: bool) -> Ended {
    let settings = file.load()?;
    let clock = Clock::from_environment();
    let (status, exit) = match ask(&settings.control, &Question::Status).await {
        Ok(Answer::Done(value)) => (serde_json::from_value(value).map_err(Failure::unreachable)?, Exit::Fine),
        Ok(Answer::Refused(why)) => return Err(Failure::unreachable(why)),
        Err(fault) => {
            output::problem(&fault.to_string());
            let Ok(left) = left_behind(&settings, clock.wall()).await else { return Ok(Exit::Unreachable) };
            (left, Exit::Unreachable)
        }
    };
    if json {
        output::json(&status)?;
    } else {
        for line in told(&status) {
            output::line(&line)?;
        }
    }
    Ok(exit)
}

/// What the last run left, read without changing it.
async fn left_behind(settings: &Settings, now: Timestamp) -> Result<StatusTold, StoreFault> {
    let store = Store::open_read_only(&settings.state).await?;
    let (events, quarantined) = store.event_depth().await?;
    Ok(StatusTold {
        at: now,
        host: host::name(),
        running: false,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: None,
        started: None,
        key: key_in(&settings.state, false)?.public().to_hex(),
        enrolment: store.enrolment().await?,
        last_contact: store.value(LAST_CONTACT).await?,
        contact_fault: store.value::<Option<String>>(CONTACT_FAULT).await?.flatten(),
        clock_offset_ms: store.value("clock_offset_ms").await?,
        spool: SpoolDepth { events, bundles: store.bundle_depth().await?, reserved_bytes: 0 },
        quarantined,
        signals: 0,
        open: 0,
        observing_until: None,
        maintenance: store.value("maintenance").await?,
        maintenance_windows: maintenance::windows(&settings.rules, now),
        cases: store.value(CASES).await?.unwrap_or_default(),
        refusals: store.refusals(SHOWN_REFUSALS).await?,
        history: Some(history::told(&settings.state, &settings.config.history)),
        counters: Default::default(),
    })
}

fn told(status: &StatusTold) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(format!("{name:<12} {value}"));
    let ago = |at: Timestamp| format!("{} ago", status.at.since(at));
    row("host", status.host.clone());
    row(
        "agent",
        match (status.running, status.started) {
            (true, Some(started)) => {
                let up = status.at.since(started).max(Span::ZERO);
                format!("{} running for {up}, pid {}", status.version, status.pid.unwrap_or_default())
            }
            _ => format!("{} not running", status.version),
        },
    );
    row(
        "collector",
        match &status.enrolment {
            Some(enrolment) => format!("{} as {}, {}", enrolment.url, enrolment.client, enrolment.site),
            None => "none: this host is not enrolled; what happens is kept here".to_owned(),
        },
    );
    if status.enrolment.is_some() {
        let last = status.last_contact.map_or_else(|| "none yet".to_owned(), ago);
        let fault = status.contact_fault.as_ref().map(|fault| format!("; not now: {fault}"));
        row("contact", last + &fault.unwrap_or_default());
    }
    let SpoolDepth { events, bundles, reserved_bytes } = status.spool;
    row("spool", format!("{events} events, {bundles} bundles wait; {} KiB set aside", reserved_bytes / 1024));
    if let Some(history) = &status.history {
        row("history", history.to_string());
    }
    if status.quarantined > 0 {
        row("quarantine", format!("{} events that the collector does not take", status.quarantined));
    }
    for why in &status.refusals {
        row("refused", why.clone());
    }
    for OpenCase { case, signal, subject, acknowledged } in &status.cases {
        let answered = if *acknowledged { "acknowledged" } else { "nobody has acknowledged it" };
        row("case", format!("{case} {signal} {subject}").trim_end().to_owned() + &format!("; {answered}"));
    }
    if status.running {
        row("signals", format!("{} watched, {} with an open episode", status.signals, status.open));
    }
    if let Some(until) = status.observing_until {
        row("observing", format!("until {until}: nobody is paged"));
    }
    if let Some((until, reason)) = status.maintenance.as_ref().filter(|(until, _)| *until > status.at) {
        row("maintenance", format!("until {until}: {reason}"));
    }
    for window in &status.maintenance_windows {
        row("maintenance", window_told(window));
    }
    row("key", status.key.clone());
    rows
}

/// `"patching", open until ...: REASON`; `"patching" next, from ... until ...`.
fn window_told(window: &WindowTold) -> String {
    let WindowTold { name, reason, from, until, running, limited_to } = window;
    let when =
        if *running { format!("open until {until}") } else { format!("next from {from} until {until}") };
    let why = if reason == name { String::new() } else { format!(": {reason}") };
    let limits =
        if limited_to.is_empty() { String::new() } else { format!(" ({} only)", limited_to.join(" ")) };
    format!("\"{name}\" {when}{limits}{why}")
}
