//! Privileged people on this host while something is near: a fact for whoever asks later what stopped it.
//!
//! Nothing is read while nothing is open. When an episode opens, everybody who is or may become root (user id 0, or a
//! member of sudo, wheel or admin) and was signed in within the hour before is told; while it lasts, whoever comes.
//! Told are account, terminal, origin and time, nothing of what is done there.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use nearmiss_agent_core::config::SessionsConfig;
use nearmiss_agent_core::utmp::{self, RECORD_BYTES, Session};
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
/// Of a file of login records the newest end is read.
const MOST_BYTES: u64 = 1_000 * RECORD_BYTES as u64;
const MOST_ACCOUNT_BYTES: u64 = 4 * 1024 * 1024;
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
}

impl Sessions {
    pub fn new(clock: Clock, pipeline: Handle, config: SessionsConfig) -> Self {
        Self { clock, pipeline, config, since: None, told: BTreeSet::new() }
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
        let config = self.config.clone();
        let found = tasks::blocking("sessions", move || privileged_sessions(&config)).await;
        let mut sessions = found.unwrap_or_else(|fault| {
            warn!(%fault, "login records");
            Vec::new()
        });
        sessions.retain(|session| session.reaches(since));
        for session in sessions.into_iter().rev().take(MOST_TOLD) {
            self.tell(session).await;
        }
    }

    async fn is_anything_open(&self) -> bool {
        let view = self.pipeline.ask(Input::View).await;
        let open = |state| matches!(state, Physical::Approached | Physical::Breached | Physical::Receding);
        view.is_some_and(|view| view.margins.iter().any(|margin| open(margin.state)))
    }

    async fn tell(&mut self, session: Session) {
        let Session { user, tty, from, since, .. } = session;
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

/// Who is signed in by utmp, and who was by wtmp. A file that is not there tells of nobody.
fn privileged_sessions(config: &SessionsConfig) -> Vec<Session> {
    let now = read(&config.utmp).map(|bytes| utmp::sessions(&bytes)).unwrap_or_default();
    let before = read(&config.wtmp).map(|bytes| utmp::sessions(&bytes)).unwrap_or_default();
    let privileged = utmp::privileged(&text("/etc/passwd"), &text("/etc/group"));
    // A record whose process is gone was never closed: nobody knows until when it lasted.
    let mut sessions: Vec<Session> = now
        .into_iter()
        .chain(before)
        .filter(|session| session.until.is_some() || lives(session.pid))
        .collect();
    sessions.retain(|session| privileged.contains(&session.user));
    sessions.sort_by_key(|session| (session.since, session.until.is_none()));
    sessions
        .dedup_by(|one, other| (&one.user, &one.tty, one.since) == (&other.user, &other.tty, other.since));
    sessions
}

fn lives(pid: i32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// The newest records, whole ones only.
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let record = RECORD_BYTES as u64;
    let start = file.metadata()?.len().saturating_sub(MOST_BYTES).div_ceil(record) * record;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(path: &str) -> String {
    let read = |file: File| {
        let mut text = Vec::new();
        file.take(MOST_ACCOUNT_BYTES).read_to_end(&mut text).map(|_| text)
    };
    let bytes = File::open(path).and_then(read).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WTMP: &[u8] = include_bytes!("../core/src/utmp/wtmp.sample");

    #[test]
    fn only_the_newest_whole_records_of_a_long_file_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wtmp");
        let mut bytes = vec![0; RECORD_BYTES * 1_000];
        bytes.extend_from_slice(WTMP);
        bytes.extend_from_slice(&WTMP[..100]);
        std::fs::write(&file, &bytes).unwrap();
        let read = read(&file.to_string_lossy()).unwrap();
        assert!(read.len() as u64 <= MOST_BYTES);
        assert_eq!(utmp::sessions(&read).len(), 3);
    }

    #[test]
    fn a_session_whose_process_is_gone_is_nobodys_and_files_that_are_missing_tell_of_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let wtmp = folder.path().join("wtmp");
        std::fs::write(&wtmp, WTMP).unwrap();
        let config = SessionsConfig {
            enabled: true,
            utmp: folder.path().join("utmp").to_string_lossy().into_owned(),
            wtmp: wtmp.to_string_lossy().into_owned(),
        };
        // Of the sample's people only root is an account here, and its process is not.
        let found = privileged_sessions(&config);
        assert!(found.iter().all(|session| session.user == "root" && lives(session.pid)), "{found:?}");
    }
}
