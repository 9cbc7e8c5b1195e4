//! The agent's own past on the disk: a ring of single readings, and behind it a ring of hours (`STATE/history`).
//!
//! Files of their own beside the store, since none of it decides anything: it may be lost, it never takes room that an
//! event needs, and what it gives up is the filesystem's at once. Readings are written once a minute, and forced to the
//! disk only when the journal is put in order: a crash of the agent loses the last minute, a power cut what the kernel had
//! not written. Anyone who may read the folder may read it at any time, while the agent writes.
//!
//! ```text
//! journal             the newest frames, a minute each; at its size put in order of signal and moved behind
//! NUMBER-SINCE.fine   single readings; the oldest file goes as a whole, thinned into
//! NUMBER-SINCE.hours  least, mean and largest value of each hour; the oldest file goes for good
//! ```

mod folder;
mod reader;
mod writer;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_agent_core::history::Readings;
use nearmiss_agent_core::margin::number;
use nearmiss_agent_core::smart::attribute_of;
use nearmiss_agent_probe::Known;
use nearmiss_runtime::tasks::blocking;
use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::warn;

pub use reader::{Found, Outline, Past};
use writer::Writer;

/// A drive's outlook looks back so far.
const OUTLOOK_WINDOW: Span = Span::from_days(15);

/// Nothing is kept; the first is what there was to keep.
pub type Unkept = (Readings, io::Error);

/// The one writer of the past. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History(Option<Arc<Writer>>);

/// How much past there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryTold {
    pub enabled: bool,
    /// Of single readings, and what they may grow to.
    pub bytes: u64,
    pub max_bytes: u64,
    pub since: Option<Timestamp>,
    pub hourly_bytes: u64,
    pub hourly_max_bytes: u64,
    pub hourly_since: Option<Timestamp>,
}

impl fmt::Display for HistoryTold {
    /// `readings since INSTANT, 41.2 MiB of 64 MiB; hours since INSTANT, 3.1 MiB of 8 MiB`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: u64| number(bytes as f64, "bytes");
        match self.since {
            Some(since) => write!(formatter, "readings since {since}")?,
            None if self.enabled => {
                return formatter.write_str("nothing yet; readings are written once a minute");
            }
            None => return formatter.write_str("none is kept: switched off in [history]"),
        }
        write!(formatter, ", {} of {}", size(self.bytes), size(self.max_bytes))?;
        if let Some(since) = self.hourly_since {
            let (bytes, most) = (size(self.hourly_bytes), size(self.hourly_max_bytes));
            write!(formatter, "; hours since {since}, {bytes} of {most}")?;
        }
        if !self.enabled {
            formatter.write_str("; no more is kept: switched off in [history]")?;
        }
        Ok(())
    }
}

impl History {
    /// In the agent's state folder; nothing is touched before there is something to write.
    pub fn of(state: &Path, config: &HistoryConfig) -> Self {
        Self(config.enabled.then(|| Arc::new(Writer::new(state, config))))
    }

    pub const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Writes `readings` out, and lets go what outgrows the bounds.
    ///
    /// # Errors
    /// They could not be written, or the filesystem has too little room left: they are given back.
    pub async fn append(&self, readings: Readings, now: Timestamp) -> Result<(), Unkept> {
        let Some(writer) = self.0.clone() else { return Ok(()) };
        let written = blocking("history", move || match writer.append(&readings, now) {
            Ok(()) => Ok(()),
            Err(fault) => Err((readings, fault)),
        });
        written.await.unwrap_or_else(|fault| Err((Readings::new(), io::Error::other(fault))))
    }

    /// Gives the older half of all readings back to a full filesystem; how many bytes that was.
    pub async fn give_up(&self) -> u64 {
        let Some(writer) = self.0.clone() else { return 0 };
        blocking("history", move || writer.give_up()).await.unwrap_or(0)
    }
}

/// Gives the counts of drives what was recorded of them, for their outlook.
pub async fn recall(state: &Path, known: &mut [Known], now: Timestamp) {
    let is_count = |known: &Known| attribute_of(&known.signal).is_some();
    if !known.iter().any(is_count) {
        return;
    }
    let past = Past::of(state);
    let wanted = |signal: &str, _: &str| attribute_of(signal).is_some();
    let read = blocking("history", move || past.several(&wanted, now.minus(OUTLOOK_WINDOW))).await;
    let mut read = match read {
        Ok(Ok(read)) => read,
        Ok(Err(fault)) => return warn!(%fault, "what was recorded cannot be read: outlooks begin anew"),
        Err(fault) => return warn!(%fault, "what was recorded cannot be read: outlooks begin anew"),
    };
    for known in known.iter_mut() {
        let samples = read.remove(&(known.signal.clone(), known.subject.clone())).unwrap_or_default();
        known.past = samples.into_iter().map(|sample| (sample.at, sample.value)).collect();
    }
}

/// What there is in the state folder, by the bounds of the configuration.
pub fn told(state: &Path, config: &HistoryConfig) -> HistoryTold {
    let past = Past::of(state);
    HistoryTold {
        enabled: config.enabled,
        bytes: past.bytes(),
        max_bytes: config.max_bytes,
        since: past.since(),
        hourly_bytes: past.hourly_bytes(),
        hourly_max_bytes: config.hourly_max_bytes,
        hourly_since: past.hourly_since(),
    }
}

#[cfg(test)]
mod tests;
