//! What smartctl prints (versions 5.x to 7.5), read as text: the one form that every version in the field has.
//!
//! Keyed on attribute id, never on its name. Nothing is guessed: what cannot be read is a problem with its line, and
//! PASSED without a table, or an end without a verdict, is `unknown`. Facts: disk-health.md.

mod attribute;
mod crosscheck;
mod field;
mod judge;
mod kind;
mod line;
mod logs;
mod number;
mod problem;
mod scan;
mod temperature;
mod text;

use nearmiss_shared::words;

pub use attribute::{Attribute, WhenFailed};
pub use judge::{attribute_of, readings};
pub use kind::{gives_json, is_kind_unknown, is_member, kinds};
pub use line::line;
pub use problem::Problem;
pub use scan::{Scan, Scanned, scan};

words! {
    /// What the report's own words say.
    Verdict {
        Passed = "passed",
        Failed = "failed",
    }
}

words! {
    /// What we make of it.
    DriveState {
        Healthy = "healthy",
        Approaching = "approaching",
        Failing = "failing",
        Unknown = "unknown",
        Asleep = "asleep",
    }
}

words! {
    Protocol {
        Ata = "ata",
        Nvme = "nvme",
        Scsi = "scsi",
    }
}

/// The NVMe health log (NVM Express base specification, log page 02h).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nvme {
    pub critical_warning: Option<u64>,
    /// Percent.
    pub available_spare: Option<u64>,
    pub available_spare_threshold: Option<u64>,
    /// Percent of rated endurance; can exceed 100.
    pub percentage_used: Option<u64>,
    pub media_errors: Option<u64>,
}

/// Counters of a SCSI or SAS drive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scsi {
    pub grown_defects: Option<u64>,
    /// Total uncorrected errors of reads, writes and verifies.
    pub uncorrected_errors: Option<u64>,
    /// Degrees Celsius.
    pub trip_temperature: Option<i64>,
    /// Percent of rated endurance of a solid state drive; can exceed 100.
    pub percentage_used: Option<u64>,
}

/// One drive as one report shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub smartctl_version: Option<String>,
    pub protocol: Option<Protocol>,
    pub model: Option<String>,
    pub serial: Option<String>,
    pub firmware: Option<String>,
    pub capacity_bytes: Option<u64>,
    pub verdict: Option<Verdict>,
    pub asleep: bool,
    pub attributes: Vec<Attribute>,
    pub nvme: Option<Nvme>,
    pub scsi: Option<Scsi>,
    /// Of the drive itself, where it is not an attribute.
    pub temperature: Option<i64>,
    /// Of the SCT status, degrees Celsius: asked where the attributes hold none.
    pub sct_temperature: Option<i64>,
    /// The highest that the maker allows, by SCT (ACS-4), degrees Celsius.
    pub sct_temperature_limit: Option<i64>,
    /// Of an NVMe controller, degrees Celsius: from where it slows down, and from where it may stop (WCTEMP, CCTEMP).
    pub warning_temperature: Option<i64>,
    pub critical_temperature: Option<i64>,
    pub hours: Option<u64>,
    /// Entries ever made: of the ATA error log, or of the NVMe error information log.
    pub error_log_count: Option<u64>,
    pub self_tests: u64,
    pub self_tests_failed: u64,
    /// What could not be read, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// How smartctl says that there is no SMART at all.
const LACKS: &str = "device lacks SMART capability";

/// Why bytes are no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {expected}")]
pub struct NotAReport {
    pub line: usize,
    pub expected: &'static str,
}

/// Reads a report; at most the first 4 MiB of it. What begins as JSON is taken as `smartctl --json=o`: the text lines
/// in it are read as everywhere, and the JSON beside them checks what was read.
pub fn parse(bytes: &[u8]) -> Result<Report, NotAReport> {
    const MOST: usize = 4 * 1024 * 1024;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
    if text.trim_start().starts_with('{') { crosscheck::report(&text) } else { text::report(&text) }
}

/// What smartctl printed as people read it: of `--json=o` the text lines inside.
pub fn printed(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    crosscheck::printed(&text).unwrap_or_else(|| text.into_owned())
}

impl Report {
    /// Degrees Celsius: the drive's own, else attribute 194, else 190, else the SCT status.
    pub fn temperature_celsius(&self) -> Option<i64> {
        let by_attribute = || [194, 190].into_iter().find_map(|id| self.attribute(id)?.celsius());
        self.temperature.or_else(by_attribute).or(self.sct_temperature)
    }

    /// There is something that a verdict can rest on.
    pub(crate) fn has_data(&self) -> bool {
        !self.attributes.is_empty() || self.nvme.is_some() || self.scsi.is_some()
    }

    /// It answers, is awake, and says who it is and something of its health: it was spoken to in the right way.
    pub fn speaks(&self) -> bool {
        self.asleep || (self.has_data() && self.serial.is_some())
    }

    /// It is no drive that tells of its health: a virtual disk, a controller's volume, a card reader.
    pub fn lacks_smart(&self) -> bool {
        let lacks =
            |problem: &Problem| matches!(problem, Problem::Told { words, .. } if words.contains(LACKS));
        !self.has_data() && self.verdict.is_none() && self.problems.iter().any(lacks)
    }

    /// Whole hours: the drive's own, else attribute 9.
    pub fn power_on_hours(&self) -> Option<u64> {
        self.hours.or_else(|| self.attribute(9)?.hours())
    }

    pub fn attribute(&self, id: u8) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.id == id)
    }

    /// `MODEL SERIAL`: who the drive is, wherever it is plugged in.
    pub fn subject(&self) -> Option<String> {
        Some(format!("{} {}", self.model.as_deref().unwrap_or("unknown model"), self.serial.as_deref()?))
    }

    /// Packed error counters in the raw value are a habit of this maker.
    pub(crate) fn is_seagate(&self) -> bool {
        self.model.as_deref().is_some_and(|model| model.starts_with("ST") || model.starts_with("SEAGATE"))
    }
}

#[cfg(test)]
mod tests;
