//! The past on a real filesystem: bounded, thinned from its oldest end, readable while it is written, and hard to break.

use std::fs;

use nearmiss_agent_core::history::{Hour, Sample};
use nearmiss_shared::time::Span;
use tempfile::TempDir;

use super::writer::JOURNAL_BYTES;
use super::*;

const MIB: u64 = 1024 * 1024;

struct Bench {
    folder: TempDir,
    config: HistoryConfig,
    writer: Writer,
    minute: i64,
}

impl Bench {
    fn new(change: impl FnOnce(&mut HistoryConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = HistoryConfig::default();
        change(&mut config);
        let writer = Writer::new(folder.path(), &config);
        Self { folder, config, writer, minute: 29_000_000 }
    }

    /// A minute of `signals` signals, four readings each, all of them restless.
    fn minute(&mut self, signals: usize) -> Readings {
        let start = self.minute * 60_000;
        let sample = |signal: usize, step: i64| Sample {
            at: Timestamp::from_millis(start + step * 15_000),
            value: ((start / 15_000 + step) as f64 * 0.37 + signal as f64).sin(),
        };
        self.minute += 1;
        let samples = |signal: usize| (0..4).map(|step| sample(signal, step)).collect();
        (0..signals).map(|signal| (("a.b".to_owned(), format!("{signal}")), samples(signal))).collect()
    }

    fn write(&mut self, signals: usize) {
        let readings = self.minute(signals);
        self.writer.append(&readings, self.now()).unwrap();
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.minute * 60_000)
    }

    fn past(&self) -> Past {
        Past::of(self.folder.path())
    }

    fn told(&self) -> HistoryTold {
        told(self.folder.path(), &self.config)
    }
}

#[test]
fn neither_ring_outgrows_its_bytes_and_what_leaves_the_first_is_in_the_second() {
    let mut bench = Bench::new(|config| config.max_bytes = MIB);
    let start = bench.now();
    for _ in 0..1_200 {
        bench.write(40);
        assert!(bench.past().bytes() <= MIB, "{:?}", bench.told());
    }
    let fine = bench.past().readings("a.b", "7", None).unwrap();
    let hours = bench.past().hours("a.b", "7").unwrap();
    assert_eq!((fine.damaged, hours.damaged), (0, 0));
    assert!(fine.items.len() > 1_000 && hours.items.len() > 5, "{} {}", fine.items.len(), hours.items.len());
    let kept = hours.items.iter().map(|hour| hour.samples).sum::<u64>() + fine.items.len() as u64;
    assert_eq!(kept, 4_800, "every reading is in one of both");
    assert_eq!(hours.items[0].at, Hour::of(Sample { at: start, value: 0.0 }).at);
    assert!(hours.items.last().unwrap().at <= fine.items[0].at, "the oldest went");
    assert!(fine.items.windows(2).all(|pair| pair[1].at.since(pair[0].at) == Span::from_seconds(15)));
    let told = bench.told();
    assert_eq!((told.hourly_since, told.since), (Some(hours.items[0].at), Some(fine.items[0].at)));
}

#[test]
fn readings_that_are_too_old_go_though_there_is_room() {
    let mut bench = Bench::new(|config| {
        config.max_bytes = MIB;
        config.length = Span::from_hours(6);
    });
    for _ in 0..1_200 {
        bench.write(20);
    }
    let fine = bench.past().readings("a.b", "3", None).unwrap().items;
    let reach = bench.now().since(fine[0].at);
    // Files go as a whole, each about two hours here.
    assert!(reach >= Span::from_hours(6) && reach < Span::from_hours(10), "{reach}");
    assert!(bench.past().bytes() < MIB * 3 / 4, "{:?}", bench.told());
    let since = bench.now().minus(Span::from_hours(1));
    let newest = bench.past().readings("a.b", "3", Some(since)).unwrap().items;
    let is_new = |sample: &&Sample| sample.at >= since;
    assert_eq!(newest.iter().filter(is_new).count(), fine.iter().filter(is_new).count());
    assert!(newest.len() < fine.len() / 2, "files of long ago are passed over: {}", newest.len());
}

#[test]
fn a_torn_or_damaged_file_costs_its_own_frames_and_writing_goes_on() {
    let mut bench = Bench::new(|_| {});
    (0..10).for_each(|_| bench.write(5));
    let journal = bench.folder.path().join("history/journal");
    let mut bytes = fs::read(&journal).unwrap();
    bytes.truncate(bytes.len() - 7);
    let third = bytes.len() / 3;
    bytes[third] ^= 0x40;
    fs::write(&journal, &bytes).unwrap();
    bench.write(5);
    let found = bench.past().readings("a.b", "2", None).unwrap();
    assert_eq!((found.items.len(), found.damaged), (36, 2));
    fs::write(&journal, vec![0; 200_000]).unwrap();
    bench.write(5);
    bench.write(5);
    let found = bench.past().readings("a.b", "2", None).unwrap();
    assert_eq!(
        (found.items.len(), found.damaged),
        (8, 0),
        "the journal was put in order, without its damage"
    );
}

