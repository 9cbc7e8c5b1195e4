//! The JSON beside the text: silent where both say the same, and where they do not, neither is believed.

use std::fs;

use serde_json::{Value, json};

use super::super::*;
use super::corpus;

/// What smartctl 7.3 printed for every recorded drive, `--json=o`.
fn recorded() -> Vec<(String, Value)> {
    let Some(folder) = corpus("smart/replay") else { return Vec::new() };
    let mut all: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|drive| {
            let bytes = fs::read(drive.path().join("smartctl-7.3.json")).unwrap();
            (drive.file_name().to_string_lossy().into_owned(), serde_json::from_slice(&bytes).unwrap())
        })
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

fn read(json: &Value) -> Report {
    parse(json.to_string().as_bytes()).unwrap()
}

fn differences(report: &Report) -> Vec<String> {
    let differs = |problem: &&Problem| matches!(problem, Problem::Differs { .. });
    report.problems.iter().filter(differs).map(ToString::to_string).collect()
}

#[test]
fn text_and_json_of_one_call_agree_over_every_recorded_drive() {
    for (drive, json) in recorded() {
        let report = read(&json);
        assert_eq!(differences(&report), [""; 0], "{drive}");
        let text = json["smartctl"]["output"].as_array().unwrap();
        let lines: String = text.iter().map(|line| format!("{}\n", line.as_str().unwrap())).collect();
        assert_eq!(report, parse(lines.as_bytes()).unwrap(), "{drive}");
    }
}

#[test]
fn what_the_two_say_differently_stays_open_and_is_told() {
    let Some((_, json)) = recorded().into_iter().find(|(drive, _)| drive == "p0227-realloc") else { return };
    type Look = fn(&Report) -> bool;
    let looks: [(&str, Value, &str, Look); 5] = [
        ("/model_name", json!("OTHER"), "model: the text says", |report| report.model.is_none()),
        ("/serial_number", json!("X1"), "serial: the text says TEST00000227, the JSON X1", |report| {
            report.serial.is_none()
        }),
        ("/smart_status/passed", json!(false), "verdict: the text says passed, the JSON failed", |report| {
            report.verdict.is_none()
        }),
        ("/ata_smart_attributes/table/4/value", json!(7), "value of attribute 5", |report| {
            report.attribute(5).unwrap().value.is_none()
        }),
        ("/ata_smart_attributes/table/4/raw/string", json!("9"), "raw value of attribute 5", |report| {
            report.attribute(5).unwrap().count(false).is_none()
        }),
    ];
    for (place, value, told, is_open) in looks {
        let mut json = json.clone();
        *json.pointer_mut(place).unwrap() = value;
        let report = read(&json);
        let differences = differences(&report);
        assert!(differences.len() == 1 && differences[0].starts_with(told), "{place}: {differences:?}");
        assert!(is_open(&report), "{place}: {report:?}");
        assert!(report.attributes.len() > 10, "the rest of the report is kept");
    }
}

#[test]
fn json_without_its_text_is_refused_with_what_to_do() {
    let fault = parse(br#"{"smartctl": {"version": [7, 3]}}"#).unwrap_err();
    assert!(fault.to_string().contains("--json=o"), "{fault}");
    assert!(parse(br#"{"smartctl": {"output": ["#).is_err());
}
