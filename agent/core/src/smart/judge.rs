//! From a report to readings: each count, level and verdict as a distance to failure of one drive.

use super::{DriveState, Nvme, Protocol, Report, Verdict, WhenFailed};
use crate::ordinal;
use crate::proximity::Limits;
use crate::reading::{Measure, Reading, SAID, Stamp};
use crate::signal::{Scale, spec};

/// Attribute id -> signal, for counts of events.
const COUNTS: [(u8, &str); 9] = [
    (5, "disk.reallocated"),
    (196, "disk.reallocation_events"),
    (187, "disk.reported_uncorrectable"),
    (197, "disk.pending_sectors"),
    (198, "disk.offline_uncorrectable"),
    (188, "disk.command_timeouts"),
    (199, "disk.crc_errors"),
    (10, "disk.spin_retries"),
    (184, "disk.end_to_end_errors"),
];
/// Attributes whose normalised value falls from 100 to its threshold as flash wears out.
const WEAR: [u8; 5] = [177, 202, 231, 233, 173];

/// The ATA attribute whose count this signal is.
pub fn attribute_of(signal: &str) -> Option<u8> {
    COUNTS.iter().find(|(_, name)| *name == signal).map(|(id, _)| *id)
}

impl Report {
    /// The count of events that attribute `id` holds; `None` where the drive has none or it cannot be told.
    pub fn count(&self, id: u8) -> Option<u64> {
        self.attribute(id)?.count(self.is_seagate())
    }

    /// Our judgement. PASSED never overrules a count.
    pub fn state(&self) -> DriveState {
        if self.asleep {
            return DriveState::Asleep;
        }
        let failing_now =
            self.attributes.iter().any(|row| row.when_failed == WhenFailed::Now && row.prefailure);
        if self.verdict == Some(Verdict::Failed) || failing_now {
            return DriveState::Failing;
        }
        if self.levels().iter().any(|(signal, value, limits)| is_near(signal, *value, *limits)) {
            return DriveState::Approaching;
        }
        if self.verdict.is_some() && self.has_data() { DriveState::Healthy } else { DriveState::Unknown }
    }

    /// Every number of the report that a signal exists for, with the drive's own limits.
    fn levels(&self) -> Vec<(&'static str, f64, Option<Limits>)> {
        let mut levels = Vec::new();
        for (id, signal) in COUNTS {
            levels.extend(self.count(id).map(|count| (signal, count as f64, None)));
        }
        if self.self_tests > 0 {
            levels.push(("disk.failed_self_tests", self.self_tests_failed as f64, None));
        }
        // An NVMe drive logs harmless things: there it is no signal.
        let logged = self.error_log_count.filter(|_| self.protocol == Some(Protocol::Ata));
        levels.extend(logged.map(|count| ("disk.logged_errors", count as f64, None)));
        if let Some(nvme) = &self.nvme {
            levels.extend(nvme_levels(nvme));
        }
        if let Some(scsi) = &self.scsi {
            levels.extend(scsi.grown_defects.map(|count| ("disk.grown_defects", count as f64, None)));
            levels
                .extend(scsi.uncorrected_errors.map(|count| ("disk.uncorrected_errors", count as f64, None)));
            levels.extend(scsi.percentage_used.map(|used| ("disk.wear", used as f64, None)));
        }
        levels.extend(self.ata_wear().map(|used| ("disk.wear", used, None)));
        let own = self.temperature_limits();
        levels.extend(self.temperature_celsius().map(|degrees| ("disk.temperature", degrees as f64, own)));
        levels
    }

    /// Percent used: how far the worst wear attribute has fallen from 100 to its threshold.
    fn ata_wear(&self) -> Option<f64> {
        WEAR.iter()
            .filter_map(|id| self.attribute(*id))
            .filter_map(|row| {
                let (value, threshold) = (f64::from(row.value?), f64::from(row.threshold.unwrap_or(0)));
                (value <= 100.0 && threshold < 100.0).then(|| (100.0 - value) / (100.0 - threshold) * 100.0)
            })
            .max_by(f64::total_cmp)
    }
}

