//! Real reports against smartctl's own JSON, and what must never panic.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::reading::{Measure, Stamp};
use nearmiss_shared::time::Timestamp;

/// A folder of the corpus, or `None` with a word about it; in CI that is a failure.
fn corpus(path: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
    let folder =
        PathBuf::from(std::env::var("NEARMISS_CORPUS").unwrap_or_else(|_| default.to_owned())).join(path);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the corpus has no {path}");
    eprintln!("skipped: the corpus has no {path}");
    None
}

/// What a version's text must agree on with the JSON that smartctl 7.3 prints for the same drive.
fn compare(report: &Report, json: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, ours: Value, theirs: &Value| {
        if ours != *theirs {
            wrong.push(format!("{what}: {ours} for {theirs}"));
        }
    };
    same("model", report.model.clone().into(), &json["model_name"]);
    same("serial", report.serial.clone().into(), &json["serial_number"]);
    let passed = report.verdict.map(|verdict| verdict == Verdict::Passed);
    same("verdict", passed.into(), &json["smart_status"]["passed"]);
    let table = json["ata_smart_attributes"]["table"].as_array().cloned().unwrap_or_default();
    same("rows", report.attributes.len().into(), &table.len().into());
    for (ours, theirs) in report.attributes.iter().zip(&table) {
        let id = ours.id;
        same(&format!("{id} id"), id.into(), &theirs["id"]);
        same(&format!("{id} value"), ours.value.into(), &theirs["value"]);
        same(&format!("{id} worst"), ours.worst.into(), &theirs["worst"]);
        same(&format!("{id} thresh"), ours.threshold.into(), &theirs["thresh"]);
        let when = match ours.when_failed {
            WhenFailed::Never => "",
            WhenFailed::Now => "now",
            WhenFailed::Past => "past",
        };
        // Without thresholds smartctl prints `-` in the text and nothing in the JSON.
        let theirs_when =
            if theirs["when_failed"].is_null() { Value::from("") } else { theirs["when_failed"].clone() };
        same(&format!("{id} when failed"), when.into(), &theirs_when);
    }
    same("firmware", report.firmware.clone().into(), &json["firmware_version"]);
    same("capacity", report.capacity_bytes.into(), &json["user_capacity"]["bytes"]);
    same("hours", report.power_on_hours().into(), &json["power_on_time"]["hours"]);
    same("temperature", report.temperature_celsius().into(), &json["temperature"]["current"]);
    let errors = &json["ata_smart_error_log"]["summary"]["count"];
    same("errors", report.error_log_count.into(), errors);
    let tests = &json["ata_smart_self_test_log"]["standard"];
    let of_tests = |field: &str| Value::from(tests[field].as_u64().unwrap_or(0));
    same("self-tests", report.self_tests.into(), &of_tests("count"));
    same("self-tests failed", report.self_tests_failed.into(), &of_tests("error_count_total"));
    wrong
}

