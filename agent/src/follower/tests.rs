//! The follower on real files: every line once, whatever becomes of the files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use nearmiss_agent_core::reading::Measure;
use nearmiss_runtime::tasks::Tasks;
use nearmiss_shared::time::{Span, Timestamp};

use super::*;

mod patterns;

const RULES: &str = "[[log]]\nname = \"guessing\"\npattern = 'Failed password .* from (?P<ip>\\S+)'\nby = \"ip\"\n\
                     count = 100000\nwindow = \"10m\"\n";

fn at(seconds: i64) -> Stamp {
    Stamp { wall: Timestamp::from_millis(0).plus(Span::from_seconds(seconds)), boot_ms: seconds * 1000 }
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// A follower and the store it hands its checkpoints to.
struct World {
    folder: tempfile::TempDir,
    config: LogConfig,
    rules: RuleSet,
    captures: Captures,
    store: BTreeMap<String, String>,
    follower: Follower,
    committed: Vec<Followed>,
}

impl World {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = names.iter().map(|name| folder.path().join(name).display().to_string()).collect();
        let config = LogConfig { enabled: true, paths, programs: Vec::new(), journal: false };
        let rules = RuleSet::parse(&[("rules.toml".to_owned(), RULES.to_owned())]).unwrap();
        let captures = Captures::default();
        let follower = Follower::new(&config, &rules, Vec::new(), captures.clone(), &Clock::real()).unwrap();
        Self { folder, config, rules, captures, store: BTreeMap::new(), follower, committed: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Steps until nothing is left to read; everything found is stored.
    fn step(&mut self, seconds: i64) {
        loop {
            let (followed, more) = self.follower.step(at(seconds), Vec::new());
            for row in &followed.checkpoints {
                match &row.data {
                    Some(data) => self.store.insert(row.key.clone(), data.clone()),
                    None => self.store.remove(&row.key),
                };
            }
            self.committed.push(followed);
            if !more {
                return;
            }
        }
    }

    /// Steps once and dies before anything of it is stored.
    fn step_and_crash(&mut self, seconds: i64) {
        drop(self.follower.step(at(seconds), Vec::new()));
        self.restart();
    }

    fn restart(&mut self) {
        let rows =
            self.store.iter().map(|(key, data)| Checkpoint { key: key.clone(), data: Some(data.clone()) });
        let captures = self.captures.clone();
        self.follower =
            Follower::new(&self.config, &self.rules, rows.collect(), captures, &Clock::real()).unwrap();
    }

    fn lines(&self) -> u64 {
        self.committed.iter().map(|followed| followed.lines).sum()
    }

    /// The count that was told last for a subject.
    fn count(&self, subject: &str) -> Option<f64> {
        let readings = self.committed.iter().flat_map(|followed| &followed.readings);
        readings.rev().find(|reading| reading.subject == subject).map(|reading| match reading.measure {
            Measure::Value(count) => count,
            _ => panic!("{reading:?}"),
        })
    }
}

fn guess(file: &mut File, address: &str, count: usize) {
    for _ in 0..count {
        writeln!(file, "sshd[7]: Failed password for root from {address} port 22 ssh2").unwrap();
    }
}

#[test]
fn each_address_is_counted_apart_and_its_lines_are_kept_for_evidence() {
    let mut world = World::new(&["auth.log"]);
    let path = world.path("auth.log");
    world.step(0);
    assert!(world.committed[0].not_applicable[0].why.starts_with("none of the log files is there"));
    let mut file = append(&path);
    guess(&mut file, "10.0.0.1", 3);
    guess(&mut file, "10.0.0.2", 1);
    writeln!(file, "sshd[7]: Accepted publickey for sana from 10.0.0.3").unwrap();
    world.step(1);
    assert_eq!(
        (world.count("10.0.0.1"), world.count("10.0.0.2"), world.count("10.0.0.3")),
        (Some(3.0), Some(1.0), None)
    );
    assert_eq!(world.lines(), 5);
    let reading = &world.committed.last().unwrap().readings[0];
    assert_eq!(
        (reading.signal.as_str(), reading.labels["path"].as_str()),
        ("log.guessing", path.to_str().unwrap())
    );
    let kept = String::from_utf8(world.captures.lines("log.guessing", "10.0.0.1").unwrap()).unwrap();
    assert_eq!(kept.lines().count(), 3, "{kept}");
    // Ten minutes later they have fallen out of the window.
    world.step(700);
    assert_eq!(world.count("10.0.0.1"), Some(0.0));
}

#[test]
fn nothing_is_handed_on_when_nothing_happened() {
    let mut world = World::new(&["auth.log"]);
    guess(&mut append(&world.path("auth.log")), "10.0.0.1", 3);
    world.step(0);
    assert_eq!(world.lines(), 0, "what was there before is not ours to judge");
    let (followed, more) = world.follower.step(at(1), Vec::new());
    assert!(followed.is_empty() && !more, "{followed:?}");
}

#[test]
fn a_crash_between_any_step_and_its_commit_counts_every_line_once() {
    let mut world = World::new(&["auth.log"]);
    let path = world.path("auth.log");
    let mut file = append(&path);
    world.step(0);
    let mut written = 0;
    for round in 0..60 {
        guess(&mut file, "10.0.0.1", round % 7);
        written += round % 7;
        let seconds = i64::try_from(round).unwrap();
        match round % 5 {
            0 | 3 => world.step(seconds),
            1 => world.step_and_crash(seconds),
            2 => {
                fs::rename(&path, world.path(&format!("auth.log.{}", 100 - round))).unwrap();
                file = append(&path);
            }
            _ => world.restart(),
        }
    }
    world.step(100);
    world.step(200);
    assert_eq!(world.count("10.0.0.1"), Some(written as f64), "each counted once, over restarts");
    assert_eq!(world.lines(), written as u64);
    assert!(world.committed.iter().all(|followed| followed.gap.is_none()));
}

#[test]
fn a_record_of_several_lines_is_one_match_also_over_a_crash() {
    let mut world = World::new(&["app.log"]);
    let path = world.path("app.log");
    let rules = format!(
        "[[log]]\nname = \"trace\"\nmatch = \"{}\"\npattern = 'ERROR.*Timeout'\nbegins = '^\\d'\ncount = 100\nwindow = \"10m\"\n",
        path.display()
    );
    world.rules = RuleSet::parse(&[("rules.toml".to_owned(), rules)]).unwrap();
    world.restart();
    world.step(0);
    let mut file = append(&path);
    write!(file, "1 ERROR\n at a\n").unwrap();
    world.step(1);
    writeln!(file, " Timeout").unwrap();
    world.step_and_crash(2);
    world.step(2);
    assert_eq!(world.count(&path.display().to_string()), None, "it may go on");
    world.step(4);
    write!(file, "2 fine\n3 ERROR Timeout\n").unwrap();
    world.step(5);
    world.restart();
    world.step(9);
    world.step(11);
    let count = world.count(&path.display().to_string());
    assert_eq!((world.lines(), count), (5, Some(2.0)));
}

#[test]
fn thousands_of_files_cost_few_handles_and_lose_nothing() {
    let mut world = World::new(&["*.log"]);
    let name = |number: u64| format!("machine-{number}.log");
    let files = 2_000;
    (0..files).for_each(|number| drop(append(&world.path(&name(number)))));
    world.step(0);
    let handles = |world: &World| world.follower.tails.values().map(Tail::handles).sum::<usize>();
    for round in 1..4 {
        world.step(round * 10);
        world.step(round * 10 + 2);
        assert!(handles(&world) <= MOST_HANDLES, "{}", handles(&world));
        for number in (0..files).step_by(usize::try_from(round).unwrap()) {
            let path = world.path(&name(number));
            guess(&mut append(&path), &number.to_string(), 1);
            if number % 100 == 0 {
                fs::rename(&path, world.path(&format!("{}.{}", name(number), 10 - round))).unwrap();
                guess(&mut append(&path), &number.to_string(), 1);
            }
        }
    }
    world.step(100);
    world.step(120);
    // All, each second, each third; and of these one more where one was rotated.
    let written = 2_000 + 1_000 + 667 + 20 + 20 + 7;
    assert_eq!((world.lines(), world.count("7")), (written, Some(1.0)));
    assert!(world.committed.iter().all(|followed| followed.gap.is_none()));
}

#[test]
fn a_gap_and_a_file_that_cannot_be_read_are_said() {
    let mut world = World::new(&["auth.log", "folder.log"]);
    let path = world.path("auth.log");
    fs::create_dir(world.path("folder.log")).unwrap();
    guess(&mut append(&path), "10.0.0.1", 3);
    world.step(0);
    let why = &world.committed[0].not_applicable[0].why;
    assert!(why.ends_with("folder.log cannot be read: it is no regular file"), "{why}");
    world.step(1);
    assert_eq!(world.committed[1].not_applicable, []);

    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    world.restart();
    world.step(2);
    let gap = world.committed.iter().find_map(|followed| followed.gap.clone()).unwrap();
    assert!(gap.contains("auth.log held after byte"), "{gap}");
}

/// The whole follower with the kernel's hints: a writer that rotates as fast as it can.
#[tokio::test]
async fn a_burst_of_rotations_loses_no_line_and_doubles_none() {
    let World { folder, follower, .. } = World::new(&["auth.log"]);
    let path = folder.path().join("auth.log");
    append(&path);
    let (sender, mut found) = mpsc::channel(16);
    let mut tasks = Tasks::default();
    let stop = tasks.stop_signal();
    tasks.spawn("follower", follower.run(Clock::real(), stop, sender));
    // The first checkpoint says that the file is enrolled.
    let first = found.recv().await.unwrap();
    assert_eq!((first.lines, first.checkpoints.len()), (0, 1));

    let written = nearmiss_runtime::tasks::blocking("writer", move || {
        let mut written = 0;
        for rotation in 0..40_u32 {
            let mut file = append(&path);
            guess(&mut file, "10.0.0.1", 200);
            fs::rename(&path, path.with_extension(format!("log.{}", 1000 - rotation))).unwrap();
            guess(&mut file, "10.0.0.1", 50);
            written += 250;
        }
        append(&path);
        written
    });
    let (mut lines, mut gaps) = (0, Vec::new());
    let expected: u64 = 40 * 250;
    let deadline = std::time::Duration::from_secs(20);
    let all = async {
        while lines < expected {
            let followed = found.recv().await.unwrap();
            lines += followed.lines;
            gaps.extend(followed.gap);
        }
    };
    tokio::time::timeout(deadline, all).await.ok();
    assert_eq!((written.await.unwrap(), lines, gaps), (expected, expected, Vec::new()));
    tasks.shut_down(std::time::Duration::from_secs(5)).await;
    assert!(!tasks.failed());
    while let Some(late) = found.recv().await {
        assert_eq!(late.lines, 0, "no line twice");
    }
}
