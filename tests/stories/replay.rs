//! Recorded history through the real binary: a log of an attacked host, counted apart by hand; a disk that filled; a
//! proposed threshold beside today's.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_tests::process::program;
use serde_json::Value;
use tempfile::TempDir;

use crate::corpus;

fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("nearmiss-agent"));
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn ran(arguments: &[&str]) -> Output {
    agent(arguments).output().unwrap()
}

/// The lines of JSON that a command prints: all but the last, and the last.
fn json(arguments: &[&str]) -> (Vec<Value>, Value) {
    let output = ran(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    (lines, last)
}

fn written(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

/// The shipped rule in other words: 20 failures of one address in 10 minutes, near at half of that.
const LIMIT: usize = 20;
const WINDOW_SECONDS: i64 = 600;

/// What the log says, counted without a regular expression, a window or an evaluator of ours: for each address the
/// seconds of its failed logins, never going back.
fn failures(log: &str) -> BTreeMap<String, Vec<i64>> {
    let mut found: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut now = 0;
    for line in log.lines() {
        let mut words = line.split_whitespace();
        let month = ["Jun", "Jul"].iter().position(|name| words.clone().next() == Some(name)).unwrap() as i64;
        let day: i64 = words.nth(1).unwrap().parse().unwrap();
        let time: Vec<i64> = words.next().unwrap().split(':').map(|part| part.parse().unwrap()).collect();
        let at = (((month * 30 + day) * 24 + time[0]) * 60 + time[1]) * 60 + time[2];
        now = now.max(at);
        let failed = line.find("authentication failure;").or_else(|| line.find("Failed password for"));
        let Some(rest) = failed.map(|start| &line[start..]) else { continue };
        let Some(start) =
            rest.find("rhost=").map(|start| start + 6).or_else(|| rest.find("from ").map(|from| from + 5))
        else {
            continue;
        };
        let address: String = rest[start..]
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || ".:-".contains(*letter))
            .collect();
        if !address.is_empty() {
            found.entry(address).or_default().push(now);
        }
    }
    found
}

/// The most failures within one window, and the second at which half of the limit was reached first.
fn judged(seconds: &[i64]) -> (usize, Option<i64>) {
    let within =
        |last: usize| seconds[..=last].iter().filter(|at| **at > seconds[last] - WINDOW_SECONDS).count();
    let counts: Vec<usize> = (0..seconds.len()).map(within).collect();
    let near = counts.iter().position(|count| *count >= LIMIT / 2).map(|index| seconds[index]);
    (counts.into_iter().max().unwrap_or(0), near)
}

/// Made once, by hand.
const ATTACKED: &str = include_str!("attacked-host.txt");

#[test]
fn the_log_of_an_attacked_host_opens_what_a_count_by_hand_says() {
    let path = corpus("logs/linux-auth-2k.log");
    let Ok(bytes) = std::fs::read(&path) else { return crate::skipped("logs") };
    let log = String::from_utf8_lossy(&bytes);
    let path = path.to_string_lossy().into_owned();
    let (transitions, summary) =
        json(&["replay", "log", "--rules", "shipped", "--year", "2005", "--zone", "UTC", "--json", &path]);

    let by_hand = failures(&log);
    let matches: usize = by_hand.values().map(Vec::len).sum();
    assert!(matches > 400, "the count by hand has found the attack: {matches}");
    assert_eq!(summary["rules"]["failed-logins"], matches, "{summary}");
    let start: Timestamp = "2005-06-01T00:00:00Z".parse().unwrap();
    // Day 0 of the count by hand is the last of May.
    let told = |second: i64| start.plus(Span::from_seconds(second - 24 * 3600)).to_string();
    let expected: BTreeMap<&str, String> = by_hand
        .iter()
        .filter_map(|(address, seconds)| Some((address.as_str(), told(judged(seconds).1?))))
        .collect();
    let mut opened: BTreeMap<&str, String> = BTreeMap::new();
    for one in transitions.iter().filter(|one| one["kind"] == "approached") {
        assert_eq!((&one["rule"], &one["state"]), (&"failed-logins".into(), &"approached".into()), "{one}");
        let at = one["at"].as_str().unwrap().to_owned();
        opened.entry(one["subject"].as_str().unwrap()).or_insert(at);
    }
    assert!(expected.len() > 10, "the count by hand has found many: {expected:?}");
    assert_eq!(opened, expected);
    let episodes = transitions.iter().filter(|one| one["kind"] == "approached");
    let told: Vec<String> = episodes
        .map(|one| format!("{} {}", &one["at"].as_str().unwrap()[..19], one["subject"].as_str().unwrap()))
        .collect();
    let by_a_person: Vec<&str> = ATTACKED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|line| line.0)
        .collect();
    assert_eq!(told, by_a_person);
    let most = |address: &str| {
        let most = ATTACKED
            .lines()
            .filter(|line| line.contains(address))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok());
        most.max()
    };
    assert!(opened.keys().all(|address| most(address) == Some(judged(&by_hand[*address]).0)));
    let most = by_hand.values().map(|seconds| judged(seconds).0).max().unwrap();
    assert_eq!(summary["peak_proximity"].as_f64().unwrap(), most as f64 / LIMIT as f64, "{summary}");
    assert_eq!(
        (&summary["lines"], &summary["breached"]),
        (&log.lines().count().into(), &false.into()),
        "{summary}"
    );
}

