//! Labelled lines: who the drive is, its verdict, and the numbers that every protocol prints beside a name.

use nom::Parser;
use nom::bytes::complete::{tag, take_until1};
use nom::character::complete::char;
use nom::sequence::terminated;

use super::number::{self, Held};
use super::problem::Problem;
use super::{Protocol, Report, Verdict};

/// One labelled line on its way into the report.
struct Field<'a> {
    line: usize,
    label: &'a str,
    value: &'a str,
}

/// Takes what the line says. Where a label comes twice the first value holds: later sections repeat some.
pub(super) fn take(line: usize, text: &str, report: &mut Report) {
    let text = text.trim();
    if let Some((label, value)) = labelled(text) {
        let field = Field { line, label, value };
        let known = field.identity(report) || field.verdict(report) || field.ata(report);
        let _ = known || field.scsi(report) || field.nvme(report);
    } else {
        bare(text, report);
    }
}

/// `LABEL: VALUE`, `LABEL = VALUE`, and the one label of SAS drives that ends in a colon of its own.
fn labelled(text: &str) -> Option<(&str, &str)> {
    if let Some(hours) = text.strip_prefix("Accumulated power on time, hours:minutes ") {
        return Some(("hours powered up", hours));
    }
    let colon = terminated(take_until1(":"), char(':'));
    let equals = terminated(take_until1(" = "), tag(" = "));
    let parsed: nom::IResult<&str, &str> = nom::branch::alt((colon, equals)).parse(text);
    let (value, label) = parsed.ok()?;
    Some((label.trim_end(), value.trim()))
}

