//! One followed name through rotation, truncation and restart.

use std::fs::OpenOptions;
use std::io::Write;

use nearmiss_agent_core::log;

use super::*;

/// A log with a writer, a rotation and a reader, in a scratch folder.
struct World {
    folder: tempfile::TempDir,
    path: PathBuf,
    writer: File,
    tail: Tail,
    written: u32,
    got: Vec<String>,
    gaps: Vec<String>,
    now: u64,
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        fs::write(&path, "before the agent came\n").unwrap();
        let tail = Tail::enrol(&path, 0).unwrap();
        let writer = append(&path);
        let (written, got, gaps, now) = (0, Vec::new(), Vec::new(), 0);
        Self { folder, path, writer, tail, written, got, gaps, now }
    }

    fn write(&mut self, lines: u32) {
        for _ in 0..lines {
            writeln!(self.writer, "line {} of this story", self.written).unwrap();
            self.written += 1;
        }
    }

    fn poll(&mut self) {
        loop {
            let got = &mut self.got;
            let polled = self.tail.poll(Vec::new(), self.now, &mut 1_000_000, &mut |block| {
                got.extend(log::lines(block).map(|line| String::from_utf8(line.to_vec()).unwrap()));
            });
            assert_eq!(polled.fault, None);
            self.gaps.extend(polled.gaps);
            if !polled.more {
                break;
            }
        }
    }

    /// `kill -9` and a start from what was stored.
    fn restart(&mut self) {
        let stored = serde_json::to_string(&self.tail.positions()).unwrap();
        let stored = serde_json::from_str(&stored).unwrap();
        let (tail, gaps) = Tail::resume(&self.path, &stored, self.now).unwrap();
        self.tail = tail;
        self.gaps.extend(gaps);
    }

    fn numbered(&self, number: u32) -> PathBuf {
        self.folder.path().join(format!("app.log.{number}"))
    }

    fn shift(&self) {
        for number in (1..40).rev() {
            drop(fs::rename(self.numbered(number), self.numbered(number + 1)));
        }
    }

    /// Renames; the writer goes on with its old handle until it is told.
    fn rename(&self) {
        self.shift();
        fs::rename(&self.path, self.numbered(1)).unwrap();
        drop(append(&self.path));
    }

    fn reopen(&mut self) {
        self.writer = append(&self.path);
    }

    fn copy_and_truncate(&mut self) {
        self.shift();
        fs::copy(&self.path, self.numbered(1)).unwrap();
        self.writer.set_len(0).unwrap();
    }

    /// Every line once. The order within one file holds; between files it may not.
    fn assert_whole(&mut self) {
        self.now += 60_000;
        self.poll();
        self.poll();
        let mut numbers: Vec<u32> =
            self.got.iter().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..self.written).collect::<Vec<_>>());
        assert_eq!(self.gaps, Vec::<String>::new());
    }
}

#[test]
fn a_log_is_followed_from_its_end_and_a_later_one_from_its_start() {
    let mut world = World::new();
    world.write(3);
    world.poll();
    assert_eq!(world.got.len(), 3, "not what was there before: {:?}", world.got);

    let path = world.folder.path().join("later.log");
    let mut tail = Tail::enrol(&path, 0).unwrap();
    fs::write(&path, "first\nsecond\nhalf").unwrap();
    let mut got = Vec::new();
    tail.poll(Vec::new(), 0, &mut 1_000, &mut |block| got.extend(log::lines(block).map(<[u8]>::to_vec)));
    assert_eq!(got, [b"first".to_vec(), b"second".to_vec()]);
}

#[test]
fn a_path_watched_before_its_file_came_is_read_from_its_start_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.log");
    let stored = Tail::enrol(&path, 0).unwrap().positions();
    fs::write(&path, "first\n").unwrap();
    let (mut tail, gaps) = Tail::resume(&path, &stored, 0).unwrap();
    let mut got = 0;
    tail.poll(Vec::new(), 0, &mut 1_000, &mut |_| got += 1);
    assert_eq!((got, gaps.len()), (1, 0));
}

#[test]
fn a_rename_loses_nothing_though_the_writer_keeps_its_handle() {
    let mut world = World::new();
    world.write(5);
    world.rename();
    world.write(5);
    world.poll();
    world.write(5);
    world.poll();
    world.reopen();
    world.write(5);
    world.assert_whole();
    assert_eq!(world.tail.positions().generations.len(), 1, "the old file is let go");
}

#[test]
fn several_rotations_between_two_looks_lose_nothing() {
    let mut world = World::new();
    for _ in 0..4 {
        world.write(7);
        world.rename();
        world.reopen();
    }
    world.write(7);
    world.assert_whole();
}

#[test]
fn a_copytruncate_before_the_tail_was_read_takes_it_from_the_copy() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    world.write(5);
    world.copy_and_truncate();
    world.write(2);
    world.assert_whole();
}

#[test]
fn a_truncated_file_that_has_outgrown_the_old_one_is_noticed() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    world.copy_and_truncate();
    world.write(200);
    world.assert_whole();
}

#[test]
fn rotations_while_the_agent_is_down_are_read_in_full() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    world.write(5);
    for _ in 0..3 {
        world.rename();
        world.reopen();
        world.write(5);
    }
    world.restart();
    world.assert_whole();

    world.write(5);
    world.copy_and_truncate();
    world.write(5);
    world.copy_and_truncate();
    world.write(5);
    world.restart();
    world.assert_whole();
}

#[test]
fn what_is_gone_is_said() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    world.write(5);
    world.writer.set_len(0).unwrap();
    world.write(1);
    world.poll();
    assert_eq!(world.gaps.len(), 0, "the unread bytes were never seen: {:?}", world.gaps);

    world.write(3);
    let stored = world.tail.positions();
    fs::remove_file(&world.path).unwrap();
    world.reopen();
    world.write(1);
    let (_, gaps) = Tail::resume(&world.path, &stored, 0).unwrap();
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].contains("may be missed: the file was emptied, deleted or replaced"), "{gaps:?}");
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    let mut world = World::new();
    world.write(5);
    fs::remove_file(&world.path).unwrap();
    world.write(5);
    world.poll();
    world.reopen();
    world.write(5);
    world.assert_whole();
}

/// Any order of writes, rotations of both kinds, looks and crashes.
#[test]
fn any_history_gives_every_line_once() {
    for seed in 0..150_u64 {
        let mut world = World::new();
        let copies = seed % 2 == 0;
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for _ in 0..30 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            world.now += 300;
            match (state >> 33) % 6 {
                0 | 1 => world.write((state >> 40) as u32 % 9 + 1),
                2 => world.poll(),
                3 if copies => {
                    // A file that was filled and emptied between two looks leaves a copy nobody can tell from an
                    // older one; so something of it was looked at.
                    world.write(1);
                    world.poll();
                    world.write(2);
                    world.copy_and_truncate();
                }
                3 => world.rename(),
                4 => world.reopen(),
                _ => world.restart(),
            }
        }
        world.reopen();
        world.assert_whole();
    }
}
