//! A report line by line: which section a line stands in, and who reads it there.

use nom::Parser;
use nom::bytes::complete::{tag, take_till1};
use nom::combinator::{opt, verify};
use nom::sequence::preceded;

use super::problem::Problem;
use super::{NotAReport, Protocol, Report, Verdict, attribute, field, logs};

/// Where a line stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Labels,
    /// The attribute table; the row before may still go on where lines were wrapped.
    Table,
    ErrorCounters,
    SelfTests,
}

#[derive(Default)]
struct Reader {
    report: Report,
    place: Place,
}

pub(super) fn report(text: &str) -> Result<Report, NotAReport> {
    let mut reader = Reader::default();
    let mut last = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        last = index + 1;
        match line.strip_suffix('\n') {
            Some(whole) => reader.line(last, whole.trim_end()),
            // Half a number is a number too: a line without its end is not read.
            None => reader.report.problems.push(Problem::Unread { line: last, expected: "the line's end" }),
        }
    }
    reader.finish(last.max(1))
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        if self.report.smartctl_version.is_none() {
            self.report.smartctl_version = version(line);
        }
        self.turn(line);
        let read = match self.place {
            Place::Labels => false,
            Place::Table => self.row(number, line),
            Place::ErrorCounters => logs::error_counter(number, line, &mut self.report),
            Place::SelfTests => logs::self_test(line, &mut self.report),
        };
        if !read {
            field::take(number, line, &mut self.report);
            logs::remark(number, line, &mut self.report);
        }
    }

    /// A heading moves on to its section; an empty line ends a table, but not the list of self-tests.
    fn turn(&mut self, line: &str) {
        if attribute::is_heading(line) {
            self.report.protocol.get_or_insert(Protocol::Ata);
            self.place = Place::Table;
        } else if line.starts_with("Error counter log:") {
            self.report.protocol.get_or_insert(Protocol::Scsi);
            self.report.scsi.get_or_insert_default();
            self.place = Place::ErrorCounters;
        } else if logs::is_self_test_heading(line) {
            self.place = Place::SelfTests;
        } else if line.trim().is_empty() {
            if self.place != Place::SelfTests {
                self.place = Place::Labels;
            }
        } else if ["===", "SMART ", "General "].iter().any(|heading| line.starts_with(heading)) {
            self.place = Place::Labels;
        }
    }

    /// A row of the attribute table. What follows a row and is none may be the rest of it: then its raw value is
    /// open.
    fn row(&mut self, number: usize, line: &str) -> bool {
        if attribute::is_heading(line) || attribute::is_legend(line) {
            return true;
        }
        match attribute::row(line) {
            Ok((_, row)) => self.report.attributes.push(row),
            Err(_) => {
                if let Some(before) = self.report.attributes.last_mut() {
                    before.whole = false;
                }
                let expected = "a row of the attribute table";
                self.report.problems.push(Problem::Unread { line: number, expected });
                return false;
            }
        }
        true
    }

    fn finish(self, lines: usize) -> Result<Report, NotAReport> {
        let mut report = self.report;
        let has_data = report.has_data();
        let empty = report.smartctl_version.is_none() && report.verdict.is_none() && !has_data;
        if empty && !report.asleep && report.serial.is_none() {
            let expected = "a line `smartctl VERSION` and a drive's health are expected";
            return Err(NotAReport { line: lines, expected });
        }
        if report.verdict == Some(Verdict::Passed) && !has_data {
            let what = "PASSED, but nothing that shows it: no attributes and no health log";
            report.problems.push(Problem::Missing(what));
        }
        if report.verdict.is_none() && !report.asleep {
            report.problems.push(Problem::Missing("no verdict"));
        }
        Ok(report)
    }
}

/// The number after `smartctl version` (to 5.38) or `smartctl` (later).
fn version(line: &str) -> Option<String> {
    let number = verify(take_till1(char::is_whitespace), |word: &str| {
        word.starts_with(|first: char| first.is_ascii_digit())
    });
    let mut words = preceded((tag("smartctl "), opt(tag("version ")), opt(tag("pre-"))), number);
    let parsed: nom::IResult<&str, &str> = words.parse(line);
    parsed.ok().map(|(_, number)| number.to_owned())
}