#[test]
fn every_versions_text_equals_smartctls_own_json() {
    let Some(folder) = corpus("smart/replay") else { return };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for drive in fs::read_dir(folder).unwrap().flatten() {
        let json = fs::read(drive.path().join("smartctl-7.3.json")).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        for file in fs::read_dir(drive.path()).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if !(name.starts_with("smartctl") && name.ends_with(".txt")) {
                continue;
            }
            let report = parse(&fs::read(file.path()).unwrap()).unwrap();
            compared += 1;
            let differences = compare(&report, &json);
            wrong.extend(differences.into_iter().map(|what| format!("{}: {what}", file.path().display())));
        }
    }
    assert!(compared >= 400, "only {compared} texts");
    assert!(
        wrong.is_empty(),
        "{} differences in {compared} texts:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn every_public_report_has_its_verdict_and_its_table() {
    let Some(folder) = corpus("smart/text") else { return };
    let index = fs::read_to_string(folder.join("index.tsv")).unwrap();
    let mut wrong = Vec::new();
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let bytes = fs::read(folder.join(columns[0])).unwrap();
        if columns[3].starts_with("other") && columns[6] == "-" {
            // What `smartctl --scan` prints is a list of devices, not a report.
            assert!(parse(&bytes).is_err(), "{}", columns[0]);
            continue;
        }
        let report = parse(&bytes).unwrap();
        let verdict = match columns[6] {
            "PASSED" | "OK" => Some(Verdict::Passed),
            "FAILED!" => Some(Verdict::Failed),
            _ => None,
        };
        let table = String::from_utf8_lossy(&bytes).contains("ID# ATTRIBUTE_NAME");
        if report.verdict != verdict || (table && report.attributes.is_empty()) {
            wrong.push(format!("{}: {:?} for {}", columns[0], report.verdict, columns[6]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_smartctl_says_of_its_own_errors_is_unknown_never_healthy() {
    let Some(folder) = corpus("smart/errors") else { return };
    for file in fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter(|file| file.path().extension().is_some_and(|e| e == "txt"))
    {
        let report = parse(&fs::read(file.path()).unwrap()).unwrap();
        assert_eq!(report.state(), DriveState::Unknown, "{}", file.path().display());
    }
}

fn row(raw: &str, id: u8) -> Attribute {
    let text = format!("{id:3} Some_Name 0x0033 100 100 010 Pre-fail Always - {raw}");
    attribute::row(&text).unwrap().1
}

#[test]
fn raw_values_are_decoded_by_kind() {
    for (id, raw, seagate, count) in [
        (5, "0 (2000 0)", false, Some(0)),
        (5, "24", false, Some(24)),
        (188, "4295032833", false, Some(1)),
        (188, "0 0 7", false, Some(7)),
        (1, "12884901888", true, Some(3)),
        (1, "12884901888", false, None),
        (9, "100", false, None),
    ] {
        assert_eq!(row(raw, id).count(seagate), count, "{id} {raw}");
    }
    for (raw, degrees) in [("33", 33), ("31 (Min/Max 18/45)", 31), ("-5 (Min/Max -9/20)", -5), ("290", 29)] {
        assert_eq!(row(raw, 194).celsius(), Some(degrees), "{raw}");
    }
    assert_eq!(row("19497h+12m+01.000s", 9).hours(), Some(19497));
}

#[test]
fn a_sleeping_drive_is_asleep_and_a_bare_pass_is_unknown() {
    let head = "smartctl 7.3 2022-02-28 r5338 [x86_64] (local build)\n";
    let asleep = parse(format!("{head}Device is in STANDBY mode, exit(2)\n").as_bytes()).unwrap();
    assert_eq!(asleep.state(), DriveState::Asleep);
    let verdict = "SMART overall-health self-assessment test result: PASSED\n";
    let bare = parse(format!("{head}{verdict}").as_bytes()).unwrap();
    assert_eq!((bare.verdict, bare.state()), (Some(Verdict::Passed), DriveState::Unknown));
    assert!(parse(b"hello\nworld\n").is_err());
}

#[test]
fn a_failing_attribute_is_named_with_value_threshold_and_serial() {
    let text = "smartctl 7.3\nDevice Model: M\nSerial Number: S1\n\
                SMART overall-health self-assessment test result: FAILED!\n\
                ID# ATTRIBUTE_NAME FLAG VALUE WORST THRESH TYPE UPDATED WHEN_FAILED RAW_VALUE\n\
                \x20 5 Reallocated_Sector_Ct 0x0033 008 008 010 Pre-fail Always FAILING_NOW 24\n";
    let at = Stamp { wall: Timestamp::from_millis(0), boot_ms: 0 };
    let readings = readings(&parse(text.as_bytes()).unwrap(), at);
    let attribute = readings.iter().find(|reading| reading.signal == "disk.attribute").unwrap();
    assert_eq!(attribute.subject, "M S1");
    let Measure::Trigger { reason, .. } = &attribute.measure else { panic!("{attribute:?}") };
    assert_eq!(reason, "attribute 5 Reallocated_Sector_Ct: value 8, threshold 10 (serial S1)");
}

mod crosscheck;
mod damage;
mod versions;
