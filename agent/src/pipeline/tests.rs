//! The pipeline by itself: what it tells of its signals, and what becomes of a step that no disk would take.

use nearmiss_runtime::random::random;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

use super::*;
use crate::follower::Checkpoint;
use crate::history::Past;
use crate::store::Enrolment;
use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_probe::NotApplicable;

/// A pipeline that is fed by hand.
struct Bench {
    pipeline: Pipeline,
    store: Store,
    outbox: Arc<Outbox>,
    clock: Clock,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::real();
        let store = Store::open(folder.path()).await.unwrap();
        let mut identity = store.identity(clock.wall()).await.unwrap();
        identity.enrolment = Some(enrolment(&clock));
        let outbox = Arc::new(Outbox::default());
        let parts = Parts {
            clock: clock.clone(),
            store: store.clone(),
            identity,
            rules: RuleSet::parse(&[("r.toml".to_owned(), rules.to_owned())]).unwrap(),
            observe: Span::ZERO,
            reserve: Reserve::take(folder.path(), 0),
            history: History::of(folder.path(), &HistoryConfig::default()),
            outbox: Arc::clone(&outbox),
            counters: Arc::default(),
        };
        let (pipeline, _) = Pipeline::resume(parts, true, true).await.unwrap();
        Self { pipeline, store, outbox, clock, folder }
    }

    fn reading(&self, subject: &str, free: f64) -> Reading {
        Reading::value("filesystem.free", subject, self.clock.stamp(), free)
    }

    async fn looked(&mut self, readings: Vec<Reading>) {
        self.pipeline.take(Input::Looked(Readings { readings, ..Readings::default() })).await;
    }

    /// What a follower hands on: one reading with the checkpoint that belongs to it.
    async fn followed(&mut self, checkpoint: &str, subject: &str, gap: Option<&str>) {
        let followed = Followed {
            readings: vec![self.reading(subject, 0.9)],
            checkpoints: vec![Checkpoint { key: checkpoint.to_owned(), data: Some("{}".to_owned()) }],
            gap: gap.map(str::to_owned),
            ..Followed::default()
        };
        self.pipeline.take(Input::Followed(followed)).await;
    }

    /// From here on an event cannot be written.
    async fn fill_the_disk(&self) {
        self.run(
            "CREATE TRIGGER full BEFORE INSERT ON event
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
        )
        .await;
    }

    async fn free_the_disk(&self) {
        self.run("DROP TRIGGER full").await;
    }

    async fn run(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("agent.db"));
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    /// The report that is due arrives.
    fn told(&mut self) {
        let report = self.pipeline.status();
        self.pipeline.told(report.signals, &report.minutes);
    }

    /// Moves what was told into the past.
    fn pass(&mut self, span: Span) {
        let told = self.pipeline.signals.values_mut().filter_map(|watched| watched.told.as_mut());
        told.for_each(|told| told.at.boot_ms -= span.as_millis());
    }

    /// Subjects of the report that is due.
    fn reported(&mut self) -> Vec<String> {
        self.pipeline.status().signals.into_iter().map(|signal| signal.subject).collect()
    }
}

fn enrolment(clock: &Clock) -> Enrolment {
    Enrolment {
        url: "https://collector.example".to_owned(),
        host: nearmiss_shared::identity::HostId::from_parts(clock.wall(), random()),
        audience: "audience".to_owned(),
        client: "Falcon MRO".to_owned(),
        site: "Karachi".to_owned(),
        enrolled_at: clock.wall(),
        observe_seconds: 0,
    }
}

#[tokio::test]
async fn a_report_that_was_lost_is_told_again_and_what_was_told_is_quiet_for_an_hour() {
    let mut bench = Bench::new().await;
    bench.looked(vec![bench.reading("/calm", 0.9), bench.reading("/near", 0.2)]).await;
    assert_eq!(bench.reported(), ["/near", "/calm"]);
    assert_eq!(bench.reported(), ["/near", "/calm"], "nobody said that it has the first one");

    bench.told();
    assert_eq!(bench.reported(), ["/near"]);
    bench.pass(Span::from_minutes(61));
    assert_eq!(bench.reported(), ["/near", "/calm"], "the collector forgets what nobody repeats");
    bench.told();
    bench.looked(vec![bench.reading("/calm", 0.8)]).await;
    assert_eq!(bench.reported(), ["/near", "/calm"], "it changed");
}

#[tokio::test]
async fn what_was_not_applicable_is_shown_until_it_is_over() {
    let mut bench = Bench::new().await;
    for holds in [true, false] {
        let excuse = NotApplicable { probe: "disk", why: "no drive was found".to_owned(), holds };
        let looked = Readings { not_applicable: vec![excuse], ..Readings::default() };
        bench.pipeline.take(Input::Looked(looked)).await;
        assert_eq!(bench.pipeline.view().not_applicable.len(), usize::from(holds));
    }
}

