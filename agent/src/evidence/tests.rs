//! What a bundle holds, leaves out, and is closed by.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nearmiss_shared::identity::BundleId;
use nearmiss_shared::time::Timestamp;

use nearmiss_agent_core::config::HistoryConfig;
use nearmiss_agent_core::history::{Readings, Sample};

use super::*;
use crate::history::History;

fn recipe(category: Category, signal: &str, subject: &str) -> Recipe {
    Recipe {
        bundle: BundleId::from_parts(Timestamp::from_millis(1), [7; 10]),
        host_id: None,
        clock_offset_ms: None,
        previous: Some("ab".repeat(32)),
        category,
        signal: signal.to_owned(),
        subject: subject.to_owned(),
        trigger: "approached".to_owned(),
        labels: BTreeMap::new(),
        samples: vec![(-30_000, 0.4), (0, 0.1)],
        history: None,
        drill: None,
    }
}

fn item<'a>(items: &'a [(String, Vec<u8>)], name: &str) -> &'a str {
    let (_, bytes) = items.iter().find(|(other, _)| other == name).unwrap();
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_frozen_bundle_is_on_the_disk_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("evidence");
    fs::write(folder.path().join("growing.dat"), [0; 512]).unwrap();
    let subject = folder.path().to_string_lossy().into_owned();
    let key = HostKey::from_seed([3; 32]);
    let recipe = recipe(Category::Capacity, "filesystem.free", &subject);
    let frozen =
        freeze(&recipe, &Clock::real(), Limits::default(), &Captures::default(), &key, state.clone())
            .await
            .unwrap();

    let file = fs::read(&frozen.path).unwrap();
    assert_eq!(fs::metadata(&frozen.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((file.len() as u64, bundle::sha256_hex(&file)), (frozen.bytes, frozen.sha256.clone()));
    let verification = bundle::verify(&file, Some(&key.public()));
    assert!(verification.valid, "{verification:?}");
    assert_eq!(frozen.manifest.previous, recipe.previous);

    let items = bundle::open(&file).unwrap().items;
    assert_eq!(item(&items, "signal.csv"), "milliseconds,value\n-30000,0.4\n0,0.1\n");
    assert!(item(&items, "recently-written.txt").contains("growing.dat"));
    assert!(item(&items, "filesystem.txt").contains("blocks_available"));
    assert!(item(&items, "mounts.txt").contains(" / "));
    assert_eq!(fs::read_dir(&state).unwrap().count(), 1, "nothing is left beside it");

    remove(&state, recipe.bundle).unwrap();
    remove(&state, recipe.bundle).unwrap();
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}

#[tokio::test]
async fn matched_lines_and_reports_come_from_memory_without_their_secrets() {
    let captures = Captures::default();
    let at = Timestamp::from_millis(0);
    captures.keep_line(
        "log.guessing",
        "10.0.0.9",
        at,
        "auth.log",
        b"Failed login password=hunter2 from 10.0.0.9",
    );
    let text = b"ID# ATTRIBUTE_NAME".to_vec();
    captures.keep_report(
        "ACME 1TB S1",
        nearmiss_agent_probe::captures::Report { at, method: "smartctl -a /dev/sda".to_owned(), text },
    );
    let clock = Clock::real();

    let login = recipe(Category::Login, "log.guessing", "10.0.0.9");
    let draft = collect(&login, &clock, Limits::default(), &captures).await;
    let lines = draft.items.iter().find(|item| item.name == "matched-lines.txt").unwrap();
    assert!(lines.bytes.ends_with(b"auth.log: Failed login password=[redacted:password] from 10.0.0.9\n"));
    assert_eq!((lines.redactions[0].kind.as_str(), lines.redactions[0].count), ("password", 1));

    let disk = recipe(Category::Disk, "disk.reallocated", "ACME 1TB S1");
    let draft = collect(&disk, &clock, Limits::default(), &captures).await;
    let report = draft.items.iter().find(|item| item.name == "smartctl.txt").unwrap();
    assert_eq!(report.bytes, b"ID# ATTRIBUTE_NAME");
    assert!(report.method.starts_with("smartctl -a /dev/sda, by the probe at 1970"), "{}", report.method);
}

#[tokio::test]
async fn a_report_in_json_is_there_as_it_was_printed_and_as_people_read_it() {
    let captures = Captures::default();
    let json = br#"{"smartctl": {"output": ["smartctl 7.3", "SMART Health Status: OK"]}}"#;
    let (at, method) = (Timestamp::from_millis(0), "smartctl --json=o /dev/sda".to_owned());
    captures.keep_report("S1", nearmiss_agent_probe::captures::Report { at, method, text: json.to_vec() });
    let recipe = recipe(Category::Disk, "disk.reallocated", "S1");
    let draft = collect(&recipe, &Clock::real(), Limits::default(), &captures).await;
    let item = |name: &str| draft.items.iter().find(|item| item.name == name).unwrap().bytes.clone();
    assert_eq!(item("smartctl.json"), json);
    assert_eq!(item("smartctl.txt"), b"smartctl 7.3\nSMART Health Status: OK\n");
}

#[tokio::test]
async fn the_day_before_is_a_table_that_replay_reads_and_no_failing_drive_is_asked_for_it() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::real());
    let sample = |hours: i64| Sample { at: clock.wall().minus(Span::from_hours(hours)), value: 0.25 };
    let series = ("filesystem.free".to_owned(), "/srv".to_owned());
    let readings = Readings::from([(series, [30, 20, 1].map(sample).to_vec())]);
    History::of(folder.path(), &HistoryConfig::default()).append(readings, clock.wall()).await.unwrap();
    let taken = async |category| {
        let recipe =
            Recipe { history: Some(Past::of(folder.path())), ..recipe(category, "filesystem.free", "/srv") };
        let draft = collect(&recipe, &clock, Limits::default(), &Captures::default()).await;
        draft.items.into_iter().find(|item| item.name == "history.csv")
    };
    let text = String::from_utf8(taken(Category::Capacity).await.unwrap().bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 3 && lines[0] == "timestamp,value" && lines[2].ends_with("Z,0.25"), "{text}");
    assert!(taken(Category::Disk).await.is_none());
}

