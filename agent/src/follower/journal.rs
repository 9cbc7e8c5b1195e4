//! systemd's journal, read by its own program from a cursor on: entries come in the order in which they were written, each
//! once, over restarts of the agent and of the program.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::log::journal::{Entry, entry};
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
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
/// An entry that is longer, with its fields, is left out.
const MAX_ENTRY_BYTES: usize = 1024 * 1024;
/// What is printed of an entry.
const FIELDS: [&str; 5] = ["MESSAGE", "SYSLOG_IDENTIFIER", "_PID", "_SYSTEMD_UNIT", "_TRANSPORT"];

/// What the reader has to say.
#[derive(Debug)]
pub(super) enum Told {
    Entry(Entry),
    /// Something of it was not read.
    Gap(&'static str),
    /// It cannot be read.
    Fault(String),
}

/// Where reading goes on: where it began first, until there was an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    Since(Timestamp),
    Cursor(String),
}

/// The reader; it goes on while it is listened to, and its program ends with it.
pub(super) struct Journal {
    told: mpsc::Receiver<Told>,
    reader: BoxFuture<'static, ()>,
}

impl Journal {
    /// With these fields of its entries, besides those that are always told.
    pub(super) fn follow(from: Place, fields: &BTreeSet<String>) -> Self {
        let (tell, told) = mpsc::channel(AHEAD);
        let fields: Vec<&str> = FIELDS.into_iter().chain(fields.iter().map(String::as_str)).collect();
        Self { told, reader: Box::pin(read(from, fields.join(","), tell)) }
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

async fn read(mut from: Place, fields: String, tell: mpsc::Sender<Told>) {
    let mut pause = AGAIN;
    loop {
        let before = from.clone();
        let why = match program(&from, &fields).spawn() {
            Err(fault) => format!("journalctl: {fault}"),
            Ok(child) => match hand_on(child, &mut from, &tell).await {
                Some(why) => why,
                None => return,
            },
        };
        debug!(why, "the journal's reader ended");
        if tell.send(Told::Fault(why)).await.is_err() {
            return;
        }
        pause = if from == before { (pause * 2).min(AT_MOST) } else { AGAIN };
        tokio::time::sleep(pause).await;
    }
}

fn program(from: &Place, fields: &str) -> Command {
    let mut command = Command::new("journalctl");
    command
        // Without `--all` a field of more than 4 KiB is printed as if it were empty (journalctl(1)).
        .args(["--follow", "--output=json", "--all", "--quiet", "--no-pager"])
        .arg(format!("--output-fields={fields}"));
    command.arg("--no-tail").arg(match from {
        Place::Cursor(cursor) => format!("--after-cursor={cursor}"),
        Place::Since(since) => {
            let milliseconds = since.as_millis();
            format!("--since=@{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
        }
    });
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Reads the next line, as far as it may go; whether it was whole. `None` at the end.
async fn next_line(
    from: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<Option<bool>> {
    line.clear();
    let mut whole = true;
    loop {
        let piece = from.fill_buf().await?;
        if piece.is_empty() {
            return Ok((!line.is_empty()).then_some(whole));
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(piece.len(), |end| end + 1);
        let room = MAX_ENTRY_BYTES.saturating_sub(line.len());
        line.extend(piece.iter().take(taken.min(room)));
        whole &= taken <= room;
        from.consume(taken);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

/// Hands on every entry until the program ends, and why it did; `None` when nobody takes them any more.
async fn hand_on(mut child: Child, from: &mut Place, tell: &mpsc::Sender<Told>) -> Option<String> {
    let mut lines = BufReader::new(child.stdout.take()?);
    let mut line = Vec::new();
    while let Ok(Some(whole)) = next_line(&mut lines, &mut line).await {
        if !whole {
            let gap = Told::Gap("an entry of the journal of more than 1 MiB was left out");
            if tell.send(gap).await.is_err() {
                return None;
            }
        }
        let Some(entry) = entry(&line).filter(|_| whole) else { continue };
        // What was there before is not ours to judge.
        if matches!(from, Place::Since(since) if entry.at.is_some_and(|at| at < *since)) {
            continue;
        }
        *from = Place::Cursor(entry.cursor.clone());
        if tell.send(Told::Entry(entry)).await.is_err() {
            return None;
        }
    }
    let mut said = Vec::new();
    if let Some(errors) = child.stderr.take() {
        drop(BufReader::new(errors.take(4096)).read_until(b'\n', &mut said).await);
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Some(if said.is_empty() { "journalctl ended".to_owned() } else { format!("journalctl says: {said}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_without_an_end_is_left_out_and_the_next_one_is_whole() {
        let text = [b"one\n".to_vec(), vec![b'x'; MAX_ENTRY_BYTES + 9], b"\ntwo\nrest".to_vec()].concat();
        let (mut from, mut line) = (BufReader::new(&text[..]), Vec::new());
        let mut told = Vec::new();
        while let Some(whole) = next_line(&mut from, &mut line).await.unwrap() {
            told.push((line.len(), whole));
        }
        assert_eq!(told, [(4, true), (MAX_ENTRY_BYTES, false), (4, true), (4, true)]);
    }
}
