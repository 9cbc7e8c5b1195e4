//! The report line by line: labelled fields, the attribute table, logs, standby and open errors.

use super::{NotAReport, Protocol, Report, Verdict, attribute};

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Table,
    ErrorCounters,
    SelfTests,
}

/// Phrases that mean the drive sleeps and was not asked, in every version's wording.
const ASLEEP: [&str; 4] =
    ["Device is in STANDBY", "Device is in SLEEP", "Device is in IDLE", "NOT READY (standby)"];

pub(super) fn report(text: &str) -> Result<Report, NotAReport> {
    let mut report = Report::default();
    let mut place = Place::Head;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if index < 64 && report.smartctl_version.is_none() {
            report.smartctl_version = version(line);
        }
        place = turn(line, place, &mut report);
        match place {
            Place::Table => row(line, index + 1, &mut report),
            Place::ErrorCounters => counter(line, &mut report),
            Place::SelfTests => self_test(line, &mut report),
            Place::Head => {}
        }
        if let Some((label, value)) = line.trim_start().split_once(':') {
            field(label.trim(), value.trim(), &mut report);
        }
        remark(line, &mut report);
    }
    finish(report, text)
}

/// The number after `smartctl version` (to 5.38) or `smartctl` (later).
fn version(line: &str) -> Option<String> {
    let rest = line.strip_prefix("smartctl ")?;
    let rest = rest.strip_prefix("version ").unwrap_or(rest);
    let word = rest.split(' ').next()?.trim_start_matches("pre-");
    word.starts_with(|first: char| first.is_ascii_digit()).then(|| word.to_owned())
}

/// A heading moves on to its section; an empty line ends a table.
fn turn(line: &str, place: Place, report: &mut Report) -> Place {
    if line.starts_with("ID#") && line.contains("ATTRIBUTE_NAME") {
        report.protocol.get_or_insert(Protocol::Ata);
        return Place::Table;
    }
    if line.contains("Error counter log:") {
        report.scsi.get_or_insert_default();
        return Place::ErrorCounters;
    }
    if line.starts_with("SMART Self-test log") || line.starts_with("SMART Extended Self-test Log") {
        return Place::SelfTests;
    }
    if line.trim().is_empty() && place != Place::SelfTests {
        return Place::Head;
    }
    if line.starts_with("===") || line.starts_with("SMART Selective self-test") { Place::Head } else { place }
}

fn row(line: &str, number: usize, report: &mut Report) {
    if line.starts_with("ID#") || line.trim_start().starts_with('|') {
        return;
    }
    match attribute::row(line) {
        Ok((_, attribute)) => report.attributes.push(attribute),
        Err(_) => report.problems.push(format!("line {number}: a row of the attribute table is expected")),
    }
}

/// `read:  0  0  0  0  0  0.000  UNCORRECTED`.
fn counter(line: &str, report: &mut Report) {
    let Some((label, values)) = line.trim_start().split_once(':') else { return };
    if !matches!(label, "read" | "write" | "verify") {
        return;
    }
    let last = values.split_ascii_whitespace().last().and_then(|word| word.parse::<u64>().ok());
    if let (Some(errors), Some(scsi)) = (last, report.scsi.as_mut()) {
        *scsi.uncorrected_errors.get_or_insert(0) += errors;
    }
}

/// `# 1  Short offline       Completed: read failure       90%      1234         5678`.
fn self_test(line: &str, report: &mut Report) {
    let Some(rest) = line.strip_prefix('#') else { return };
    if !rest.trim_start().starts_with(|first: char| first.is_ascii_digit()) {
        return;
    }
    report.self_tests += 1;
    let failed =
        ["failure", "Fatal or unknown error", "Failed in segment", "failed in segment", "Completed: "];
    if failed.iter().any(|word| rest.contains(word)) {
        report.self_tests_failed += 1;
    }
}

/// A labelled line. The first value wins: later sections repeat some labels.
fn field(label: &str, value: &str, report: &mut Report) {
    let words = || Some(value.to_owned()).filter(|value| !value.is_empty());
    match label {
        "Device Model" | "Model Number" | "Vendor" => set(&mut report.model, words()),
        "Product" => {
            let product =
                report.model.take().map_or_else(|| value.to_owned(), |vendor| format!("{vendor} {value}"));
            report.model = Some(product);
            report.protocol.get_or_insert(Protocol::Scsi);
        }
        "Device" if value.contains("Version:") => old_device(value, report),
        "Serial Number" | "Serial number" => set(&mut report.serial, words()),
        "Firmware Version" | "Revision" => set(&mut report.firmware, words()),
        "User Capacity" | "Total NVM Capacity" | "Namespace 1 Size/Capacity" | "Namespace 1 Size" => {
            set(&mut report.capacity_bytes, whole(value));
        }
        "ATA Version is" | "SATA Version is" => drop(report.protocol.get_or_insert(Protocol::Ata)),
        "NVMe Version" | "Number of Namespaces" => drop(report.protocol.get_or_insert(Protocol::Nvme)),
        "SMART overall-health self-assessment test result" | "SMART Health Status" => verdict(value, report),
        "ATA Error Count" => report.error_log_count = whole(value),
        _ => counters(label, value, report),
    }
}

