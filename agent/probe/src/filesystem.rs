//! Space and inodes of every mounted filesystem, and its superblock turning read-only.
//!
//! The mount table is read anew each time: a mount that appears is watched from its first look, one that goes
//! away is retired. Space counts as an unprivileged user has it. A filesystem that was read-only when first seen
//! is an image or meant so; only a turn from writable is a consequence. A filesystem whose daemon may be gone
//! (FUSE) is asked on a thread of its own and given up after two seconds.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::mountinfo::{self, Mount};
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_runtime::tasks;
use nearmiss_shared::time::Span;
use tokio::task::JoinHandle;

use crate::{Clock, Excuses, Known, Probe, Readings};

const NAME: &str = "filesystem";

const FREE: &str = "filesystem.free";
const INODES: &str = "filesystem.inodes_free";
const READ_ONLY: &str = "filesystem.read_only";

/// How long a filesystem that may hang is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches every filesystem of the mount table.
#[derive(Debug)]
pub struct FilesystemProbe {
    interval: Span,
    table: String,
    watched: BTreeMap<String, Watched>,
    /// Questions that are still unanswered, by mount point.
    waiting: BTreeMap<String, JoinHandle<Result<Space, String>>>,
    excuses: Excuses,
}

#[derive(Clone, Copy, Debug)]
struct Watched {
    was_writable: bool,
}

/// What statvfs(3) tells, in blocks and inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Space {
    blocks: u64,
    free: u64,
    available: u64,
    inodes: u64,
    inodes_available: u64,
}

/// What an unprivileged user has left, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Left {
    free: f64,
    /// `None` where the filesystem makes inodes as it needs them.
    inodes: Option<f64>,
}

impl FilesystemProbe {
    pub fn new(interval: Span) -> Self {
        Self::of_table("/proc/self/mountinfo", interval)
    }

    fn of_table(table: &str, interval: Span) -> Self {
        Self {
            interval,
            table: table.to_owned(),
            watched: BTreeMap::new(),
            waiting: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    /// A mount that was watched before a restart.
    fn take_up(&mut self, signal: &str, subject: &str) {
        if [FREE, INODES, READ_ONLY].contains(&signal) && subject.starts_with('/') {
            self.watched.insert(subject.to_owned(), Watched { was_writable: true });
        }
    }

    /// Looks at every mount once.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let text = match fs::read_to_string(&self.table) {
            Ok(text) => text,
            Err(fault) => {
                let why = format!("{} cannot be read: {fault}", self.table);
                return Readings { readings: Vec::new(), not_applicable: self.excuses.news([why]) };
            }
        };
        let mut readings = Vec::new();
        let mounts = mountinfo::watchable(&text);
        for mount in &mounts {
            let left = self.ask(mount).await;
            let at = clock.stamp();
            let seen = Watched { was_writable: !mount.read_only };
            let watched = self.watched.entry(mount.point.clone()).or_insert(seen);
            watched.was_writable |= !mount.read_only;
            if watched.was_writable {
                readings.extend(judge(mount, left, at));
            }
        }
        let gone: Vec<String> = self
            .watched
            .keys()
            .filter(|point| mounts.iter().all(|mount| mount.point != **point))
            .cloned()
            .collect();
        for point in gone {
            readings.extend(retire(&point, clock.stamp()));
            self.watched.remove(&point);
        }
        Readings { readings, not_applicable: self.excuses.news([]) }
    }

    async fn ask(&mut self, mount: &Mount) -> Result<Space, String> {
        let point = mount.point.clone();
        if !mount.kind.starts_with("fuse") {
            return space(&point);
        }
        let path = point.clone();
        let mut answer =
            self.waiting.remove(&point).unwrap_or_else(|| tasks::blocking("statvfs", move || space(&path)));
        match tokio::time::timeout(PATIENCE, &mut answer).await {
            Ok(Ok(told)) => told,
            Ok(Err(fault)) => Err(fault.to_string()),
            Err(_) => {
                // The question stays open: another one would only hang beside it.
                self.waiting.insert(point, answer);
                Err(format!("no answer within {} s", PATIENCE.as_secs()))
            }
        }
    }
}

impl Probe for FilesystemProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        self.take_up(&known.signal, &known.subject);
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

fn judge(mount: &Mount, told: Result<Space, String>, at: Stamp) -> Vec<Reading> {
    let reading = |signal: &str, measure: Measure| {
        Reading::of(signal, &mount.point, at, measure)
            .label("device", mount.source.as_str())
            .label("fstype", mount.kind.as_str())
    };
    let point = &mount.point;
    let read_only = match mount.read_only {
        true => Measure::Consequence { value: Some(1.0), reason: format!("{point} turned read-only") },
        false => Measure::Value(0.0),
    };
    let mut readings = vec![reading(READ_ONLY, read_only)];
    match told {
        Err(why) => readings.push(reading(FREE, Measure::Invalid { why: format!("{point}: {why}") })),
        // A filesystem of no blocks keeps nothing.
        Ok(told) if told.blocks == 0 => readings.clear(),
        Ok(told) => {
            let left = left(&told);
            readings.push(reading(FREE, measured(left.free, "byte", point)));
            readings.extend(left.inodes.map(|inodes| reading(INODES, measured(inodes, "inode", point))));
        }
    }
    readings
}

/// Nothing left is the failure itself, not a level.
fn measured(part: f64, of: &str, point: &str) -> Measure {
    if part > 0.0 {
        return Measure::Value(part);
    }
    Measure::Consequence {
        value: Some(0.0),
        reason: format!("no {of} is left on {point} for an unprivileged user"),
    }
}

fn space(point: &str) -> Result<Space, String> {
    let told = rustix::fs::statvfs(point).map_err(|fault| fault.to_string())?;
    Ok(Space {
        blocks: told.f_blocks,
        free: told.f_bfree,
        available: told.f_bavail,
        inodes: told.f_files,
        inodes_available: told.f_favail,
    })
}

/// What `df` counts: the reserve of the superuser is neither free nor part of the whole.
fn left(told: &Space) -> Left {
    // Where more is reserved than is free, some kernels answer with a negative number.
    let available = if told.available > told.blocks { 0 } else { told.available };
    let whole = told.blocks.saturating_sub(told.free).saturating_add(available);
    let free = if whole == 0 { 0.0 } else { available as f64 / whole as f64 };
    let inodes_available = told.inodes_available.min(told.inodes);
    let inodes = (told.inodes > 0).then(|| inodes_available as f64 / told.inodes as f64);
    Left { free, inodes }
}

fn retire(point: &str, at: Stamp) -> impl Iterator<Item = Reading> {
    [FREE, INODES, READ_ONLY].into_iter().map(move |signal| {
        Reading::of(signal, point, at, Measure::Retired { why: format!("{point} is not mounted any more") })
    })
}

#[cfg(test)]
mod tests;
