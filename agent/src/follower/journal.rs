//! systemd's journal, read by its own program from a cursor on: entries come in the order in which they were written, each
//! once, over restarts of the agent and of the program.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::log::journal::{Entry, entry};
use nearmiss_shared::time::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tracing::debug;

/// Entries that wait for the follower: a writer that is faster waits in its own journal.
const AHEAD: usize = 256;
/// Entries that are handed on together at most.
pub(super) const MOST: usize = 1024;
/// A reader that ended is started again after this; one that told nothing waits twice as long each time.
const AGAIN: Duration = Duration::from_secs(5);
const AT_MOST: Duration = Duration::from_secs(300);
/// What is printed of an entry: fields of more than 4 KiB are left out by the program itself.
const FIELDS: &str = "MESSAGE,SYSLOG_IDENTIFIER,_PID,_SYSTEMD_UNIT,_TRANSPORT";

/// What the reader has to say.
#[derive(Debug)]
pub(super) enum Told {
    Entry(Entry),
    /// It cannot be read.
    Fault(String),
}

/// The reader; it goes on while it is listened to, and its program ends with it.
pub(super) struct Journal {
    told: mpsc::Receiver<Told>,
    reader: BoxFuture<'static, ()>,
}

impl Journal {
    /// Reads on behind `cursor`; without one, from `now` on.
    pub(super) fn follow(cursor: Option<String>, now: Timestamp) -> Self {
        let (tell, told) = mpsc::channel(AHEAD);
        Self { told, reader: Box::pin(read(cursor, now, tell)) }
    }

    /// Waits for entries and takes as many as there are. May be dropped at any time and asked again.
    pub(super) async fn heard(&mut self, into: &mut Vec<Told>) {
        tokio::select! {
            // The reader does not end by itself.
            _ = self.told.recv_many(into, MOST) => {}
            () = &mut self.reader => {}
        }
    }
}

async fn read(mut cursor: Option<String>, now: Timestamp, tell: mpsc::Sender<Told>) {
    let mut pause = AGAIN;
    loop {
        let before = cursor.clone();
        let why = match program(cursor.as_deref()).spawn() {
            Err(fault) => format!("journalctl: {fault}"),
            Ok(child) => match hand_on(child, &mut cursor, now, &tell).await {
                Some(why) => why,
                None => return,
            },
        };
        debug!(why, "the journal's reader ended");
        if tell.send(Told::Fault(why)).await.is_err() {
            return;
        }
        pause = if cursor == before { (pause * 2).min(AT_MOST) } else { AGAIN };
        tokio::time::sleep(pause).await;
    }
}

/// Without a cursor the newest entry that is there is printed first: its cursor is where to begin.
fn program(cursor: Option<&str>) -> Command {
    let mut command = Command::new("journalctl");
    command
        .args(["--follow", "--output=json", "--quiet", "--no-pager"])
        .arg(format!("--output-fields={FIELDS}"));
    match cursor {
        Some(cursor) => command.arg(format!("--after-cursor={cursor}")).arg("--no-tail"),
        None => command.arg("--lines=1"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Hands on every entry until the program ends, and why it did; `None` when nobody takes them any more.
async fn hand_on(
    mut child: Child,
    cursor: &mut Option<String>,
    now: Timestamp,
    tell: &mpsc::Sender<Told>,
) -> Option<String> {
    let is_new = cursor.is_none();
    let mut lines = BufReader::new(child.stdout.take()?);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let Some(mut entry) = entry(&line) else { continue };
        if is_new && cursor.is_none() && entry.at.is_some_and(|at| at < now) {
            // What was there before is not ours to judge.
            entry.lines.clear();
        }
        *cursor = Some(entry.cursor.clone());
        if tell.send(Told::Entry(entry)).await.is_err() {
            return None;
        }
    }
    let mut said = Vec::new();
    if let Some(errors) = child.stderr.take() {
        drop(BufReader::new(errors).read_until(b'\n', &mut said).await);
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Some(if said.is_empty() { "journalctl ended".to_owned() } else { format!("journalctl says: {said}") })
}