#[tokio::test]
async fn within_a_configured_window_what_it_covers_is_told_as_announced_work_is() {
    let window = "[[maintenance]]\nname = \"always\"\nfrom = \"00:00\"\nuntil = \"24:00\"\nzone = \"UTC\"\n\
                  match = \"/srv*\"\nreason = \"moving the array\"\n";
    let mut bench = Bench::with(window).await;
    bench.looked(vec![bench.reading("/srv", 0.0), bench.reading("/home", 0.0)]).await;
    let batch = bench.store.oldest_events(10, usize::MAX, bench.clock.wall()).await.unwrap();
    let told: Vec<(&str, Option<&String>)> =
        batch.events.iter().map(|event| (event.subject.as_str(), event.labels.get("maintenance"))).collect();
    let shown = bench.pipeline.view().windows;
    let label = format!("until {}: moving the array", shown[0].until);
    assert_eq!(told, [("/srv", Some(&label)), ("/home", None)]);
    assert_eq!(shown.iter().map(|window| window.running).collect::<Vec<_>>(), [true, false]);

    let until = bench.clock.wall().plus(Span::from_hours(1));
    bench.pipeline.take(Input::Maintenance(Some((until, "announced".to_owned())))).await;
    let told = bench.pipeline.maintenance_of("filesystem.free", "/srv");
    assert_eq!(told, Some((until, "announced".to_owned())), "a person's word goes first");
}

#[tokio::test]
async fn each_of_many_signals_has_its_turn() {
    let mut bench = Bench::new().await;
    let subjects: Vec<String> = (0..50).map(|number| format!("/srv/{number}")).collect();
    bench.looked(subjects.iter().map(|subject| bench.reading(subject, 0.2)).collect()).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let reported = bench.reported();
        assert_eq!(reported.len(), 20);
        seen.extend(reported);
        bench.told();
    }
    assert_eq!(seen.len(), subjects.len(), "all are near, and none is told by its urgency alone");
}

#[tokio::test]
async fn an_event_delivered_while_nothing_could_be_written_has_its_evidence_frozen() {
    let mut bench = Bench::new().await;
    bench.fill_the_disk().await;
    bench.looked(vec![bench.reading("/full", 0.0)]).await;
    let waiting = bench.outbox.unspooled();
    assert_eq!((waiting.len(), waiting[0].not_spooled), (1, true));
    bench.outbox.settle_unspooled(&waiting[0].id);
    assert!(bench.outbox.unspooled().is_empty(), "it is not sent twice");

    bench.free_the_disk().await;
    bench.pipeline.flush().await;
    assert_eq!(bench.store.event_depth().await.unwrap(), (0, 0), "the collector has it");
    let pending = bench.store.pending_bundles().await.unwrap();
    assert_eq!(pending.iter().map(|pending| pending.event.id).collect::<Vec<_>>(), [waiting[0].id]);
    let (states, _) = bench.store.states().await.unwrap();
    assert_eq!(states.len(), 1, "and the state that it came from is on the disk");
}

#[tokio::test]
async fn an_event_that_waited_in_memory_is_spooled_when_there_is_room_again() {
    let mut bench = Bench::new().await;
    bench.fill_the_disk().await;
    bench.looked(vec![bench.reading("/full", 0.0)]).await;
    bench.free_the_disk().await;
    bench.pipeline.flush().await;
    let batch = bench.store.oldest_events(10, usize::MAX, bench.clock.wall()).await.unwrap();
    assert_eq!(batch.events.iter().map(|event| event.not_spooled).collect::<Vec<_>>(), [false]);
    assert!(bench.outbox.unspooled().is_empty());
}

/// Values of the filesystem signal of this subject, as whoever reads the history finds them.
fn remembered(bench: &Bench, subject: &str) -> Vec<f64> {
    let found = Past::of(bench.folder.path()).readings("filesystem.free", subject, None).unwrap();
    found.items.iter().map(|sample| sample.value).collect()
}

