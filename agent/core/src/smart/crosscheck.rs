//! `smartctl --json=o` (7.0 and newer): one drive access that gives the text *and* the JSON.
//!
//! The text is read as everywhere. The JSON only checks it: model, serial, verdict, and each attribute's value and raw
//! value. Where the two differ neither is taken, the field stays unknown, and the report is kept with the problem.

use std::fmt::Display;

use serde::Deserialize;

use super::problem::Problem;
use super::{NotAReport, Report, Verdict, text};

/// What of the JSON is looked at. Unknown fields are ignored.
#[derive(Deserialize)]
struct Json {
    smartctl: Smartctl,
    model_name: Option<String>,
    serial_number: Option<String>,
    smart_status: Option<Status>,
    ata_smart_attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Smartctl {
    output: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Status {
    passed: bool,
}

#[derive(Deserialize)]
struct Attributes {
    table: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: u8,
    value: Option<u16>,
    raw: Raw,
}

#[derive(Deserialize)]
struct Raw {
    string: String,
}

pub(super) fn report(bytes: &str) -> Result<Report, NotAReport> {
    let json: Json = serde_json::from_str(bytes).map_err(|fault| NotAReport {
        line: fault.line(),
        expected: "the whole JSON object of `smartctl --json=o` is expected",
    })?;
    let Some(lines) = &json.smartctl.output else {
        let expected = "the lines of text inside the JSON are expected: ask smartctl with --json=o";
        return Err(NotAReport { line: 1, expected });
    };
    let mut report = text::report(&joined(lines))?;
    json.check(&mut report);
    Ok(report)
}

/// The text lines inside; `None` where this is no such JSON.
pub(super) fn printed(bytes: &str) -> Option<String> {
    let json: Json = serde_json::from_str(bytes).ok()?;
    json.smartctl.output.map(|lines| joined(&lines))
}

fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

impl Json {
    fn check(&self, report: &mut Report) {
        let problems = &mut report.problems;
        agree("model", &mut report.model, self.model_name.as_ref(), problems);
        agree("serial", &mut report.serial, self.serial_number.as_ref(), problems);
        let verdict = self
            .smart_status
            .as_ref()
            .map(|status| if status.passed { Verdict::Passed } else { Verdict::Failed });
        agree("verdict", &mut report.verdict, verdict.as_ref(), problems);
        let rows = self.ata_smart_attributes.as_ref().map_or(&[][..], |attributes| &attributes.table);
        for row in rows {
            row.check(report);
        }
    }
}

impl Row {
    fn check(&self, report: &mut Report) {
        let id = self.id;
        let Some(ours) = report.attributes.iter_mut().find(|ours| ours.id == id) else {
            let (text, json) = ("nothing".to_owned(), self.raw.string.clone());
            report.problems.push(Problem::Differs { what: format!("attribute {id}"), text, json });
            return;
        };
        agree(
            &format!("value of attribute {id}"),
            &mut ours.value,
            self.value.as_ref(),
            &mut report.problems,
        );
        if ours.whole && ours.raw != self.raw.string {
            ours.whole = false;
            let (text, json) = (ours.raw.clone(), self.raw.string.clone());
            report.problems.push(Problem::Differs {
                what: format!("raw value of attribute {id}"),
                text,
                json,
            });
        }
    }
}

/// What only one of the two says is no difference.
fn agree<T: PartialEq + Display>(
    what: &str,
    ours: &mut Option<T>,
    json: Option<&T>,
    problems: &mut Vec<Problem>,
) {
    let (Some(text), Some(json)) = (ours.as_ref(), json) else { return };
    if text == json {
        return;
    }
    let (text, json) = (text.to_string(), json.to_string());
    problems.push(Problem::Differs { what: what.to_owned(), text, json });
    *ours = None;
}