#[test]
fn replay_and_scan_count_the_same_lines_plain_or_compressed_or_from_a_pipe() {
    let path = corpus("logs/linux-auth-2k.log");
    if !path.exists() {
        return crate::skipped("logs");
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[log]]\nname = \"guessing\"\npattern = 'authentication failure; .*rhost=(?P<h>\\S+)'\nby = \"h\"\n\
                 [[log]]\nname = \"unknown\"\npattern = 'check pass; user unknown'\ncount = 5\n";
    let rules = written(&folder, "r.toml", rules);
    let packed = folder.path().join("auth.log.2.gz");
    let gzip =
        Command::new("gzip").arg("-c").arg(&path).stdout(std::fs::File::create(&packed).unwrap()).status();
    assert!(gzip.unwrap().success());
    let (path, packed) = (path.to_string_lossy().into_owned(), packed.to_string_lossy().into_owned());

    let (_, scanned) = json(&["scan", "--rules", &rules, "--json", &path]);
    let (_, unpacked) = json(&["scan", "--rules", &rules, "--json", &packed]);
    assert_eq!(scanned, unpacked);
    let replay =
        ["replay", "log", "--rules", &rules, "--year", "2005", "--as", "/var/log/auth.log", "--json"];
    let (first, summary) = json(&[&replay[..], &[&path]].concat());
    for key in ["bytes", "lines", "rules"] {
        assert_eq!(summary[key], scanned[key], "{key}: {summary}");
    }
    assert!(scanned["rules"]["guessing"].as_u64().unwrap() > 400, "{scanned}");
    assert_eq!(json(&[&replay[..], &[&packed]].concat()), (first, summary.clone()));

    let mut piped = agent(&[&replay[..], &["-"]].concat());
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(&path).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let last: Value =
        serde_json::from_str(String::from_utf8(output.stdout).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!(last, summary);
}

/// Free space a minute: flat for two hours, then full at the end of the next four.
fn fill() -> String {
    let start: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let mut text = "timestamp,value\n".to_owned();
    for minute in 0..360_i64 {
        let free = 0.4 - 0.4 * f64::from(u32::try_from((minute - 120).max(0)).unwrap()) / 239.0;
        let at = start.plus(Span::from_minutes(minute));
        text += &format!("{at},{free:.6}\n");
    }
    text
}

const EARLY: &str = "[[filesystem]]\nname = \"early\"\nhost = \"no-such-host-*\"\nmatch = \"/srv*\"\napproach = 0.25\n\
                     forecast = false\n";

#[test]
fn a_proposed_threshold_is_compared_with_todays_in_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let (proposed, series) = (written(&folder, "early.toml", EARLY), written(&folder, "srv.csv", &fill()));
    let current = written(&folder, "late.toml", "[[filesystem]]\nname = \"late\"\nforecast = false\n");

    let (moves, alone) = json(&["replay", "series", "--rule", &proposed, "--json", &series]);
    assert_eq!(
        (&alone["episodes"], &alone["breached"], &alone["samples"]),
        (&1.into(), &true.into(), &360.into())
    );
    // 0.25 is reached 90 minutes after the fill began; three samples confirm it.
    assert_eq!(alone["first_approach"], "2026-11-24T03:32:00.000Z", "{alone}");
    assert_eq!(alone["lead_seconds"], f64::from(5 * 3600 + 59 * 60 - (3 * 3600 + 32 * 60)), "{alone}");
    let kinds: Vec<&str> = moves.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["approached", "worsened", "breached"]);

    let compare = ["replay", "series", "--rule", &proposed, "--against", &current, &series];
    let (both, summary) = json(&[&compare[..], &["--json"]].concat());
    assert_eq!(both.len(), 6, "{both:#?}");
    for key in ["episodes", "first_approach", "lead_seconds", "peak_proximity", "breached", "hash"] {
        assert_eq!(summary["proposed"][key], alone[key], "{key}: {summary}");
    }
    // 0.15 comes an hour later, and so much less is left.
    assert_eq!(summary["difference"]["first_approach_seconds"], -3600.0, "{summary}");
    assert_eq!(summary["difference"]["lead_seconds"], 3600.0, "{summary}");
    let text = String::from_utf8(ran(&compare).stdout).unwrap();
    assert!(text.contains("the first 1h earlier, with 1h more before the failure."), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
}

