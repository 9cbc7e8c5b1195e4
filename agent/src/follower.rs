//! The log follower: every line of every followed file once, through rotation, truncation, crash and restart.
//!
//! What was read and what it counted travel together: a [`Followed`] holds readings and the checkpoints that
//! belong to them, and whoever gets it stores both in one transaction. After a crash reading starts from the
//! stored checkpoints, so a line that was not stored is read again and one that was is not. The counts within
//! windows are part of the checkpoints. What cannot be read any more is said as a gap.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use nearmiss_agent_core::config::LogConfig;
use nearmiss_agent_core::log::{Matcher, Records, Source};
use nearmiss_agent_core::reading::{Reading, Stamp};
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_runtime::tasks::{self, Stop};
use tokio::sync::mpsc;
use tracing::{debug, info};

use nearmiss_agent_probe::Captures;
use nearmiss_agent_probe::Clock;
use nearmiss_agent_probe::{Excuses, NotApplicable};

mod batch;
mod changes;
mod checkpoint;
mod folders;
mod generation;
mod identity;
mod journal;
mod lines;
mod mark;
mod paths;
mod siblings;
mod tail;
mod text;
mod watch;

use batch::Batch;
pub use checkpoint::Checkpoint;
use checkpoint::Stored;
use folders::Folders;
use journal::{Journal, Told};
pub(crate) use lines::Splitter;
use paths::Paths;
pub(crate) use paths::unfollowed;
use tail::Tail;
use watch::{Cover, Watch};

/// Looked at anew even when nothing was heard: events are hints, and network filesystems give none.
const RESTAT: Duration = Duration::from_secs(2);
/// And where all is still and every change is told of.
const RESTAT_TOLD: Duration = Duration::from_secs(15);
/// Bytes read before what they gave is handed on.
const BATCH_BYTES: usize = 1024 * 1024;
/// Files kept open while nothing is written to them; the usual limit of a process is 1024 (getrlimit(2)).
const MOST_HANDLES: usize = 512;

/// Readings and the checkpoints that belong to them: to be stored in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Followed {
    pub readings: Vec<Reading>,
    pub checkpoints: Vec<Checkpoint>,
    /// What was missed, in words; to be told as an event.
    pub gap: Option<String>,
    pub not_applicable: Vec<NotApplicable>,
    /// Complete lines read.
    pub lines: u64,
    /// Of these, lines longer than the bound, of which only the start was matched.
    pub cut_lines: u64,
}

impl Followed {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Follows the configured files with the log rules of a rule set.
pub struct Follower {
    paths: Paths,
    matcher: Matcher,
    captures: Captures,
    tails: BTreeMap<PathBuf, Tail>,
    /// Of logs whose lines make records.
    records: BTreeMap<PathBuf, Records>,
    stored: Stored,
    folders: Folders,
    /// The log that the next batch begins with.
    next: Option<PathBuf>,
    excuses: Excuses,
    /// Where the system's own messages are in the journal alone.
    wants_journal: bool,
    /// What the journal told since the last step, and why it tells nothing.
    told: Vec<Told>,
    journal_fault: Option<String>,
}

impl Follower {
    /// Prepares to go on where `checkpoints` (all that were ever handed on, the last of each key) ended.
    ///
    /// # Errors
    /// All patterns together are too large for one automaton.
    pub fn new(
        config: &LogConfig,
        rules: &RuleSet,
        checkpoints: Vec<Checkpoint>,
        captures: Captures,
        clock: &Clock,
    ) -> Result<Self, regex::Error> {
        Ok(Self {
            paths: Paths::new(config, rules),
            matcher: Matcher::new(&rules.log_rules())?,
            captures,
            tails: BTreeMap::new(),
            records: BTreeMap::new(),
            stored: Stored::load(checkpoints, clock.boot_id(), clock.stamp()),
            folders: Folders::default(),
            next: None,
            excuses: Excuses::new("log"),
            wants_journal: paths::wants_journal(config, rules, clock.wall()),
            told: Vec::new(),
            journal_fault: None,
        })
    }

