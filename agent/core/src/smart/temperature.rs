//! How hot a drive may get: its own word for it, where it gives one.

use super::Report;
use crate::proximity::Limits;

/// Below this a limit is a default that nobody set, above it a number that no drive survives. Degrees Celsius.
const CREDIBLE: std::ops::RangeInclusive<i64> = 46..=125;

impl Report {
    /// Levels by the drive's own trip temperature: of SCSI, of NVMe, by SCT. `None` where it tells none.
    pub(super) fn temperature_limits(&self) -> Option<Limits> {
        let credible = |degrees: &i64| CREDIBLE.contains(degrees);
        let trip = self.scsi.and_then(|scsi| scsi.trip_temperature).filter(credible);
        let critical = self.critical_temperature.filter(credible);
        let warning = self.warning_temperature.filter(credible);
        let limits = match (trip, critical, warning) {
            (None, Some(critical), Some(warning)) if warning < critical => slowing(warning, critical),
            (None, None, Some(warning)) => stopping(warning),
            _ => stopping(trip.or(critical).or(self.sct_temperature_limit.filter(credible))?),
        };
        Some(limits).filter(Limits::are_ordered)
    }
}

/// It slows down first: that is critical, since it works worse from there on.
fn slowing(warning: i64, critical: i64) -> Limits {
    let (warning, critical) = (warning as f64, critical as f64);
    Limits::new(normal(warning), warning - 5.0, warning, critical)
}

fn stopping(trip: i64) -> Limits {
    let trip = trip as f64;
    Limits::new(normal(trip), trip - 5.0, trip - 2.0, trip)
}

fn normal(trip: f64) -> f64 {
    40.0_f64.min(trip - 20.0)
}

#[cfg(test)]
mod tests {
    use super::super::{Scsi, parse};
    use super::*;

    fn limits(report: &Report) -> Option<(f64, f64, f64)> {
        report.temperature_limits().map(|limits| (limits.approach, limits.critical, limits.limit))
    }

    #[test]
    fn a_drive_is_judged_by_its_own_trip() {
        let scsi = |trip| Report {
            scsi: Some(Scsi { trip_temperature: Some(trip), ..Scsi::default() }),
            ..Report::default()
        };
        let nvme = |warning, critical| Report {
            warning_temperature: Some(warning),
            critical_temperature: Some(critical),
            ..Report::default()
        };
        let sct = |limit| Report { sct_temperature_limit: Some(limit), ..Report::default() };
        for (report, told) in [
            (scsi(68), Some((63.0, 66.0, 68.0))),
            (scsi(0), None),
            (nvme(84, 88), Some((79.0, 84.0, 88.0))),
            (nvme(84, 84), Some((79.0, 82.0, 84.0))),
            (nvme(70, 0), Some((65.0, 68.0, 70.0))),
            (nvme(0, 0), None),
            (sct(70), Some((65.0, 68.0, 70.0))),
            (sct(0), None),
        ] {
            assert_eq!(limits(&report), told, "{report:?}");
        }
    }

    #[test]
    fn nvme_and_sct_limits_are_read_as_smartctl_prints_them() {
        let nvme = "smartctl 7.3\nNVMe Version: 1.4\nWarning  Comp. Temp. Threshold:     84 Celsius\n\
                    Critical Comp. Temp. Threshold:     85 Celsius\n";
        let report = parse(nvme.as_bytes()).unwrap();
        assert_eq!(limits(&report), Some((79.0, 84.0, 85.0)));
        assert!(!report.has_data(), "a limit is no health");
        for (line, limit) in [
            ("Min/Max Temperature Limit:           -41/85 Celsius", Some(85)),
            ("Min/Max Temperature Limit:            0/ 0 Celsius", Some(0)),
        ] {
            let report = parse(format!("smartctl 7.3\n{line}\n").as_bytes()).unwrap();
            assert_eq!(report.sct_temperature_limit, limit, "{line}");
        }
    }
}