#[test]
fn lines_that_are_no_samples_are_told_with_their_number_and_nothing_is_judged_by_guess() {
    let folder = tempfile::tempdir().unwrap();
    let rule = written(&folder, "early.toml", EARLY);
    let broken = written(&folder, "broken.csv", "when,free\n1,0.4\nsoon,0.4\n2,full\n1,0.3\n3,0.4\n");
    let output = ran(&["replay", "series", "--rule", &rule, "--json", &broken]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    for (line, why) in [(3, "`soon` is neither"), (4, "`full` is no number"), (5, "is not later than")] {
        assert!(told.contains(&format!("broken.csv:{line}: ")) && told.contains(why), "{line}: {told}");
    }
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["samples"], &summary["bad_lines"]), (&2.into(), &3.into()), "{summary}");

    let two = written(&folder, "two.toml", &format!("{EARLY}[[disk]]\nname = \"drives\"\n"));
    let empty = written(&folder, "empty.csv", "timestamp,value\n");
    for (arguments, exit, why) in [
        (["--rule", &two, &broken], 2, "say which is meant by --signal and --subject"),
        (["--rule", &rule, &empty], 3, "holds no sample"),
        (["--rule", &rule, "/nonexistent.csv"], 3, "/nonexistent.csv"),
        (["--rule", &broken, &broken], 2, "broken.csv:1"),
    ] {
        let output = ran(&[&["replay", "series"][..], &arguments].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told.contains(why)), (Some(exit), true), "{arguments:?}: {told}");
    }
}

/// `agent.toml` of a host with these labels, and the rules of its fleet.
fn host(folder: &Path, labels: &str) -> PathBuf {
    std::fs::create_dir_all(folder.join("rules.d")).unwrap();
    std::fs::write(folder.join("rules.d/early.toml"), EARLY.replace("host = \"no-such-host-*\"", labels))
        .unwrap();
    let file = folder.join("agent.toml");
    std::fs::write(&file, format!("state = \"{}\"\n[labels]\ntier = \"calibration\"\n", folder.display()))
        .unwrap();
    file
}

#[test]
fn one_folder_of_rules_judges_each_host_of_a_fleet_by_what_is_for_it() {
    for (labels, rule) in
        [("labels = { tier = \"cal*\" }", "early"), ("labels = { tier = \"web\" }", "shipped")]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = host(folder.path(), labels);
        let config = file.to_string_lossy().into_owned();
        let show = [
            "config",
            "show",
            "--signal",
            "filesystem.free",
            "--subject",
            "/srv",
            "--json",
            "--config",
            &config,
        ];
        let (_, shown) = json(&show);
        assert_eq!(shown["rule"], rule, "{shown}");
        // What a history is judged by is what judges live: the hash is the same.
        let series = written(&folder, "srv.csv", &fill());
        let replay =
            ["replay", "series", "--rule", "configured", "--signal", "filesystem.free", "--subject", "/srv"];
        let (_, summary) = json(&[&replay[..], &["--json", "--config", &config, &series]].concat());
        assert_eq!((&summary["hash"], &summary["episodes"]), (&shown["hash"], &1.into()), "{summary}");
    }
}

/// The goals on the drives that are here; what is reached on drives not seen is in agent/core/README.md.
#[test]
fn half_of_the_drives_that_fail_are_warned_of_and_one_healthy_one_in_a_hundred() {
    let folder = corpus("drive-stats");
    if !folder.is_dir() {
        return crate::skipped("drive-stats");
    }
    let folder = folder.to_string_lossy();
    for (sensitivity, found, named) in [("default", 0.50, 0.01), ("high", 0.57, 0.04)] {
        let arguments = ["replay", "drive-stats", "--json", "--sensitivity", sensitivity, folder.as_ref()];
        let (_, summary) = json(&arguments);
        println!("{sensitivity}: {summary}");
        let number = |field: &str| summary[field].as_f64().unwrap();
        assert!(number("warned_before_failure") / number("failed") >= found, "{summary}");
        assert!(number("healthy_warned") / number("healthy") <= named, "{summary}");
        assert!(summary["lead_days"]["median"].as_i64().unwrap() >= 1, "{summary}");
    }
}