    /// Follows until told to stop or until nobody takes what is found.
    pub async fn run(mut self, clock: Clock, mut stop: Stop, found: mpsc::Sender<Followed>) {
        let mut watch = Watch::start();
        let mut appeared = Vec::new();
        info!(
            journal = self.wants_journal,
            "the system's own messages are read from its {}",
            if self.wants_journal { "journal" } else { "log files" }
        );
        let follow = || Journal::follow(self.stored.journal(clock.wall()), &self.matcher.journal_fields());
        let mut journal = self.wants_journal.then(follow);
        let mut told = Vec::new();
        let mut cover;
        loop {
            loop {
                self.told.append(&mut told);
                // Files are read apart from the tasks that must not wait; a panic there ends this task.
                let (now, files) = (clock.stamp(), std::mem::take(&mut appeared));
                let stepped = tasks::blocking("follow", move || {
                    let stepped = self.step(now, files);
                    let cover = watch.cover(self.tails.keys(), self.paths.folders());
                    (self, watch, stepped, cover)
                });
                let Ok((follower, watching, (followed, more), covered)) = stepped.await else { return };
                (self, watch, cover) = (follower, watching, covered);
                if !followed.is_empty() && found.send(followed).await.is_err() {
                    return;
                }
                if stop.is_asked() {
                    return;
                }
                if !more && !cover.is_new {
                    break;
                }
                tokio::task::yield_now().await;
            }
            tokio::select! {
                () = stop.asked() => return,
                () = watch.heard(&mut appeared) => {}
                () = heard(&mut journal, &mut told) => {}
                () = tokio::time::sleep(self.patience(cover, &clock)) => {}
            }
        }
    }

    /// Looks at every file once and reads what is new, up to a bound; whether more is waiting. `appeared` are
    /// files that were seen to take a followed name.
    pub fn step(&mut self, now: Stamp, appeared: Vec<(PathBuf, File)>) -> (Followed, bool) {
        let now_ms = u64::try_from(now.boot_ms).unwrap_or(0);
        let mut batch = Batch::new(now);
        self.folders.begin(now_ms);
        let mut why_not = self.enrol(now_ms, &mut batch);
        self.journal(&mut batch);
        let mut arrived: BTreeMap<PathBuf, Vec<File>> = BTreeMap::new();
        for (path, file) in appeared {
            arrived.entry(path).or_default().push(file);
        }
        let mut budget = BATCH_BYTES;
        let mut more = false;
        // Who got nothing of the last batch is first in the next.
        let start = self.next.take().unwrap_or_default();
        let (before, after): (Vec<_>, Vec<_>) = self.tails.iter_mut().partition(|(path, _)| **path < start);
        for (path, tail) in after.into_iter().chain(before) {
            let name = path.to_string_lossy();
            let windows = &mut self.stored.windows;
            let files = arrived.remove(path).unwrap_or_default();
            let folder = self.folders.of(path);
            let mut count = |source: Source<'_>, block: &[u8]| {
                batch.block(block, &name, source, &self.matcher, windows, &self.captures);
            };
            let mut records = self.records.get_mut(path);
            let mut feed = |block: &[u8]| {
                count((&*name).into(), block);
                if let Some(records) = &mut records {
                    records.feed(block, now_ms, &mut |begins, record| {
                        count(Source::record(&name, begins), record);
                    });
                }
            };
            let polled = tail.poll(files, &folder, now_ms, &mut budget, &mut feed);
            if let Some(records) = records {
                records.quiet(now_ms, &mut |begins, record| count(Source::record(&name, begins), record));
            }
            if budget == 0 && self.next.is_none() {
                self.next = Some(path.clone());
            }
            more |= polled.more;
            batch.gaps(polled.gaps);
            why_not.extend(polled.fault.map(|fault| paths::unreadable(&name, &fault)));
        }
        if self.wants_journal {
            why_not.extend(self.journal_fault.as_deref().map(paths::unread_journal));
        } else if why_not.is_empty() && !self.tails.is_empty() && self.tails.values().all(Tail::is_waiting) {
            let why = "none of the log files is there: name this host's in [probe.log] paths";
            why_not.push(why.to_owned());
        }
        self.close_resting();
        batch.tick(&mut self.stored.windows);
        batch.followed.checkpoints = self.stored.changed(&self.tails, &self.records);
        batch.followed.not_applicable = self.excuses.news(why_not);
        (batch.finish(), more)
    }