#[test]
fn a_journal_that_cannot_be_moved_is_kept_once_and_bounded() {
    let mut bench = Bench::new(|config| config.max_bytes = MIB);
    fs::create_dir_all(bench.folder.path().join("history/0000000001-0.fine")).unwrap();
    (0..100).for_each(|_| bench.write(40));
    assert!(bench.past().bytes() > JOURNAL_BYTES, "{:?}", bench.told());
    fs::remove_dir(bench.folder.path().join("history/0000000001-0.fine")).unwrap();
    assert_eq!(
        bench.past().outline(None).unwrap().items.values().map(|one| one.readings).sum::<u64>(),
        16_000
    );
    fs::create_dir_all(bench.folder.path().join("history/0000000001-0.fine")).unwrap();
    for _ in 0..500 {
        bench.write(40);
        assert!(bench.past().bytes() <= MIB);
    }
}

#[test]
fn what_is_read_while_the_journal_is_moved_is_there_once() {
    let mut bench = Bench::new(|_| {});
    let files = |bench: &Bench| {
        fs::read_dir(bench.folder.path().join("history")).unwrap().flatten().map(|entry| entry.path())
    };
    let fine = |bench: &Bench| files(bench).find(|path| path.extension().is_some_and(|kind| kind == "fine"));
    bench.write(60);
    while fine(&bench).is_none() {
        bench.write(60);
    }
    let once = bench.past().readings("a.b", "9", None).unwrap().items;
    fs::copy(fine(&bench).unwrap(), bench.folder.path().join("history/journal")).unwrap();
    assert_eq!(bench.past().readings("a.b", "9", None).unwrap().items, once);
}

#[test]
fn the_older_half_is_given_back_and_no_past_at_all_is_no_fault() {
    let mut bench = Bench::new(|config| config.max_bytes = MIB);
    assert_eq!(bench.writer.give_up(), 0);
    assert_eq!(bench.past().outline(None).unwrap(), Found::default());
    for _ in 0..600 {
        bench.write(40);
    }
    let before = bench.past().bytes();
    let first = bench.told().since;
    let freed = bench.writer.give_up();
    assert_eq!(bench.past().bytes(), before - freed);
    assert!(freed > before / 3 && bench.told().since > first, "{freed} of {before}");
    while bench.writer.give_up() > 0 {}
    bench.write(40);
    assert!(bench.past().bytes() < 200_000);
}

#[test]
fn an_outline_says_from_when_to_when_and_between_what() {
    let mut bench = Bench::new(|_| {});
    let from = bench.now();
    (0..5).for_each(|_| bench.write(3));
    let outline = bench.past().outline(None).unwrap().items;
    assert_eq!(outline.len(), 3);
    let one = outline[&("a.b".to_owned(), "1".to_owned())];
    assert_eq!((one.readings, one.from, one.hourly_from), (20, Some(from), None));
    let whole = one.whole.unwrap();
    assert!(whole.min < whole.mean && whole.mean < whole.max, "{whole:?}");
    assert_eq!(bench.past().outline(Some("x.y")).unwrap().items.len(), 0);
}

#[tokio::test]
async fn a_drives_outlook_is_given_what_was_recorded_of_its_counts() {
    let bench = Bench::new(|_| {});
    let now = bench.now();
    let ago = |days, value| Sample { at: now.minus(Span::from_days(days)), value };
    let series = |signal: &str, subject: &str| (signal.to_owned(), subject.to_owned());
    let recorded = Readings::from([
        (series("disk.pending_sectors", "S1"), vec![ago(20, 1.0), ago(9, 3.0), ago(1, 7.0)]),
        (series("disk.pending_sectors", "S2"), vec![ago(9, 5.0)]),
        (series("disk.temperature", "S1"), vec![ago(9, 30.0)]),
    ]);
    bench.writer.append(&recorded, now).unwrap();
    let known =
        |signal: &str| Known { signal: signal.to_owned(), subject: "S1".to_owned(), ..Known::default() };
    let mut all = [known("disk.pending_sectors"), known("disk.temperature"), known("disk.reallocated")];
    recall(bench.folder.path(), &mut all, now).await;
    let values = all.map(|known| known.past.into_iter().map(|(_, value)| value).collect::<Vec<f64>>());
    assert_eq!(values, [vec![3.0, 7.0], vec![], vec![]]);
}
