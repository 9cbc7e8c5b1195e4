//! The logs of a report, and lines that carry no label: counters of a SAS drive, self-tests, standby, smartctl's own
//! errors.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1, space0, space1};
use nom::combinator::value;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::problem::Problem;
use super::{Protocol, Report, number};

/// Columns of a row of the error counter log: corrected fast, delayed, by rereads, total, invocations, gigabytes,
/// uncorrected (SPC-4, log pages 02h, 03h and 05h).
const COUNTERS: usize = 7;

/// `read:  0  0  0  0  0  0.000  UNCORRECTED`. True where the line is such a row, sound or not.
pub(super) fn error_counter(line_number: usize, line: &str, report: &mut Report) -> bool {
    let mut kind = alt((tag("read:"), tag("write:"), tag("verify:")));
    let parsed: IResult<&str, &str> = kind.parse(line.trim_start());
    let Ok((values, _)) = parsed else { return false };
    let sound = number::columns(values).is_ok_and(|(_, columns)| columns == COUNTERS);
    let last = values.split_ascii_whitespace().last().and_then(|word| word.parse::<u64>().ok());
    match (last.filter(|_| sound), report.scsi.as_mut()) {
        (Some(errors), Some(scsi)) => {
            let sum = scsi.uncorrected_errors.unwrap_or(0).saturating_add(errors);
            scsi.uncorrected_errors = Some(sum);
        }
        _ => report
            .problems
            .push(Problem::Unread { line: line_number, expected: "a row of seven error counters" }),
    }
    true
}

pub(super) fn is_self_test_heading(line: &str) -> bool {
    ["SMART Self-test log", "SMART Extended Self-test Log", "Self-test Log (NVMe"]
        .iter()
        .any(|heading| line.starts_with(heading))
}

/// `# 1  Short offline       Completed: read failure       90%      1234         5678` (ATA and SCSI), or
/// ` 0   Short             Completed: failed segments             1234            -     3   -    -` (NVMe). True
/// where the line is such a row.
pub(super) fn self_test(line: &str, report: &mut Report) -> bool {
    let parsed: IResult<&str, &str> =
        preceded((space0, char::<&str, _>('#'), space0), terminated(digit1, space1)).parse(line);
    let nvme = |line| -> IResult<&str, &str> { preceded(space1, terminated(digit1, space1)).parse(line) };
    let of_nvme = report.protocol == Some(Protocol::Nvme);
    let Some((told, _)) = parsed.ok().or_else(|| nvme(line).ok().filter(|_| of_nvme)) else { return false };
    report.self_tests += 1;
    report.self_tests_failed += u64::from(is_failed(told));
    true
}

/// Statuses 3 to 8 of the ATA standard (ACS-4, table of self-test execution status), as every version words them,
/// their kin of SPC-4, and results 5 to 7 of NVM Express.
fn is_failed(told: &str) -> bool {
    const FAILED: [&str; 6] = [
        "Completed: ",
        "Completed, segment failed",
        "Fatal or unknown",
        "Failed in segment",
        "failed in segment",
        "Unknown error, incomplete",
    ];
    FAILED.iter().any(|words| told.contains(words))
}

/// Lines that are no field: standby, warnings, errors of smartctl itself.
pub(super) fn remark(line_number: usize, line: &str, report: &mut Report) {
    // What smartctl says of itself begins a line, with a word: most lines of a report are numbers or indented.
    if !line.starts_with(|first: char| first.is_ascii_alphabetic() || "/=".contains(first)) {
        return;
    }
    let words = line.trim();
    if is_asleep(words) {
        report.asleep = true;
    } else if words == "No Errors Logged" {
        report.error_log_count.get_or_insert(0);
    } else if is_complaint(words) {
        report.problems.push(Problem::told(line_number, words));
    }
}

/// `Device is in STANDBY mode, exit(2)`: whatever the exit number was set to, and every state below idle.
fn is_asleep(words: &str) -> bool {
    let state = alt((tag("STANDBY"), tag("SLEEP"), tag("IDLE")));
    let rest = take_while1(|_| true);
    let mut asleep = value(true, (tag::<_, &str, ()>("Device is in "), state, rest));
    asleep.parse(words).is_ok() || words.contains("NOT READY (standby)")
}

/// smartctl says that something did not work.
fn is_complaint(words: &str) -> bool {
    const STARTS: [&str; 10] = [
        "Warning!",
        "Error SMART",
        "Smartctl:",
        "Smartctl open device",
        "SMART Disabled",
        "SMART support is: Unavailable",
        "Read Device Identity failed",
        "A mandatory SMART command failed",
        "ERROR:",
        "=======> UNRECOGNIZED OPTION",
    ];
    STARTS.iter().any(|start| words.starts_with(start))
        || [
            "Unable to detect device type",
            "Unknown device type",
            "failed: ",
            "failed [",
            "Unknown USB bridge",
            // SCSI devices have it in another column.
            "device lacks SMART capability",
        ]
        .iter()
        .any(|part| words.contains(part))
}
