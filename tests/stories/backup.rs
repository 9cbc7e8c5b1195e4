//! A real restic repository is verified, is damaged, and stops verifying; an empty place and a shrinking backup are seen.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nearmiss_runtime::clock::Clock;
use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::run;

use crate::endpoint::{QUIET, in_state};

/// Makes a file look as if it had been written that many hours ago.
fn aged(file: &Path, hours: i64) {
    let now = Duration::from_millis(u64::try_from(Clock::real().now().as_millis()).unwrap());
    let made = SystemTime::UNIX_EPOCH + now - Duration::from_secs(u64::try_from(hours).unwrap() * 3600);
    File::options().write(true).open(file).unwrap().set_modified(made).unwrap();
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// A new repository in `world` with one snapshot of a data file.
    fn new(world: &Path) -> Self {
        let repository = Self { folder: world.join("repository") };
        fs::write(world.join("password"), "a story's").unwrap();
        let data = world.join("data");
        fs::write(&data, (0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        repository.restic(world, &["init"]);
        repository.restic(world, &["backup", &data.to_string_lossy()]);
        repository
    }

    fn arguments(&self, world: &Path) -> Vec<String> {
        let password = world.join("password");
        let words =
            ["--repo", &self.folder.to_string_lossy(), "--password-file", &password.to_string_lossy()]
                .map(str::to_owned);
        [&words[..], &["--no-cache".to_owned(), "--quiet".to_owned()]].concat()
    }

    fn restic(&self, world: &Path, command: &[&str]) {
        let command = command.iter().map(ToString::to_string);
        run("restic", self.arguments(world).into_iter().chain(command)).unwrap();
    }
}

#[tokio::test]
async fn a_restic_repository_verifies_until_it_is_damaged_and_then_says_what_restic_says() {
    let world = tempfile::tempdir().unwrap();
    let repository = Repository::new(world.path());
    let snapshots = repository.folder.join("snapshots");
    files(&snapshots).iter().for_each(|file| aged(file, 2));
    let mut verify = vec!["restic".to_owned()];
    verify.extend(repository.arguments(world.path()));
    verify.extend(["check", "--read-data", "--no-lock"].map(str::to_owned));
    let rules = format!(
        "[[backup]]\nname = \"restic\"\npath = \"{}\"\nrpo = \"26h\"\nevery = \"24h\"\nverify = {verify:?}\n\
         verify_interval = \"500ms\"\ninterval = \"200ms\"\nhold = \"500ms\"\n",
        snapshots.display()
    );
    let mut agent = Agent::alone(world.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    agent.start().await.unwrap();
    let subject = snapshots.display().to_string();
    let age = in_state(&agent, "backup.age", &subject, "normal").await;
    assert!((age["value"].as_f64().unwrap() - 2.0).abs() < 0.1, "{age}");
    assert_eq!(age["limit"], 26.0, "{age}");
    let verified = in_state(&agent, "backup.verified_age", &subject, "normal").await;
    assert!((verified["value"].as_f64().unwrap() - 2.0).abs() < 0.1, "{verified}");

    for pack in files(&repository.folder.join("data")) {
        let mut content = fs::read(&pack).unwrap();
        content[100] ^= 1;
        fs::remove_file(&pack).unwrap();
        fs::write(&pack, content).unwrap();
    }
    let damaged = in_state(&agent, "backup.verified_age", &subject, "approached").await;
    assert!(
        damaged["reasons"][0].as_str().unwrap().starts_with("verifying failed: exit status: 1"),
        "{damaged}"
    );
    assert_eq!(agent.margin("backup.age", &subject).unwrap()["state"], "normal");
    agent.stop().unwrap();
}

#[tokio::test]
async fn a_missed_a_shrunken_and_a_vanished_backup_are_seen_also_after_a_restart() {
    let world = tempfile::tempdir().unwrap();
    let place = world.path().join("dumps");
    fs::create_dir(&place).unwrap();
    let dump = |name: &str, bytes: usize, hours: i64| {
        let file = place.join(name);
        fs::write(&file, vec![b'x'; bytes]).unwrap();
        aged(&file, hours);
    };
    let subject = format!("{}/*.dump", place.display());
    let rules = format!(
        "[[backup]]\nname = \"dumps\"\npath = \"{subject}\"\nrpo = \"50h\"\ninterval = \"200ms\"\nhold = \"500ms\"\n"
    );
    let mut agent = Agent::alone(world.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    let empty = agent.margin("backup.age", &subject).unwrap();
    assert_eq!(
        (&empty["state"], &empty["value"]),
        (&"approached".into(), &serde_json::Value::Null),
        "{empty}"
    );
    assert!(empty["reasons"][0].as_str().unwrap().starts_with("no backup lies at"), "{empty}");

    for (name, hours) in [("1.dump", 120), ("2.dump", 96), ("3.dump", 72), ("4.dump", 44)] {
        dump(name, 10_000, hours);
    }
    agent.start().await.unwrap();
    in_state(&agent, "backup.age", &subject, "approached").await;
    assert_eq!(agent.margin("backup.size_ratio", &subject).unwrap()["value"], 1.0);

    dump("5.dump", 1_000, 1);
    let small = in_state(&agent, "backup.size_ratio", &subject, "approached").await;
    assert_eq!(small["value"], 0.1, "{small}");
    let fresh =
        agent.margin_where("backup.age", &subject, |margin| margin["value"].as_f64() < Some(2.0)).await;
    assert_ne!(fresh["state"], "approached", "{fresh}");

    agent.stop().unwrap();
    fs::remove_dir_all(&place).unwrap();
    agent.start().await.unwrap();
    let gone = in_state(&agent, "backup.age", &subject, "breached").await;
    assert!(gone["reasons"][0].as_str().unwrap().contains("no backup is left at"), "{gone}");
}