#[tokio::test]
async fn every_value_is_in_the_history_within_a_minute_and_a_drill_leaves_none() {
    let mut bench = Bench::new().await;
    let mut drilled = bench.reading("drill:disk-full", 0.1);
    drilled.drill = Some("disk-full".to_owned());
    let mut failed = bench.reading("/srv", 0.0);
    failed.measure = Measure::Consequence { value: Some(0.0), reason: "no space left".to_owned() };
    let unread = Measure::Invalid { why: "stat: timed out".to_owned() };
    let unread = Reading { measure: unread, ..bench.reading("/srv", 0.0) };
    let mut readings = vec![bench.reading("/srv", 0.31), drilled, unread, failed];
    for (step, reading) in (0..).zip(&mut readings) {
        reading.at.wall = reading.at.wall.plus(Span::from_millis(step));
    }
    bench.looked(readings).await;
    assert_eq!(remembered(&bench, "/srv"), [0.0; 0], "a minute's worth is written at a time");
    bench.pipeline.flush().await;
    assert_eq!(remembered(&bench, "/srv"), [0.31, 0.0]);
    assert_eq!(remembered(&bench, "drill:disk-full"), [0.0; 0]);
}

#[tokio::test]
async fn readings_wait_while_the_history_cannot_be_written_and_events_do_not() {
    let mut bench = Bench::new().await;
    let folder = bench.folder.path().join("history");
    std::fs::write(&folder, "in the way").unwrap();
    for _ in 0..250 {
        bench.looked(vec![bench.reading("/srv", 0.0)]).await;
        bench.pipeline.keep_history().await;
    }
    assert!(bench.store.event_depth().await.unwrap().0 > 0);
    assert_eq!(bench.pipeline.signals.values().map(|watched| watched.unkept.len()).sum::<usize>(), 240);
    assert_eq!(bench.pipeline.parts.counters.all()["history_lost"], 10);
    std::fs::remove_file(&folder).unwrap();
    bench.pipeline.flush().await;
    assert!(!remembered(&bench, "/srv").is_empty());
}

#[tokio::test]
async fn an_event_that_finds_no_room_has_that_of_the_history() {
    let mut bench = Bench::new().await;
    let folder = bench.folder.path().join("history");
    std::fs::create_dir(&folder).unwrap();
    for number in 1..=4 {
        std::fs::write(folder.join(format!("000000000{number}-0.fine")), [0; 1_000]).unwrap();
    }
    bench.fill_the_disk().await;
    bench.looked(vec![bench.reading("/full", 0.0)]).await;
    let left = || std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(left(), 0, "half by half, as long as the disk is full");
    assert_eq!(bench.outbox.unspooled().len(), 1);
}

#[tokio::test]
async fn subjects_that_come_from_outside_take_a_bounded_part_of_the_history() {
    let mut bench = Bench::with("[[log]]\nname = \"guess\"\npattern = 'x'\ncount = 10\n").await;
    let reading = |number: i32| {
        let subject = format!("10.0.0.{number}");
        Reading::value("log.guess", &subject, bench.clock.stamp(), f64::from(number % 9))
    };
    let readings: Vec<Reading> = (0..200).map(reading).collect();
    bench.looked(readings).await;
    bench.pipeline.flush().await;
    let outline = Past::of(bench.folder.path()).outline(Some("log.guess")).unwrap().items;
    assert_eq!((outline.len(), bench.pipeline.parts.counters.all()["history_left_out"]), (64, 136));
    assert!(outline.values().all(|one| one.whole.unwrap().max >= 6.0), "the nearest are kept: {outline:?}");
}

#[tokio::test]
async fn events_that_outgrew_the_memory_are_told_as_a_loss() {
    let mut bench = Bench::new().await;
    bench.fill_the_disk().await;
    bench.looked((0..1_003).map(|number| bench.reading(&format!("/srv/{number}"), 0.0)).collect()).await;
    assert_eq!(bench.outbox.unspooled().len(), 1_000);
    bench.free_the_disk().await;
    bench.pipeline.flush().await;
    let newest = bench.store.export().await.unwrap().pop().unwrap();
    assert!(newest.contains("3 events were dropped") && newest.contains("loss"), "{newest}");
}

#[tokio::test]
async fn a_failed_step_is_made_good_whole_by_the_next() {
    for next_is_a_flush in [true, false] {
        let mut bench = Bench::new().await;
        bench.fill_the_disk().await;
        bench.followed("first", "/one", Some("lines were missed")).await;
        bench.free_the_disk().await;
        if next_is_a_flush {
            bench.pipeline.flush().await;
        } else {
            bench.followed("second", "/two", None).await;
        }
        let checkpoints = bench.store.checkpoints().await.unwrap();
        assert!(checkpoints.contains_key("first"), "flush: {next_is_a_flush}, {checkpoints:?}");
        let (states, _) = bench.store.states().await.unwrap();
        let subjects: Vec<&str> = states.iter().map(|stored| stored.state.subject()).collect();
        assert!(subjects.contains(&"/one"), "flush: {next_is_a_flush}, {subjects:?}");
        assert_eq!(bench.store.value("sequence").await.unwrap(), Some(1));
    }
}