fn counters(label: &str, value: &str, report: &mut Report) {
    match label {
        "Current Drive Temperature" => report.temperature = celsius(value),
        "Drive Trip Temperature" => report.scsi.get_or_insert_default().trip_temperature = celsius(value),
        "Elements in grown defect list" => {
            report.protocol.get_or_insert(Protocol::Scsi);
            report.scsi.get_or_insert_default().grown_defects = whole(value);
        }
        "number of hours powered up" => report.hours = whole(value),
        "Accumulated power on time, hours" => report.hours = whole(value.trim_start_matches("minutes ")),
        _ => nvme(label, value, report),
    }
}

fn nvme(label: &str, value: &str, report: &mut Report) {
    if !matches!(report.protocol, None | Some(Protocol::Nvme)) {
        return;
    }
    let log = &mut report.nvme;
    match label {
        "Critical Warning" => {
            let hex = value.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            log.get_or_insert_default().critical_warning = hex;
            report.protocol = Some(Protocol::Nvme);
        }
        "Temperature" if log.is_some() => report.temperature = celsius(value),
        "Available Spare" => log.get_or_insert_default().available_spare = whole(value),
        "Available Spare Threshold" => log.get_or_insert_default().available_spare_threshold = whole(value),
        "Percentage Used" => log.get_or_insert_default().percentage_used = whole(value),
        "Media and Data Integrity Errors" => log.get_or_insert_default().media_errors = whole(value),
        "Power On Hours" if log.is_some() => report.hours = whole(value),
        _ => {}
    }
}

/// `Device: SEAGATE  ST3146855SS      Version: 0002`, as 5.4x prints a SAS drive.
fn old_device(value: &str, report: &mut Report) {
    if let Some((names, version)) = value.split_once("Version:") {
        let names: Vec<&str> = names.split_ascii_whitespace().collect();
        set(&mut report.model, Some(names.join(" ")));
        set(&mut report.firmware, Some(version.trim().to_owned()));
        report.protocol.get_or_insert(Protocol::Scsi);
    }
}

fn verdict(value: &str, report: &mut Report) {
    report.verdict = match value.split(' ').next() {
        Some("PASSED" | "OK") => Some(Verdict::Passed),
        Some(word) if word.starts_with("UNKNOWN") => None,
        Some("") | None => None,
        Some(_) => Some(Verdict::Failed),
    };
}

/// Lines that are no field: standby, warnings, errors of smartctl itself.
fn remark(line: &str, report: &mut Report) {
    if ASLEEP.iter().any(|phrase| line.contains(phrase)) {
        report.asleep = true;
    } else if line.starts_with("No Errors Logged") {
        report.error_log_count.get_or_insert(0);
    } else if line.starts_with("Warning!")
        || line.starts_with("Error SMART")
        || line.starts_with("Smartctl:")
        || line.starts_with("Smartctl open device")
        || line.contains("Unable to detect device type")
        || line.contains("Unknown device type")
        || line.starts_with("SMART Disabled")
        || line.contains("failed: ")
    {
        report.problems.push(line.trim().chars().take(200).collect());
    }
}

fn finish(mut report: Report, text: &str) -> Result<Report, NotAReport> {
    let empty = report.smartctl_version.is_none() && report.verdict.is_none() && report.attributes.is_empty();
    if empty && !report.asleep && report.nvme.is_none() && report.serial.is_none() {
        let line = text.lines().count().max(1);
        return Err(NotAReport {
            line,
            expected: "a line `smartctl VERSION` and a drive's health are expected",
        });
    }
    let has_data = !report.attributes.is_empty() || report.nvme.is_some() || report.scsi.is_some();
    if report.verdict == Some(Verdict::Passed) && !has_data {
        report.problems.push("PASSED, but nothing that shows it: no attributes and no health log".to_owned());
    }
    if report.verdict.is_none() && !report.asleep {
        report.problems.push("no verdict".to_owned());
    }
    Ok(report)
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// A whole number at the start, without the locale's separators: `4.000.787.030.016 bytes`, `11,836,935 [6 TB]`.
fn whole(value: &str) -> Option<u64> {
    let digits: String = value
        .chars()
        .take_while(|letter| {
            letter.is_ascii_digit()
                || matches!(letter, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}' | '\u{fffd}')
        })
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn celsius(value: &str) -> Option<i64> {
    value.split_ascii_whitespace().next()?.parse().ok()
}