fn nvme_levels(nvme: &Nvme) -> Vec<(&'static str, f64, Option<Limits>)> {
    let threshold = nvme.available_spare_threshold.unwrap_or(10) as f64;
    let spare = Limits::new(100.0, threshold + 10.0, threshold + 5.0, threshold);
    let spare = Some(spare).filter(Limits::are_ordered);
    [
        nvme.available_spare.map(|left| ("disk.spare", left as f64, spare)),
        nvme.percentage_used.map(|used| ("disk.wear", used as f64, None)),
        nvme.media_errors.map(|count| ("disk.media_errors", count as f64, None)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_near(signal: &str, value: f64, own: Option<Limits>) -> bool {
    match spec(signal).map(|spec| spec.scale) {
        Some(Scale::Ordinal(family)) => ordinal::closeness(family, value, 0.0).0 >= ordinal::APPROACH,
        Some(Scale::Limited(shipped)) => {
            let limits = own.unwrap_or(shipped);
            limits.proximity(value) >= limits.proximity(limits.approach)
        }
        None => false,
    }
}

/// What such a count points at, where that is not the drive.
fn remark(signal: &str) -> Option<&'static str> {
    match signal {
        "disk.crc_errors" => {
            Some("damaged on the way: look at the cable, the backplane, the controller first")
        }
        "disk.command_timeouts" => Some("look at power and cable first"),
        _ => None,
    }
}

/// One reading a signal; for a drive that gives no verdict, an unread one. A drive that sleeps gives none.
pub fn readings(report: &Report, at: Stamp) -> Vec<Reading> {
    let Some(subject) = report.subject() else { return Vec::new() };
    let reading = |signal: &str, measure: Measure| {
        let mut reading = Reading::of(signal, &subject, at, measure);
        reading.labels.extend(report.model.clone().map(|model| ("model".to_owned(), model)));
        reading.labels.extend(report.serial.clone().map(|serial| ("serial".to_owned(), serial)));
        reading.labels.extend(report.protocol.map(|known| ("protocol".to_owned(), known.to_string())));
        reading
    };
    let state = report.state();
    if state == DriveState::Asleep {
        return Vec::new();
    }
    let mut all: Vec<Reading> = Vec::new();
    for (signal, value, limits) in report.levels() {
        let mut level = reading(signal, Measure::Value(value));
        level.limits = limits;
        if let Some(said) = remark(signal).filter(|_| value > 0.0) {
            level = level.label(SAID, said);
        }
        all.push(level);
    }
    if state == DriveState::Unknown {
        let why = "smartctl gave no verdict that anything supports".to_owned();
        all.push(reading("disk.verdict", Measure::Invalid { why }));
        return all;
    }
    all.push(reading("disk.attribute", failing_attributes(report)));
    all.push(reading("disk.verdict", verdict(report)));
    all
}

fn failing_attributes(report: &Report) -> Measure {
    let failing: Vec<String> = report
        .attributes
        .iter()
        .filter(|row| row.when_failed == WhenFailed::Now)
        .map(|row| {
            let level =
                |level: Option<u16>| level.map_or_else(|| "---".to_owned(), |level| level.to_string());
            format!(
                "attribute {} {}: value {}, threshold {}",
                row.id,
                row.name,
                level(row.value),
                level(row.threshold)
            )
        })
        .collect();
    if failing.is_empty() {
        return Measure::Value(0.0);
    }
    let serial = report.serial.as_deref().unwrap_or("unknown");
    Measure::Trigger {
        value: Some(failing.len() as f64),
        reason: format!("{} (serial {serial})", failing.join("; ")),
    }
}

fn verdict(report: &Report) -> Measure {
    let serial = report.serial.as_deref().unwrap_or("unknown");
    let warning = report.nvme.as_ref().and_then(|nvme| nvme.critical_warning).filter(|bits| *bits != 0);
    match (report.verdict, warning) {
        (_, Some(bits)) if report.protocol == Some(Protocol::Nvme) => Measure::Trigger {
            value: Some(1.0),
            reason: format!("critical warning 0x{bits:02x}: {} (serial {serial})", warnings(bits)),
        },
        (Some(Verdict::Failed), _) => Measure::Trigger {
            value: Some(1.0),
            reason: format!("the drive says it is failing (serial {serial})"),
        },
        _ => Measure::Value(0.0),
    }
}

/// The bits of the NVMe critical warning in words.
fn warnings(bits: u64) -> String {
    const BITS: [&str; 6] = [
        "spare below its threshold",
        "temperature out of range",
        "reliability degraded",
        "read-only",
        "volatile memory backup failed",
        "persistent memory region unreliable",
    ];
    let told: Vec<&str> =
        BITS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, word)| *word).collect();
    if told.is_empty() { "bits of a later standard".to_owned() } else { told.join(", ") }
}
