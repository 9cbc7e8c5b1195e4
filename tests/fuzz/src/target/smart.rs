//! smartctl's reports and scans.

use nearmiss_agent_core::smart;

use super::text;
use crate::Target;

pub(crate) const REPORT: Target = Target {
    name: "smart-report",
    run: report,
    seeds: &[
        "smartctl 7.3 2022-02-28 r5338 [x86_64] (local build)\nDevice Model: A\nSerial Number: 1\n\
         SMART overall-health self-assessment test result: PASSED\n\
         ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE\n\
         \x20 5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       12\n\
         194 Temperature_Celsius     0x0022   036   045   000    Old_age   Always       -       36 (Min/Max 20/45)\n",
        "smartctl 7.5\nModel Number: N\nCritical Warning: 0x01\nTemperature: 40 Celsius\nAvailable Spare: 8%\n",
        "Device: A B  Version: 1\nError counter log:\nread: 1 0 0 1 1 0.5 2\nElements in grown defect list: 2\n",
        "{\"smartctl\":{\"output\":[\"smartctl 7.3\",\"Serial Number: 1\"]},\"serial_number\":\"2\"}",
    ],
    corpus: Some("smart/text"),
};

/// A report is one line of JSON, the same each time, and no number of it is from a row that is not whole.
fn report(bytes: &[u8]) {
    let Ok(report) = smart::parse(bytes) else { return };
    let line = smart::line("file", &report).expect("a report is told");
    assert!(!line.contains('\n') && serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
    for row in report.attributes.iter().filter(|row| !row.whole) {
        assert_eq!(row.count(true), None, "{row:?}");
    }
    assert_eq!(smart::parse(bytes), Ok(report));
}

pub(crate) const SCAN: Target = Target {
    name: "smart-scan",
    run: |bytes| {
        let scan = smart::scan(&text(bytes));
        assert!(
            scan.drives.iter().all(|drive| !drive.device.is_empty() && !drive.kind.contains(' ')),
            "{scan:?}"
        );
    },
    seeds: &["/dev/sda -d sat # /dev/sda [SAT], ATA device\n# /dev/sdb -d scsi # /dev/sdb open failed: No\n"],
    corpus: None,
};
