//! A writer at full speed through rotations of both kinds, and an agent that is killed in the middle and started again after
//! several more: what was written is what is counted, line by line.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nearmiss_runtime::tasks;
use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::wait::{until, within};
use serde_json::Value;

/// Catching up after downtime, on a machine that runs other stories.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Clone, Copy)]
enum Rotation {
    Rename,
    /// The writer keeps its file, which is copied and emptied.
    CopyTruncate,
}

/// How rotated files are compressed: the tool and its ending, and how many of the newest stay plain.
#[derive(Clone, Copy)]
struct Packing(&'static str, &'static str, u32);

/// One log and its writer.
struct Writer {
    log: PathBuf,
    rotation: Rotation,
    packing: Option<Packing>,
    lines: u32,
    file: File,
    /// Batches that were written and rotated away.
    written: Arc<AtomicU32>,
}

impl Writer {
    fn open(log: &Path) -> File {
        File::options().create(true).append(true).open(log).unwrap()
    }

    /// Writes batch after batch, each followed by a rotation.
    fn write(&mut self, until: u32) {
        for batch in self.written.load(Ordering::Relaxed)..until {
            let line = |number| {
                format!("batch {batch} line {number} of as many letters as a usual line of a log has\n")
            };
            // Programs write a line at a time, or a buffer of them.
            for chunk in (0..self.lines).map(line).collect::<Vec<_>>().chunks(1 + batch as usize % 40) {
                self.file.write_all(chunk.concat().as_bytes()).unwrap();
            }
            self.rotate();
            self.written.store(batch + 1, Ordering::Relaxed);
        }
    }

    fn rotated(&self, number: u32) -> PathBuf {
        PathBuf::from(format!("{}.{number}", self.log.display()))
    }

    fn rotate(&mut self) {
        let ending = self.packing.map(|Packing(_, ending, _)| ending).unwrap_or_default();
        let packed = |path: PathBuf| PathBuf::from(format!("{}{ending}", path.display()));
        for number in (1..80).rev() {
            drop(fs::rename(packed(self.rotated(number)), packed(self.rotated(number + 1))));
            drop(fs::rename(self.rotated(number), self.rotated(number + 1)));
        }
        match self.rotation {
            Rotation::Rename => {
                fs::rename(&self.log, self.rotated(1)).unwrap();
                self.file = Self::open(&self.log);
            }
            Rotation::CopyTruncate => {
                fs::copy(&self.log, self.rotated(1)).unwrap();
                self.file.set_len(0).unwrap();
            }
        }
        if let Some(Packing(tool, _, plain)) = self.packing {
            let path = self.rotated(plain + 1);
            if path.exists() {
                assert!(
                    Command::new(tool)
                        .args(["-q", "-1"])
                        .args(keep(tool))
                        .arg(&path)
                        .status()
                        .unwrap()
                        .success()
                );
            }
        }
    }
}

/// zstd leaves what it compressed where it is, unless it is told.
fn keep(tool: &str) -> &'static [&'static str] {
    if tool == "zstd" { &["--rm"] } else { &[] }
}

fn settings(log: &Path) -> AgentSettings {
    AgentSettings {
        config: format!(
            "[probe.log]\npaths = [\"{}\"]\njournal = false\n[probe.filesystem]\nenabled = false\n[probe.disk]\n\
             enabled = false\n[probe.service]\nenabled = false\n[probe.host]\nenabled = false\n",
            log.display()
        ),
        rules: "[[log]]\nname = \"burst\"\npattern = 'batch (?P<batch>\\d+) line \\d+ of'\nby = \"batch\"\n\
                count = 1000000\nwindow = \"1d\"\n"
            .to_owned(),
    }
}

/// Lines counted, by batch.
fn counted(agent: &Agent) -> Option<Vec<(u32, u64)>> {
    let told = agent.json(&["check", "--json"]).ok()?;
    let signals = told["signals"].as_array()?.iter().filter(|signal| signal["signal"] == "log.burst");
    let count = |signal: &Value| {
        Some((signal["subject"].as_str()?.parse().ok()?, signal["value"].as_f64().map(|value| value as u64)?))
    };
    let mut counted: Vec<(u32, u64)> = signals.filter_map(count).collect();
    counted.sort_unstable();
    Some(counted)
}

