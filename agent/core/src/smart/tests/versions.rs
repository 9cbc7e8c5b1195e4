//! Forms that no recorded drive shows: one small report each, as the version prints it.

use super::super::*;

/// From the first versions to the newest, one of each form.
pub(super) const SAMPLES: [(&str, &str); 5] =
    [("5.0", FIRST), ("5.38 SAS", OLD_SAS), ("7.2 SAS", SAS), ("7.5 NVMe", NVME), ("6.6 brief", BRIEF)];

const FIRST: &str = "\
smartctl version 5.0-8 - S.M.A.R.T. Control Software

Device: ACME-040AVER07-0  Supports ATA Version 5
Drive supports S.M.A.R.T. and is enabled
Check S.M.A.R.T. Passed

Vendor Specific SMART Attributes with Thresholds:
Revision Number: 16
Attribute                    Flag     Value Worst Threshold Raw Value
(  1)Raw Read Error Rate     0x000b   095   095   060       458761
(  5)Reallocated Sector Ct   0x0033   100   100   005       7
(  9)Power On Hours          0x0012   100   100   000       709
( 10)Spin Retry Count        0x0013   058   050   060       12
(194)Temperature             0x0002   157   057   060       35

";

const OLD_SAS: &str = "\
smartctl version 5.38 [x86_64-redhat-linux-gnu] Copyright (C) 2002-8 Bruce Allen
Home page is http://smartmontools.sourceforge.net/

Device: ACME     ST000300SS       Version: 0003
Serial number: 3SE0ABCD
Device type: disk
Transport protocol: SAS
Local Time is: Fri Oct 31 10:45:58 2008 CST
Device supports SMART and is Enabled
Temperature Warning Disabled or Not Supported
SMART Health Status: OK

Current Drive Temperature:     30 C
Drive Trip Temperature:        68 C
Elements in grown defect list: 2
Vendor (Seagate) cache information
  Blocks sent to initiator = 3752023409
Vendor (Seagate/Hitachi) factory information
  number of hours powered up = 34120.02
  number of minutes until next internal SMART test = 1

Error counter log:
           Errors Corrected by           Total   Correction     Gigabytes    Total
               ECC          rereads/    errors   algorithm      processed    uncorrected
           fast | delayed   rewrites  corrected  invocations   [10^9 bytes]  errors
read:   248894024        0         0  248894024  248894024      85241.186           3
write:         0        0         0         0          0      30998.996           1
verify:   340001        0         0    340001     340001        141.757           0

Non-medium error count:       51
No self-tests have been logged
";

const SAS: &str = "\
smartctl 7.2 2020-12-30 r5155 [x86_64-linux-5.10.0-8-amd64] (local build)
Copyright (C) 2002-20, Bruce Allen, Christian Franke, www.smartmontools.org

=== START OF INFORMATION SECTION ===
Vendor:               ACME
Product:              SSD-960
Revision:             A1B2
User Capacity:        960,197,124,096 bytes [960 GB]
Serial number:        SAS0001
Device type:          disk
Transport protocol:   SAS (SPL-4)

=== START OF READ SMART DATA SECTION ===
SMART Health Status: FIRMWARE IMPENDING FAILURE TOO MANY BLOCK REASSIGNS [asc=5d, ascq=64]

Percentage used endurance indicator: 7%
Current Drive Temperature:     31 C
Drive Trip Temperature:        70 C

Accumulated power on time, hours:minutes 21867:04
Elements in grown defect list: 14

SMART Self-test log
Num  Test              Status                 segment  LifeTime  LBA_first_err [SK ASC ASQ]
     Description                              number   (hours)
# 1  Background short  Failed in segment -->       3   21000           0x1234 [0x3 0x11 0x0]
# 2  Background short  Completed                   -   20000                 - [-   -    -]
";

const NVME: &str = "\
smartctl 7.5 2025-04-30 r5714 [x86_64-linux-6.12.0] (local build)
Copyright (C) 2002-25, Bruce Allen, Christian Franke, www.smartmontools.org

=== START OF INFORMATION SECTION ===
Model Number:                       ACME NVME 1TB
Serial Number:                      NV0001
Firmware Version:                   1.0
Total NVM Capacity:                 1.000.204.886.016 [1,00 TB]
Number of Namespaces:               1

=== START OF SMART DATA SECTION ===
SMART overall-health self-assessment test result: FAILED!
- available spare has fallen below threshold

SMART/Health Information (NVMe Log 0x02, NSID 0xffffffff)
Critical Warning:                   0x01
Temperature:                        45 Celsius
Available Spare:                    8%
Available Spare Threshold:          10%
Percentage Used:                    112%
Power On Hours:                     12.011
Media and Data Integrity Errors:    4
Error Information Log Entries:      119,699

Self-test Log (NVMe Log 0x06, NSID 0xffffffff)
Self-test status: No self-test in progress
Num  Test_Description  Status                       Power_on_Hours  Failing_LBA  NSID Seg SCT Code
 0   Short             Completed: failed segments             11990            -     -   3   -    -
 1   Short             Completed without error                11000            -     -   -   -    -

";

const BRIEF: &str = "\
smartctl 6.6 2016-05-31 r4324 [x86_64-linux-4.15.0] (local build)

