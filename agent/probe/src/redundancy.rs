//! Arrays: how many more failures md, ZFS, btrfs and LVM RAID survive, and errors that reached a file system.
//!
//! md and btrfs are read from the kernel's own files, which anybody may; `zpool` and `lvs` are only run where the
//! kernel says that there are pools or RAID volumes. An array that was whole when it was seen last and is gone was
//! taken down; one that was degraded then is dark.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nearmiss_agent_core::reading::{Measure, Reading, SAID, Stamp};
use nearmiss_agent_core::redundancy::{self, Array, Health};
use nearmiss_shared::time::Span;

use crate::captures::Captures;
use crate::command::{Program, RunFault};
use crate::{Clock, Excuses, Known, Probe, Readings};

mod kernel;

use kernel::Kernel;

const NAME: &str = "disk";
const REDUNDANCY: &str = "disk.redundancy";
const ERRORS: &str = "disk.filesystem_errors";
const PATIENCE: Duration = Duration::from_secs(20);

/// Watches every array of the host.
#[derive(Debug)]
pub struct RedundancyProbe {
    interval: Span,
    kernel: Kernel,
    captures: Captures,
    /// Every subject that was seen, and whether it was whole.
    seen: BTreeMap<(String, &'static str), bool>,
    excuses: Excuses,
}

/// What one look found, of whatever kind.
#[derive(Debug, Default)]
struct Found {
    arrays: Vec<Array>,
    errors: Vec<(String, u64, String)>,
    excuses: Vec<String>,
}

impl RedundancyProbe {
    /// `captures` tells which drives are near failure themselves.
    pub fn new(interval: Span, captures: Captures) -> Self {
        Self {
            interval,
            kernel: Kernel::default(),
            captures,
            seen: BTreeMap::new(),
            excuses: Excuses::new(NAME),
        }
    }

    async fn look(&mut self, clock: &Clock) -> Readings {
        let found = self.find().await;
        let at = clock.stamp();
        self.captures.keep_arrays(&found.arrays);
        let mut readings = redundancy::readings(&found.arrays, &self.captures.near(), at);
        readings.extend(found.errors.iter().map(|error| errors(error, at)));
        let whole = |reading: &Reading| matches!(reading.measure, Measure::Value(_));
        let here: BTreeMap<(String, &'static str), bool> = readings
            .iter()
            .map(|reading| {
                let signal = if reading.signal == ERRORS { ERRORS } else { REDUNDANCY };
                ((reading.subject.clone(), signal), whole(reading))
            })
            .collect();
        readings.extend(self.missed(&here, at));
        self.seen.extend(here);
        Readings { readings, not_applicable: self.excuses.news(found.excuses) }
    }

    async fn find(&self) -> Found {
        let mut found = Found { arrays: self.kernel.md(), ..Found::default() };
        for system in self.kernel.btrfs() {
            found.errors.extend(system.errors().map(|(count, words)| (system.subject(), count, words)));
            found.arrays.push(system.array());
        }
        if self.kernel.has_zfs() {
            match run(&["zpool", "status", "-P", "-L"]).await {
                Ok(text) => found.arrays.extend(redundancy::pools(&text)),
                Err(why) => found.excuses.push(format!("ZFS pools are not seen: {why}")),
            }
        }
        if self.kernel.has_lvm_raid() {
            match run(&LVS)
                .await
                .and_then(|text| redundancy::volumes(&text).map_err(|fault| fault.to_string()))
            {
                Ok(volumes) => found.arrays.extend(volumes),
                Err(why) => found.excuses.push(format!("LVM RAID is not seen, which needs root: {why}")),
            }
        }
        let unread = |array: &&Array| matches!(array.health, Health::Unknown { .. }) && !array.is_redundant();
        found.excuses.extend(found.arrays.iter().filter(unread).map(|array| {
            format!("{} is no array that can be judged: {}", array.subject, array.remarks.join("; "))
        }));
        found
    }

    /// What was seen before and is not there any more.
    fn missed(&mut self, here: &BTreeMap<(String, &'static str), bool>, at: Stamp) -> Vec<Reading> {
        let mut missed = Vec::new();
        self.seen.retain(|key, whole| {
            if here.contains_key(key) {
                return true;
            }
            let (subject, signal) = key;
            let measure = if *whole {
                Measure::Retired { why: format!("{subject} was taken down while it was whole") }
            } else {
                Measure::Invalid {
                    why: format!("{subject} is gone, and was not whole when it was seen last"),
                }
            };
            missed.push(Reading::of(signal, subject, at, measure));
            !*whole
        });
        missed
    }
}

const LVS: [&str; 7] = [
    "lvs",
    "--all",
    "--reportformat",
    "json",
    "--readonly",
    "-o",
    "vg_name,lv_name,segtype,stripes,lv_attr,lv_health_status,devices",
];

async fn run(argv: &[&str]) -> Result<String, String> {
    let mut program = Program::new(argv.iter().copied());
    program.patience = PATIENCE;
    let ended = program.run().await.map_err(|fault| match fault {
        RunFault::Missing(program) => format!("{program} is not installed"),
        fault => fault.to_string(),
    })?;
    if !ended.status.success() {
        return Err(ended.said());
    }
    Ok(String::from_utf8_lossy(&ended.text).into_owned())
}

fn errors((subject, count, words): &(String, u64, String), at: Stamp) -> Reading {
    let reading = Reading::value(ERRORS, subject, at, *count as f64);
    if words.is_empty() { reading } else { reading.label(SAID, words.as_str()) }
}

impl Probe for RedundancyProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        for signal in [REDUNDANCY, ERRORS] {
            if known.signal == signal {
                self.seen.insert((known.subject.clone(), signal), false);
            }
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }
}

#[cfg(test)]
mod tests;