    fn close_resting(&mut self) {
        if self.tails.values().map(Tail::handles).sum::<usize>() > MOST_HANDLES {
            self.tails.values_mut().for_each(Tail::sleep);
        }
    }

    /// Counts what the journal told.
    fn journal(&mut self, batch: &mut Batch) {
        for told in std::mem::take(&mut self.told) {
            match told {
                Told::Entry(entry) => {
                    self.journal_fault = None;
                    let windows = &mut self.stored.windows;
                    let source = Source::journal(&entry.source, &entry.fields);
                    batch.block(&entry.lines, &entry.source, source, &self.matcher, windows, &self.captures);
                    self.stored.read_journal(journal::Place::Cursor(entry.cursor));
                }
                Told::Gap(what) => batch.gaps(vec![what.to_owned()]),
                Told::Fault(why) => self.journal_fault = Some(why),
            }
        }
    }

    /// Starts to follow paths that are new, or can be read now. Why others cannot be.
    fn enrol(&mut self, now_ms: u64, batch: &mut Batch) -> Vec<String> {
        let wanted = self.paths.wanted(&self.stored, &mut self.folders, now_ms);
        let mut why_not = self.paths.excess();
        self.paths.enrolled(&mut self.stored);
        let wanted: Vec<_> =
            wanted.into_iter().filter(|wanted| !self.tails.contains_key(&wanted.path)).collect();
        // Before any is resumed, so that none takes another for what was rotated of it.
        for wanted in wanted.iter().filter(|wanted| self.stored.positions(&wanted.path).is_some()) {
            self.folders.follow(&wanted.path);
        }
        for wanted in wanted {
            if wanted.is_rotated_from(self.tails.values()) {
                continue;
            }
            let (path, folder) = (&wanted.path, self.folders.of(&wanted.path));
            let tail = match self.stored.positions(path) {
                Some(positions) => Tail::resume(path, &folder, positions, now_ms),
                None if wanted.from_start => Tail::resume(path, &folder, &tail::Positions::default(), now_ms),
                None => Tail::enrol(path, &folder, now_ms).map(|tail| (tail, Vec::new())),
            };
            // Else noting that it is followed would copy it.
            drop(folder);
            match tail {
                Ok((tail, gaps)) => {
                    debug!(path = %wanted.path.display(), "following");
                    batch.gaps(gaps);
                    if let Some(mut records) = self.matcher.records(&wanted.path.to_string_lossy()) {
                        records.resume(self.stored.held(&wanted.path), now_ms);
                        self.records.insert(wanted.path.clone(), records);
                    }
                    self.folders.follow(&wanted.path);
                    self.tails.insert(wanted.path, tail);
                }
                Err(fault) => {
                    why_not.push(paths::unreadable(&wanted.path.to_string_lossy(), &fault.to_string()));
                }
            }
        }
        why_not
    }

    /// Until the next look without a hint; sooner when a match falls out of its window.
    fn patience(&self, cover: Cover, clock: &Clock) -> Duration {
        let restat = if cover.is_whole && self.is_still() { RESTAT_TOLD } else { RESTAT };
        let now = clock.stamp().boot_ms;
        let wake = self.stored.windows.next_wake();
        let until = wake.map(|at| Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0)));
        until.map_or(restat, |until| until.clamp(Duration::from_millis(1), restat))
    }

    /// Whether nothing is to be done until a file changes.
    fn is_still(&self) -> bool {
        self.tails.values().all(Tail::rests) && self.records.values().all(Records::is_empty)
    }
}

/// Waits for the journal; for ever where none is followed.
async fn heard(journal: &mut Option<Journal>, told: &mut Vec<Told>) {
    match journal {
        Some(journal) => journal.heard(told).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
