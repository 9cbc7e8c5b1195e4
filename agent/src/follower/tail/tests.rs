//! One followed name through rotation, truncation and restart.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Command;

use nearmiss_agent_core::log;

use super::*;
use crate::follower::folders::Folders;

mod history;

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

#[derive(Clone, Copy, Debug)]
enum Packing {
    Gzip,
    Xz,
    Zstd,
}

impl Packing {
    const ALL: [Self; 3] = [Self::Gzip, Self::Xz, Self::Zstd];

    const fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Xz => "xz",
            Self::Zstd => "zst",
        }
    }

    /// The file compressed by the system's own tool.
    fn pack(self, path: &Path) -> Vec<u8> {
        let tool = match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        };
        let packed = Command::new(tool).arg("-c").arg(path).output().unwrap();
        assert!(packed.status.success(), "{packed:?}");
        packed.stdout
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn folder_of(path: &Path) -> std::sync::Arc<Folder> {
    Folders::default().of(path)
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        fs::write(&path, "before the agent came\n").unwrap();
        let tail = Tail::enrol(&path, &folder_of(&path), 0).unwrap();
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
            let (got, folder) = (&mut self.got, folder_of(&self.path));
            let polled = self.tail.poll(Vec::new(), &folder, self.now, &mut 1_000_000, &mut |block| {
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
        let (tail, gaps) = Tail::resume(&self.path, &folder_of(&self.path), &stored, self.now).unwrap();
        self.tail = tail;
        self.gaps.extend(gaps);
    }

    fn numbered(&self, number: u32) -> PathBuf {
        self.folder.path().join(format!("app.log.{number}"))
    }

    /// The rotated file of this number, whichever form it has.
    fn rotated(&self, number: u32) -> Option<PathBuf> {
        let endings = ["", ".gz", ".xz", ".zst"];
        let plain = self.numbered(number).display().to_string();
        endings.iter().map(|ending| PathBuf::from(format!("{plain}{ending}"))).find(|path| path.exists())
    }

    fn shift(&self) {
        for number in (1..60).rev() {
            let Some(from) = self.rotated(number) else { continue };
            let to = from
                .display()
                .to_string()
                .replace(&format!(".log.{number}"), &format!(".log.{}", number + 1));
            fs::rename(from, to).unwrap();
        }
    }

    /// As logrotate does: the compressed file keeps the time of the plain one, which goes last.
    fn compress(&self, number: u32, packing: Packing) {
        let plain = self.numbered(number);
        let packed = PathBuf::from(format!("{}.{}", plain.display(), packing.ending()));
        let modified = fs::metadata(&plain).unwrap().modified().unwrap();
        fs::write(&packed, packing.pack(&plain)).unwrap();
        File::options().append(true).open(&packed).unwrap().set_modified(modified).unwrap();
        fs::remove_file(plain).unwrap();
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

    /// Waits until the filesystem's clock, which is coarse, tells a new file from the log.
    fn tick(&self) {
        let own = FileId::of(&fs::metadata(&self.path).unwrap()).born;
        let scratch = self.folder.path().join("scratch");
        loop {
            let born = FileId::of(&append(&scratch).metadata().unwrap()).born;
            fs::remove_file(&scratch).unwrap();
            if born > own {
                return;
            }
        }
    }

    fn copy_and_truncate(&mut self) {
        self.tick();
        self.shift();
        fs::copy(&self.path, self.numbered(1)).unwrap();
        self.writer.set_len(0).unwrap();
    }

    fn numbers(&self) -> Vec<u32> {
        let number = |line: &String| line.split(' ').nth(1).unwrap().parse().unwrap_or(u32::MAX);
        let mut numbers: Vec<u32> = self.got.iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Looks until nothing more can come.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.now += 60_000;
            self.poll();
        }
    }

    /// Every line once. The order within one file holds; between files it may not.
    fn assert_whole(&mut self) {
        self.settle();
        assert_eq!(self.numbers(), (0..self.written).collect::<Vec<_>>());
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
    let mut tail = Tail::enrol(&path, &folder_of(&path), 0).unwrap();
    fs::write(&path, "first\nsecond\nhalf").unwrap();
    let mut got = Vec::new();
    tail.poll(Vec::new(), &folder_of(&path), 0, &mut 1_000, &mut |block| {
        got.extend(log::lines(block).map(<[u8]>::to_vec));
    });
    assert_eq!(got, [b"first".to_vec(), b"second".to_vec()]);
}

#[test]
fn a_path_watched_before_its_file_came_is_read_from_its_start_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.log");
    let stored = Tail::enrol(&path, &folder_of(&path), 0).unwrap().positions();
    fs::write(&path, "first\n").unwrap();
    let (mut tail, gaps) = Tail::resume(&path, &folder_of(&path), &stored, 0).unwrap();
    let mut got = 0;
    tail.poll(Vec::new(), &folder_of(&path), 0, &mut 1_000, &mut |_| got += 1);
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
    let (_, gaps) = Tail::resume(&world.path, &folder_of(&world.path), &stored, 0).unwrap();
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

#[test]
fn what_was_compressed_while_the_agent_was_down_is_read_where_it_stopped() {
    for packing in Packing::ALL {
        let mut world = World::new();
        world.write(5);
        world.poll();
        world.write(5);
        for _ in 0..3 {
            world.rename();
            world.reopen();
            world.write(5);
        }
        for number in 1..=3 {
            world.compress(number, packing);
        }
        world.restart();
        world.assert_whole();

        // What was read to its end is compressed later: nothing of it is read again.
        world.rename();
        world.reopen();
        world.write(5);
        world.assert_whole();
        world.compress(1, packing);
        world.poll();
        world.restart();
        world.assert_whole();
    }
}

#[test]
fn copies_of_one_file_that_was_emptied_again_and_again_are_read_plain_or_compressed() {
    for packing in Packing::ALL {
        let mut world = World::new();
        world.write(5);
        world.poll();
        for number in 1..6 {
            world.write(number);
            world.copy_and_truncate();
        }
        world.compress(2, packing);
        world.compress(5, packing);
        world.write(3);
        world.assert_whole();
    }
}

#[test]
fn a_text_that_begins_as_another_is_told_apart_by_where_it_was_left() {
    let mut world = World::new();
    let banner = "a banner that every start writes alike\n".repeat(60);
    let begin = |world: &mut World| world.writer.write_all(banner.as_bytes()).unwrap();
    world.copy_and_truncate();
    begin(&mut world);
    world.write(5);
    world.poll();
    world.copy_and_truncate();
    begin(&mut world);
    world.write(100);
    world.poll();
    world.got.retain(|line| line.starts_with("line"));
    world.assert_whole();
}

#[test]
fn a_damaged_compressed_file_is_read_as_far_as_it_goes_and_said() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    world.write(40_000);
    world.rename();
    world.reopen();
    world.compress(1, Packing::Gzip);
    let packed = world.folder.path().join("app.log.1.gz");
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    world.restart();
    world.poll();
    world.poll();
    assert!(world.got.len() > 10_000 && world.got.len() < 40_000, "{}", world.got.len());
    assert_eq!(world.gaps.len(), 1);
    assert!(world.gaps[0].contains("what was compressed is damaged"), "{:?}", world.gaps);
}

#[test]
fn a_log_that_sleeps_goes_on_where_it_was_whatever_became_of_it_meanwhile() {
    let mut world = World::new();
    for round in 0..6 {
        world.write(5);
        world.settle();
        world.tail.sleep();
        assert_eq!(world.tail.handles(), 0);
        let id = FileId::of(&fs::metadata(&world.path).unwrap());
        assert!(world.tail.holds(&id) && !world.tail.is_waiting());
        match round % 3 {
            0 => world.write(2),
            1 => {
                world.write(2);
                world.rename();
                world.reopen();
                world.compress(1, Packing::Zstd);
            }
            _ => world.copy_and_truncate(),
        }
    }
    world.assert_whole();
}

#[test]
fn a_path_at_rest_is_not_opened_and_wakes_up() {
    let mut world = World::new();
    world.write(5);
    world.poll();
    assert_eq!(world.tail.rests, None, "it may be written to within the same tick of the clock");
    world.now += 20_000;
    world.poll();
    assert!(world.tail.rests.is_some());
    world.write(1);
    world.rename();
    world.reopen();
    world.write(1);
    world.assert_whole();
}
