//! Privileged people on this host while something is near: a fact for whoever asks later what stopped it.
//!
//! Nothing is read while nothing is open. When an episode opens, everybody who is or may become root (user id 0, or a
//! member of sudo, wheel or admin) and was signed in within the hour before is told; while it lasts, whoever comes.
//! Told are account, terminal, origin and time, nothing of what is done there.
//!
//! Login records tell of both; where none tell of anybody, systemd-logind is asked who is there now.

pub(crate) mod logind;
pub(crate) mod records;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use nearmiss_agent_core::config::SessionsConfig;
use nearmiss_agent_core::login::Session;
use nearmiss_runtime::tasks::{self, Stop};
use nearmiss_shared::action::{HostAction, label};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{EventKind, Physical};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::action::remark;
use crate::pipeline::{Committed, Handle, Input};
use nearmiss_agent_probe::Clock;

/// While an episode is open, looked again this often.
const AGAIN: Duration = Duration::from_secs(30);
/// Whoever was there this long before it opened may have had a hand in it.
const LOOKBACK: Span = Span::from_hours(1);
/// Of one look so many sessions are told, the newest.
const MOST_TOLD: usize = 20;

/// Tells of privileged sessions.
#[derive(Debug)]
pub struct Sessions {
    clock: Clock,
    pipeline: Handle,
    config: SessionsConfig,
    /// Since when it matters who was there; `None` while nothing is open.
    since: Option<Timestamp>,
    told: BTreeSet<(String, String, Timestamp)>,
    /// That nobody can tell who is there was said.
    said: bool,
}

impl Sessions {
    pub fn new(clock: Clock, pipeline: Handle, config: SessionsConfig) -> Self {
        Self { clock, pipeline, config, since: None, told: BTreeSet::new(), said: false }
    }

    /// Runs until asked to stop.
    pub async fn run(mut self, mut stop: Stop) {
        let mut committed = self.pipeline.committed();
        let mut again = tokio::time::interval(AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.open().await;
        loop {
            tokio::select! {
                () = stop.asked() => return,
                event = committed.recv() => match event {
                    Ok(event) if opens(&event) => self.open().await,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                _ = again.tick(), if self.since.is_some() => self.look().await,
            }
        }
    }

    /// An episode may have opened: its case has heard of nobody yet.
    async fn open(&mut self) {
        self.told.clear();
        self.since = Some(self.clock.wall().minus(LOOKBACK));
        self.look().await;
    }

    async fn look(&mut self) {
        let Some(since) = self.since else { return };
        if !self.is_anything_open().await {
            self.since = None;
            return;
        }
        let mut sessions = self.privileged().await;
        sessions.retain(|session| session.reaches(since));
        for session in sessions.into_iter().rev().take(MOST_TOLD) {
            self.tell(session).await;
        }
    }

    /// Privileged people who are there, or were, oldest first.
    async fn privileged(&mut self) -> Vec<Session> {
        let config = self.config.clone();
        let found = match tasks::blocking("sessions", move || records::read(&config)).await {
            Ok(found) => found,
            Err(fault) => {
                warn!(%fault, "login records");
                return Vec::new();
            }
        };
        let mut sessions = found.sessions;
        if !found.tell_of_now {
            match logind::sessions(None).await {
                Ok(now) => sessions.extend(now),
                Err(fault) if !std::mem::replace(&mut self.said, true) => {
                    warn!(%fault, "nobody can tell who is signed in: no login records, and systemd-logind does not answer");
                }
                Err(_) => {}
            }
        }
        sessions.retain(|session| found.privileged.contains(&session.user) && is_sure(session));
        sessions.sort_by_key(|session| (session.since, session.until.is_none()));
        let same = |one: &mut Session, other: &mut Session| {
            (&one.user, &one.tty, one.since) == (&other.user, &other.tty, other.since)
        };
        sessions.dedup_by(same);
        sessions
    }

    async fn is_anything_open(&self) -> bool {
        let view = self.pipeline.ask(Input::View).await;
        let open = |state| matches!(state, Physical::Approached | Physical::Breached | Physical::Receding);
        view.is_some_and(|view| view.margins.iter().any(|margin| open(margin.state)))
    }

    async fn tell(&mut self, session: Session) {
        let Session { user, mut tty, from, since, .. } = session;
        if tty.is_empty() {
            tty.push_str("no terminal");
        }
        if !self.told.insert((user.clone(), tty.clone(), since)) {
            return;
        }
        info!(user, tty, from, %since, "a privileged session while something is near");
        let reason = format!("{user} signed in on {tty} since {since}");
        let labels = [
            (label::USER, user.clone()),
            (label::TTY, tty),
            (label::FROM, from),
            (label::SINCE, since.to_string()),
        ];
        if let Err(fault) = self.pipeline.remark(remark(HostAction::Login, &user, vec![reason], labels)).await
        {
            warn!(fault, "a login could not be told");
        }
    }
}

fn opens(event: &Committed) -> bool {
    matches!(event.kind, EventKind::Approached | EventKind::Breached)
}

/// A session whose process is gone was never closed: nobody knows until when it lasted.
fn is_sure(session: &Session) -> bool {
    session.until.is_some() || Path::new("/proc").join(session.pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_whose_process_is_gone_is_nobodys() {
        let now = Timestamp::from_millis(0);
        let lasting = |pid: u32, until| Session {
            user: "root".to_owned(),
            tty: "tty1".to_owned(),
            from: String::new(),
            since: now,
            until,
            pid: i32::try_from(pid).unwrap(),
        };
        assert!(is_sure(&lasting(std::process::id(), None)));
        assert!(is_sure(&lasting(0, Some(now))));
        assert!(!is_sure(&lasting(0, None)));
    }
}