#[tokio::test]
async fn what_cannot_be_had_is_listed_with_the_reason() {
    let recipe = recipe(Category::Capacity, "filesystem.free", "/no/such/mount");
    let draft = collect(&recipe, &Clock::real(), Limits::default(), &Captures::default()).await;
    let usage = draft.items.iter().find(|item| item.name == "filesystem.txt").unwrap();
    let ItemOutcome::Unavailable { why } = &usage.outcome else { panic!("{:?}", usage.outcome) };
    assert!(why.contains("/no/such/mount"), "{why}");
    assert!(usage.bytes.is_empty());
}

#[tokio::test]
async fn a_bundle_keeps_to_its_bytes() {
    let limits = Limits { max_bytes: 400, ..Limits::default() };
    let mut recipe = recipe(Category::Time, "host.memory_available", "");
    recipe.samples = (0..200).map(|number| (number, 1.0)).collect();
    let draft = collect(&recipe, &Clock::real(), limits, &Captures::default()).await;
    assert!(draft.items.iter().map(|item| item.bytes.len()).sum::<usize>() <= 400);
    let curve = draft.items.first().unwrap();
    assert!(
        curve.method.ends_with("bytes)") && curve.method.contains("(its first 100 of "),
        "{}",
        curve.method
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_not_there_in_time_is_listed_as_timed_out() {
    let steps = vec![
        step::Step::new("slow.txt", "waiting", std::future::pending()),
        step::Step::ready("quick.txt", "at hand", Ok(b"here".to_vec())),
    ];
    let items = step::take_all(steps, &Clock::real(), Limits::default()).await;
    assert_eq!(items[0].outcome, ItemOutcome::TimedOut);
    assert_eq!((&items[1].outcome, items[1].bytes.as_slice()), (&ItemOutcome::Got, b"here".as_slice()));
}
