//! `replay drive-stats`: daily statistics of many drives, judged day by day as they would have been at the time.

use std::path::{Path, PathBuf};

use nearmiss_agent_core::drive_stats::{Line, Reader, Replay, Summary, Told, date};
use nearmiss_agent_core::outlook::Sensitivity;
use serde_json::json;

use crate::cli::arguments::ReplayDrives;
use crate::cli::{Ended, Exit, Failure, input, smart};
use crate::output;

/// Of the lines that are no rows, so many are told each by itself.
const FAULTS_TOLD: u64 = 10;

pub(in crate::cli) fn run(options: &ReplayDrives) -> Ended {
    let sensitivity = if options.sensitivity_is_high() { Sensitivity::High } else { Sensitivity::Default };
    let files = files(&options.folder);
    if files.is_empty() {
        let folder = options.folder.display();
        return Err(Failure::unreachable(format!("{folder} holds no .csv and no .csv.gz file")));
    }
    let mut reading = Reading { replay: Replay::new(sensitivity), rows: 0, faults: 0 };
    for (index, file) in files.iter().enumerate() {
        output::progress(&format!("{} of {} files, {} rows", index + 1, files.len(), reading.rows));
        reading.file(file)?;
    }
    output::progress("");
    if reading.rows == 0 {
        return Err(Failure::unreachable(format!("{} holds no row of a drive", options.folder.display())));
    }
    for (serial, told) in reading.replay.drives().filter(|_| options.each) {
        each(serial, told, options.json)?;
    }
    let summary = reading.replay.summary();
    if options.json {
        output::json(&summary)?;
    } else {
        tell(&summary, sensitivity, reading.faults)?;
    }
    Ok(Exit::Fine)
}

/// In the order of their names, which is that of their days.
fn files(folder: &Path) -> Vec<PathBuf> {
    let is_csv = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".csv") || name.ends_with(".csv.gz")
    };
    smart::walk(folder).into_iter().filter(|path| is_csv(path) || path == folder && path.is_file()).collect()
}

struct Reading {
    replay: Replay,
    rows: u64,
    faults: u64,
}

impl Reading {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let mut reader = Reader::default();
        let mut number = 0_u64;
        let mut wrong = None;
        let read = input::lines(path, &mut |line| {
            number += 1;
            match reader.line(line) {
                Line::Row(row) => match self.replay.row(row) {
                    Ok(()) => self.rows += 1,
                    Err(fault) => wrong = wrong.or(Some((number, fault))),
                },
                Line::Bad(why) => {
                    self.faults += 1;
                    if self.faults <= FAULTS_TOLD {
                        output::problem(&format!("{}:{number}: {why}; left out", path.display()));
                    }
                }
                Line::Head | Line::Blank => {}
            }
        });
        read.map_err(|fault| Failure::unreachable(format!("{}: {fault}", path.display())))?;
        match wrong {
            None => Ok(()),
            Some((line, fault)) => Err(Failure::unreachable(format!(
                "{}:{line}: {fault}: files are read in the order of their names, and a day is judged by earlier ones alone",
                path.display()
            ))),
        }
    }
}

fn each(serial: &str, told: &Told, as_json: bool) -> std::io::Result<()> {
    let (approach, reasons) = match &told.first_approach {
        Some((day, reasons)) => (Some(date(*day)), reasons.as_slice()),
        None => (None, &[][..]),
    };
    let failed = told.failed.map(date);
    if as_json {
        return output::json(&json!({
            "serial": serial, "model": told.model, "first_approach": approach, "failed": failed, "reasons": reasons,
        }));
    }
    let fate = failed.map_or_else(String::new, |day| format!(", failed {day}"));
    match approach {
        Some(day) => {
            output::line(&format!("{serial} ({}): warned {day}{fate}: {}", told.model, reasons.join("; ")))
        }
        None if fate.is_empty() => Ok(()),
        None => output::line(&format!("{serial} ({}): no warning{fate}", told.model)),
    }
}

fn tell(summary: &Summary, sensitivity: Sensitivity, faults: u64) -> std::io::Result<()> {
    let part = |some: usize, all: usize| match all {
        0 => "none".to_owned(),
        all => format!("{:.1} %", some as f64 / all as f64 * 100.0),
    };
    let Summary {
        drives,
        failed,
        failed_with_history,
        warned_before_failure,
        healthy,
        healthy_warned,
        lead_days,
    } = *summary;
    output::line(&format!(
        "{drives} drives, {failed} failed, {failed_with_history} of them seen on an earlier day"
    ))?;
    output::line(&format!(
        "{warned_before_failure} of {failed} that failed were warned of on an earlier day ({}); {healthy_warned} of \
         {healthy} healthy ones were warned of too ({}); sensitivity {sensitivity}",
        part(warned_before_failure, failed),
        part(healthy_warned, healthy),
    ))?;
    if let (Some(median), Some(p10)) = (lead_days.median, lead_days.p10) {
        output::line(&format!("warned {median} days ahead at the median, {p10} or more for nine in ten"))?;
    }
    if faults > 0 {
        output::line(&format!("{faults} lines were no rows and were left out"))?;
    }
    Ok(())
}
