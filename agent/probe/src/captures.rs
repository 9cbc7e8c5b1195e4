//! What probes and follower saw on the way and evidence may need: a drive's last report, the lines a rule matched.
//!
//! In memory only, bounded in entries and bytes; the one seen longest ago goes first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearmiss_agent_core::redundancy::{Array, drive_of};
use nearmiss_shared::time::Timestamp;

const MAX_REPORTS: usize = 256;
const MAX_REPORT_BYTES: usize = 256 * 1024;
const MAX_SUBJECTS: usize = 1024;
const MAX_LINES: usize = 200;
const MAX_LINE_BYTES: usize = 2048;

/// A shared handle; clones see the same captures.
#[derive(Clone, Debug, Default)]
pub struct Captures(Arc<Mutex<Kept>>);

/// A text as a probe got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub at: Timestamp,
    /// The command that printed it.
    pub method: String,
    pub text: Vec<u8>,
}

#[derive(Debug, Default)]
struct Kept {
    reports: BTreeMap<String, Report>,
    /// The kernel's name of a drive that is near failure, to who it is.
    near: BTreeMap<String, String>,
    /// Arrays that are not whole, with the drives that they had when they were, and have.
    broken: BTreeMap<String, BTreeSet<String>>,
    whole: BTreeMap<String, BTreeSet<String>>,
    lines: BTreeMap<(String, String), Lines>,
}

#[derive(Debug)]
struct Lines {
    last: Timestamp,
    lines: VecDeque<(Timestamp, String, Vec<u8>)>,
}

impl Captures {
    /// Keeps the last report about `subject`, cut to a bound.
    pub fn keep_report(&self, subject: &str, mut report: Report) {
        report.text.truncate(MAX_REPORT_BYTES);
        let mut kept = self.lock();
        kept.reports.insert(subject.to_owned(), report);
        if kept.reports.len() > MAX_REPORTS {
            let oldest = kept.reports.iter().min_by_key(|(_, report)| report.at).map(|(key, _)| key.clone());
            oldest.and_then(|key| kept.reports.remove(&key));
        }
    }

    pub fn report(&self, subject: &str) -> Option<Report> {
        self.lock().reports.get(subject).cloned()
    }

    /// Notes whether the drive at `device` is near failure itself: who it is, or `None` where it is well.
    pub fn keep_near(&self, device: &str, drive: Option<&str>) {
        let name = drive_of(device).to_owned();
        let mut kept = self.lock();
        match drive {
            Some(drive) => drop(kept.near.insert(name, drive.to_owned())),
            None => drop(kept.near.remove(&name)),
        }
    }

    /// The drives that are near failure, by the kernel's names.
    pub fn near(&self) -> BTreeMap<String, String> {
        self.lock().near.clone()
    }

    /// Notes which drives each array has, and whether it is whole. Of one that is not, those that it had before count too.
    pub fn keep_arrays(&self, arrays: &[Array]) {
        let mut kept = self.lock();
        let (mut broken, mut whole) = (BTreeMap::new(), BTreeMap::new());
        for array in arrays.iter().filter(|array| array.is_redundant()) {
            let mut drives: BTreeSet<String> =
                array.members.iter().map(|member| drive_of(member).to_owned()).collect();
            if array.is_whole() {
                whole.insert(array.subject.clone(), drives);
            } else {
                let before = kept.broken.remove(&array.subject).or_else(|| kept.whole.remove(&array.subject));
                drives.extend(before.unwrap_or_default());
                broken.insert(array.subject.clone(), drives);
            }
        }
        (kept.broken, kept.whole) = (broken, whole);
    }

    /// The array that is not whole and that the drive at `device` was or is in.
    pub fn not_whole(&self, device: &str) -> Option<String> {
        let drive = drive_of(device);
        let kept = self.lock();
        let array = kept.broken.iter().find(|(_, drives)| drives.contains(drive));
        array.map(|(subject, _)| subject.clone())
    }

    /// Keeps a line that counted for this signal and subject, with the file it stood in.
    pub fn keep_line(&self, signal: &str, subject: &str, at: Timestamp, file: &str, line: &[u8]) {
        let mut kept = self.lock();
        let entry = kept
            .lines
            .entry((signal.to_owned(), subject.to_owned()))
            .or_insert_with(|| Lines { last: at, lines: VecDeque::new() });
        entry.last = at;
        entry.lines.push_back((at, file.to_owned(), line.get(..MAX_LINE_BYTES).unwrap_or(line).to_vec()));
        if entry.lines.len() > MAX_LINES {
            entry.lines.pop_front();
        }
        if kept.lines.len() > MAX_SUBJECTS {
            let oldest = kept.lines.iter().min_by_key(|(_, lines)| lines.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| kept.lines.remove(&key));
        }
    }

    /// The lines kept for a signal and subject: arrival time, file, line.
    pub fn lines(&self, signal: &str, subject: &str) -> Option<Vec<u8>> {
        let kept = self.lock();
        let entry = kept.lines.get(&(signal.to_owned(), subject.to_owned()))?;
        let mut text = Vec::new();
        for (at, file, line) in &entry.lines {
            text.extend_from_slice(format!("{at} {file}: ").as_bytes());
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        Some(text)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_bounded_and_the_oldest_goes_first() {
        let captures = Captures::default();
        let other = captures.clone();
        for number in 0..MAX_SUBJECTS as i64 + 5 {
            let at = Timestamp::from_millis(number);
            let subject = format!("10.0.0.{number}");
            captures.keep_line("log.guessing", &subject, at, "/var/log/auth.log", b"Failed password");
            let report = Report { at, method: "smartctl".to_owned(), text: vec![b'x'; MAX_REPORT_BYTES + 1] };
            captures.keep_report(&subject, report);
        }
        assert_eq!(other.lines("log.guessing", "10.0.0.0"), None);
        let text = other.lines("log.guessing", "10.0.0.1000").unwrap();
        assert_eq!(text, b"1970-01-01T00:00:01.000Z /var/log/auth.log: Failed password\n");
        assert_eq!(other.report("10.0.0.0"), None);
        assert_eq!(other.report("10.0.0.1000").unwrap().text.len(), MAX_REPORT_BYTES);
    }

    #[test]
    fn the_last_lines_of_a_subject_are_kept() {
        let captures = Captures::default();
        for number in 0..MAX_LINES + 3 {
            let line = format!("line {number}");
            captures.keep_line("log.a", "", Timestamp::from_millis(0), "f", line.as_bytes());
        }
        let text = String::from_utf8(captures.lines("log.a", "").unwrap()).unwrap();
        assert_eq!(text.lines().count(), MAX_LINES);
        assert!(text.lines().next().unwrap().ends_with("f: line 3"));
    }
}