=== START OF INFORMATION SECTION ===
Device Model:     ACME 4000
Serial Number:    WD-0001
User Capacity:    4\u{a0}000\u{a0}787\u{a0}030\u{a0}016 bytes [4,00 TB]
ATA Version is:   ACS-2

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: PASSED
ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE
  1 Raw_Read_Error_Rate     POSR--   083   064   ---    -    206158430208
  5 Reallocated_Sector_Ct   PO--CK   100   100   010    Past 57920 (0 1)
  9 Power_On_Hours          -O--CK   046   046   000    -    48089h+12m+05.123s
190 Airflow_Temperature_Cel -O---K   067   044   045    NOW  33 (Min/Max 26/56 #18007)
198 Offline_Uncorrectable   ----C-   100   100   000    -    0/1807783
                            ||||||_ K auto-keep
                            |||||__ C event count

General Purpose Log Directory Version 1
Device Error Count: 65535 (device log contains only the most recent 4 errors)
SCT Status Version:                  3
Current Temperature:                    34 Celsius

";

fn sample(name: &str) -> Report {
    let (_, text) = SAMPLES.iter().find(|(known, _)| *known == name).unwrap();
    let report = parse(text.as_bytes()).unwrap();
    assert_eq!(report.problems, [], "{name}");
    report
}

#[test]
fn the_first_versions_table_tells_id_levels_and_count() {
    let report = sample("5.0");
    assert_eq!(report.model.as_deref(), Some("ACME-040AVER07-0"));
    assert_eq!((report.verdict, report.protocol), (Some(Verdict::Passed), Some(Protocol::Ata)));
    assert_eq!((report.power_on_hours(), report.temperature_celsius()), (Some(709), Some(35)));
    let ids: Vec<u8> = report.attributes.iter().map(|row| row.id).collect();
    assert_eq!(ids, [1, 5, 9, 10, 194]);
    let failed = report.attributes.iter().map(|row| row.when_failed);
    let (now, past, never) = (WhenFailed::Now, WhenFailed::Past, WhenFailed::Never);
    assert_eq!(failed.collect::<Vec<_>>(), [never, never, never, now, past]);
    assert_eq!(report.attribute(5).unwrap().count(false), Some(7));
}

#[test]
fn a_sas_drive_of_old_has_no_headings_and_hours_behind_an_equals_sign() {
    let report = sample("5.38 SAS");
    assert_eq!(report.subject().as_deref(), Some("ACME ST000300SS 3SE0ABCD"));
    assert_eq!((report.protocol, report.verdict), (Some(Protocol::Scsi), Some(Verdict::Passed)));
    let scsi = report.scsi.unwrap();
    assert_eq!(
        (scsi.grown_defects, scsi.uncorrected_errors, scsi.trip_temperature),
        (Some(2), Some(4), Some(68))
    );
    assert_eq!((report.power_on_hours(), report.temperature_celsius()), (Some(34120), Some(30)));
    assert_eq!(report.self_tests, 0);
}

#[test]
fn a_sas_drives_sense_code_is_a_failure_whatever_its_words() {
    let report = sample("7.2 SAS");
    assert_eq!(report.model.as_deref(), Some("ACME SSD-960"));
    assert_eq!(report.verdict, Some(Verdict::Failed));
    let scsi = report.scsi.unwrap();
    assert_eq!((scsi.grown_defects, scsi.percentage_used), (Some(14), Some(7)));
    assert_eq!(report.power_on_hours(), Some(21867));
    assert_eq!((report.self_tests, report.self_tests_failed), (2, 1));
}

#[test]
fn an_nvme_drive_in_another_locale() {
    let report = sample("7.5 NVMe");
    assert_eq!((report.protocol, report.verdict), (Some(Protocol::Nvme), Some(Verdict::Failed)));
    let nvme = report.nvme.unwrap();
    assert_eq!(
        (nvme.critical_warning, nvme.available_spare, nvme.percentage_used),
        (Some(1), Some(8), Some(112))
    );
    assert_eq!((nvme.media_errors, report.error_log_count), (Some(4), Some(119_699)));
    assert_eq!((report.hours, report.capacity_bytes), (Some(12011), Some(1_000_204_886_016)));
    assert_eq!((report.self_tests, report.self_tests_failed), (2, 1));
}

#[test]
fn the_brief_table_past_and_now_and_numbers_packed_in_words() {
    let report = sample("6.6 brief");
    let failed: Vec<WhenFailed> = report.attributes.iter().map(|row| row.when_failed).collect();
    let (now, past, never) = (WhenFailed::Now, WhenFailed::Past, WhenFailed::Never);
    assert_eq!(failed, [never, past, never, now, never]);
    assert_eq!(report.attribute(1).unwrap().threshold, None);
    assert_eq!(report.attribute(1).unwrap().count(true), Some(48));
    assert_eq!(report.attribute(5).unwrap().count(false), Some(57920));
    assert_eq!(report.attribute(198).unwrap().count(false), Some(0));
    assert_eq!((report.power_on_hours(), report.temperature_celsius()), (Some(48089), Some(33)));
    assert_eq!((report.error_log_count, report.capacity_bytes), (Some(65535), Some(4_000_787_030_016)));
    // An old-age attribute below its threshold is heat, not a drive that says it fails.
    assert_ne!(report.state(), DriveState::Failing);
}
