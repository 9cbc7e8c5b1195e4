//! A report as the one JSON line of `smart parse` (contract.md).

use serde::Serialize;

use super::{DriveState, Problem, Protocol, Report, Verdict, WhenFailed};

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    state: DriveState,
    verdict: Option<Verdict>,
    protocol: Option<Protocol>,
    smartctl_version: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
    firmware: Option<&'a str>,
    capacity_bytes: Option<u64>,
    temperature_celsius: Option<i64>,
    power_on_hours: Option<u64>,
    attributes: Vec<Row<'a>>,
    nvme: Option<Nvme>,
    scsi: Option<Scsi>,
    error_log_count: Option<u64>,
    self_tests_failed: u64,
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct Row<'a> {
    id: u8,
    name: &'a str,
    value: Option<u16>,
    worst: Option<u16>,
    threshold: Option<u16>,
    when_failed: WhenFailed,
    raw: &'a str,
    count: Option<u64>,
}

#[derive(Serialize)]
struct Nvme {
    critical_warning: Option<u64>,
    available_spare: Option<u64>,
    available_spare_threshold: Option<u64>,
    percentage_used: Option<u64>,
    media_errors: Option<u64>,
}

#[derive(Serialize)]
struct Scsi {
    grown_defects: Option<u64>,
    uncorrected_errors: Option<u64>,
}

/// The JSON of one file's report, without a line end.
pub fn line(file: &str, report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line {
        file,
        state: report.state(),
        verdict: report.verdict,
        protocol: report.protocol,
        smartctl_version: report.smartctl_version.as_deref(),
        model: report.model.as_deref(),
        serial: report.serial.as_deref(),
        firmware: report.firmware.as_deref(),
        capacity_bytes: report.capacity_bytes,
        temperature_celsius: report.temperature_celsius(),
        power_on_hours: report.power_on_hours(),
        attributes: report.attributes.iter().map(|row| rows(row, report)).collect(),
        nvme: report.nvme.as_ref().map(|nvme| Nvme {
            critical_warning: nvme.critical_warning,
            available_spare: nvme.available_spare,
            available_spare_threshold: nvme.available_spare_threshold,
            percentage_used: nvme.percentage_used,
            media_errors: nvme.media_errors,
        }),
        scsi: report.scsi.map(|scsi| Scsi {
            grown_defects: scsi.grown_defects,
            uncorrected_errors: scsi.uncorrected_errors,
        }),
        error_log_count: report.error_log_count,
        self_tests_failed: report.self_tests_failed,
        problems: &report.problems,
    })
}

fn rows<'a>(row: &'a super::Attribute, report: &Report) -> Row<'a> {
    Row {
        id: row.id,
        name: &row.name,
        value: row.value,
        worst: row.worst,
        threshold: row.threshold,
        when_failed: row.when_failed,
        raw: &row.raw,
        count: row.count(report.is_seagate()),
    }
}