/// One burst: half of it before the agent is killed and during that, some while it is down, the rest when it is back.
async fn burst(rotation: Rotation, packing: Option<Packing>, seed: u32) {
    let world = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let log = world.path().join("app.log");
    let mut agent = Agent::alone(world.path(), settings(&log)).unwrap();
    agent.start().await.unwrap();
    let (file, written) = (Writer::open(&log), Arc::new(AtomicU32::new(0)));
    let mut writer = Writer {
        log: log.clone(),
        rotation,
        packing,
        lines: 150 + seed * 37 % 400,
        file,
        written: Arc::clone(&written),
    };
    let lines = u64::from(writer.lines);
    until("the log to be followed", async || {
        writeln!(writer.file, "is anybody there?").unwrap();
        agent.json(&["status", "--json"]).ok()?["counters"]["log_lines"].as_u64().filter(|read| *read > 0)
    })
    .await;

    let (running, down, back) = (10 + seed % 7, 4 + seed % 5, 6 + seed % 3);
    let kill_at = 3 + seed % 6;
    let writing = tasks::blocking("writer", move || {
        writer.write(running);
        writer
    });
    until("the writer to be in the middle", async || {
        (written.load(Ordering::Relaxed) >= kill_at).then_some(())
    })
    .await;
    agent.kill().unwrap();
    let mut writer = writing.await.unwrap();
    let writing = tasks::blocking("writer", move || {
        writer.write(running + down);
        writer
    });
    let mut writer = writing.await.unwrap();
    let writing = tasks::blocking("writer", move || {
        writer.write(running + down + back);
        writer
    });
    agent.start().await.unwrap();
    drop(writing.await.unwrap());

    let expected: Vec<(u32, u64)> = (0..running + down + back).map(|batch| (batch, lines)).collect();
    let total = lines * expected.len() as u64;
    let sum = |counted: &Vec<(u32, u64)>| counted.iter().map(|(_, count)| count).sum::<u64>();
    within(PATIENCE, &format!("{total} lines of seed {seed}"), async || {
        counted(&agent).filter(|counted| sum(counted) >= total)
    })
    .await;
    // And nothing comes again by another start.
    agent.kill().unwrap();
    agent.start().await.unwrap();
    let mut file = Writer::open(&log);
    writeln!(file, "batch 999 line 0 of it").unwrap();
    let told = within(PATIENCE, "the last line", async || {
        counted(&agent).filter(|counted| counted.last() == Some(&(999, 1)))
    })
    .await;
    assert_eq!(told[..told.len() - 1], expected, "seed {seed}");
    assert!(!agent.log().contains("missed"), "{}", agent.log());
}

/// `NEARMISS_TEST_SEEDS` tries more of them.
async fn bursts(rotation: Rotation, packing: Option<Packing>) {
    let seeds = std::env::var("NEARMISS_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1);
    for seed in 0..seeds {
        burst(rotation, packing, seed).await;
    }
}

#[tokio::test]
async fn a_burst_with_renaming_is_counted_whole() {
    bursts(Rotation::Rename, None).await;
}

#[tokio::test]
async fn a_burst_with_copying_and_emptying_is_counted_whole() {
    bursts(Rotation::CopyTruncate, None).await;
}

#[tokio::test]
async fn a_burst_whose_renamed_files_are_compressed_is_counted_whole() {
    bursts(Rotation::Rename, Some(Packing("gzip", ".gz", 1))).await;
    bursts(Rotation::Rename, Some(Packing("xz", ".xz", 0))).await;
}

#[tokio::test]
async fn a_burst_whose_copies_are_compressed_is_counted_whole() {
    bursts(Rotation::CopyTruncate, Some(Packing("zstd", ".zst", 1))).await;
    bursts(Rotation::CopyTruncate, Some(Packing("gzip", ".gz", 0))).await;
}