impl Field<'_> {
    fn words(&self) -> Option<String> {
        Some(self.value.to_owned()).filter(|value| !value.is_empty() && !value.starts_with("[No Info"))
    }

    /// The number it holds; one that is none is told.
    fn held<T>(&self, held: Held<T>, expected: &'static str, report: &mut Report) -> Option<T> {
        match held {
            Held::Number(number) => Some(number),
            Held::Absent => None,
            Held::Garbled => {
                report.problems.push(Problem::Unread { line: self.line, expected });
                None
            }
        }
    }

    fn whole(&self, report: &mut Report) -> Option<u64> {
        self.held(number::whole(self.value), "a whole number", report)
    }

    fn celsius(&self, report: &mut Report) -> Option<i64> {
        self.held(number::celsius(self.value), "degrees Celsius", report)
    }

    fn hours(&self, report: &mut Report) -> Option<u64> {
        self.held(number::hours(self.value), "hours", report)
    }

    fn identity(&self, report: &mut Report) -> bool {
        match self.label {
            "Device Model" | "Model Number" | "Vendor" => set(&mut report.model, self.words()),
            "Product" => self.product(report),
            "Device" if self.value.contains("Version:") => self.old_scsi_device(report),
            "Device" if self.value.contains("Supports ATA Version") => self.old_ata_device(report),
            "Serial Number" | "Serial number" => set(&mut report.serial, self.words()),
            "Firmware Version" | "Revision" => set(&mut report.firmware, self.words()),
            "User Capacity" | "Total NVM Capacity" | "Namespace 1 Size/Capacity" | "Namespace 1 Size" => {
                let bytes = self.whole(report);
                set(&mut report.capacity_bytes, bytes);
            }
            _ => return false,
        }
        true
    }

    /// A SCSI drive's name comes in two halves.
    fn product(&self, report: &mut Report) {
        if report.protocol.is_some() {
            return;
        }
        let vendor = report.model.take();
        report.model =
            Some(vendor.map_or_else(|| self.value.to_owned(), |vendor| format!("{vendor} {}", self.value)));
        report.protocol = Some(Protocol::Scsi);
    }

    /// `Device: SEAGATE  ST3146855SS      Version: 0002`, as 5.x up to 5.38 prints a SAS drive.
    fn old_scsi_device(&self, report: &mut Report) {
        if let Some((names, version)) = self.value.split_once("Version:") {
            let names: Vec<&str> = names.split_ascii_whitespace().collect();
            set(&mut report.model, Some(names.join(" ")));
            set(&mut report.firmware, Some(version.trim().to_owned()));
            report.protocol.get_or_insert(Protocol::Scsi);
        }
    }

    /// `Device: IC35L040AVER07-0  Supports ATA Version 5`, as the first versions print an ATA drive.
    fn old_ata_device(&self, report: &mut Report) {
        let name = self.value.split("Supports ATA Version").next().unwrap_or_default().trim();
        set(&mut report.model, Some(name.to_owned()).filter(|name| !name.is_empty()));
        report.protocol.get_or_insert(Protocol::Ata);
    }

    /// Only whole and known words are a verdict. SCSI names its failures by sense codes (SPC-4): the drive's own
    /// words, and which they are.
    fn verdict(&self, report: &mut Report) -> bool {
        if !matches!(self.label, "SMART overall-health self-assessment test result" | "SMART Health Status") {
            return false;
        }
        let verdict = match self.value {
            "PASSED" | "OK" => Some(Verdict::Passed),
            "FAILED!" => Some(Verdict::Failed),
            words if words.contains("[asc=") && words.ends_with(']') => Some(Verdict::Failed),
            "UNKNOWN!" => None,
            _ => {
                let expected = "a verdict: PASSED, FAILED!, UNKNOWN!, OK, or words with [asc=...]";
                report.problems.push(Problem::Unread { line: self.line, expected });
                None
            }
        };
        set(&mut report.verdict, verdict);
        true
    }

    fn ata(&self, report: &mut Report) -> bool {
        match self.label {
            "ATA Version is" | "SATA Version is" => drop(report.protocol.get_or_insert(Protocol::Ata)),
            "ATA Error Count" | "Device Error Count" => report.error_log_count = self.whole(report),
            // The status of SCT (ACS-4): for drives whose table holds no temperature.
            "Current Temperature" => {
                let degrees = self.celsius(report);
                set(&mut report.sct_temperature, degrees);
            }
            "Min/Max Temperature Limit" => {
                let upper = number::upper_celsius(self.value);
                report.sct_temperature_limit = self.held(upper, "two temperatures", report);
            }
            _ => return false,
        }
        true
    }

    fn scsi(&self, report: &mut Report) -> bool {
        match self.label {
            "Current Drive Temperature" => report.temperature = self.celsius(report),
            "Drive Trip Temperature" => {
                let degrees = self.celsius(report);
                report.scsi.get_or_insert_default().trip_temperature = degrees;
            }
            "Elements in grown defect list" => {
                report.protocol.get_or_insert(Protocol::Scsi);
                let count = self.whole(report);
                report.scsi.get_or_insert_default().grown_defects = count;
            }
            "Percentage used endurance indicator" => {
                let percent = self.whole(report);
                report.scsi.get_or_insert_default().percentage_used = percent;
            }
            "number of hours powered up" | "hours powered up" => {
                let hours = self.hours(report);
                set(&mut report.hours, hours);
            }
            _ => return false,
        }
        true
    }

    fn nvme(&self, report: &mut Report) -> bool {
        if !matches!(report.protocol, None | Some(Protocol::Nvme)) {
            return false;
        }
        match self.label {
            "NVMe Version" | "Number of Namespaces" => report.protocol = Some(Protocol::Nvme),
            "Critical Warning" => {
                let bits = self.held(number::hex(self.value), "hexadecimal flags", report);
                report.nvme.get_or_insert_default().critical_warning = bits;
                report.protocol = Some(Protocol::Nvme);
            }
            "Temperature" => report.temperature = self.celsius(report),
            "Warning  Comp. Temp. Threshold" => report.warning_temperature = self.celsius(report),
            "Critical Comp. Temp. Threshold" => report.critical_temperature = self.celsius(report),
            "Power On Hours" => report.hours = self.whole(report),
            "Error Information Log Entries" => report.error_log_count = self.whole(report),
            label => return self.health_log(label, report),
        }
        true
    }

    fn health_log(&self, label: &str, report: &mut Report) -> bool {
        let Some(log) = report.nvme.as_mut() else { return false };
        let mut log = log.clone();
        let slot = match label {
            "Available Spare" => &mut log.available_spare,
            "Available Spare Threshold" => &mut log.available_spare_threshold,
            "Percentage Used" => &mut log.percentage_used,
            "Media and Data Integrity Errors" => &mut log.media_errors,
            _ => return false,
        };
        *slot = self.whole(report);
        report.nvme = Some(log);
        true
    }
}

/// Words of the first versions (5.0), which had no labels for them.
fn bare(text: &str, report: &mut Report) {
    match text {
        "Check S.M.A.R.T. Passed" => set(&mut report.verdict, Some(Verdict::Passed)),
        "Check S.M.A.R.T. Failed" => set(&mut report.verdict, Some(Verdict::Failed)),
        _ => {}
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}
