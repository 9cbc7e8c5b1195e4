//! Records of several lines, such as a program's stack trace: a line that begins one, and those that follow.
//!
//! Rules say what begins a record, each for itself; what they are not about is lines to the others. A record is handed on as one
//! line, its parts joined by carriage returns, when the next one begins or nothing has come for a moment. What is longer than a
//! line may be is cut as a line is. Lines before the first record are lines.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::Regex;

use super::line::{MAX_LINE_BYTES, trimmed};

/// Writers write a record at once.
const QUIET_MS: u64 = 1_000;

/// The records of one log.
#[derive(Clone, Debug)]
pub struct Records {
    kinds: Vec<Kind>,
    /// When the last line came, boot milliseconds.
    last_ms: u64,
}

/// The records that begin in one way.
#[derive(Clone, Debug)]
struct Kind {
    /// As the rules have it.
    begins: String,
    pattern: Regex,
    /// The record that may still grow.
    held: Option<Vec<u8>>,
}

/// The records that may still grow, by what begins them, to be stored with the place up to which their log is read.
pub type Held = BTreeMap<String, String>;

impl Records {
    /// `None` where no rule asks for any. Patterns were validated when the rules were read.
    pub(super) fn new(begins: BTreeSet<&str>) -> Option<Self> {
        let kind = |begins: &str| {
            Some(Kind { begins: begins.to_owned(), pattern: Regex::new(begins).ok()?, held: None })
        };
        let kinds: Vec<Kind> = begins.into_iter().filter_map(kind).collect();
        (!kinds.is_empty()).then_some(Self { kinds, last_ms: 0 })
    }

    /// What is held; bytes that are no UTF-8 are stored as the sign for them.
    pub fn held(&self) -> Held {
        let text = |kind: &Kind| {
            let held = kind.held.as_ref()?;
            Some((kind.begins.clone(), String::from_utf8_lossy(held).into_owned()))
        };
        self.kinds.iter().filter_map(text).collect()
    }

    /// Whether no record waits for its end.
    pub fn is_empty(&self) -> bool {
        self.kinds.iter().all(|kind| kind.held.is_none())
    }

    /// Goes on with what was held before a restart.
    pub fn resume(&mut self, held: &Held, now_ms: u64) {
        for kind in &mut self.kinds {
            kind.held = held.get(&kind.begins).map(|text| text.clone().into_bytes());
        }
        self.last_ms = now_ms;
    }

    /// Takes in whole lines and hands out the records that they end, each with what begins it and as a line with its end.
    pub fn feed(&mut self, block: &[u8], now_ms: u64, each: &mut dyn FnMut(&str, &[u8])) {
        self.last_ms = now_ms;
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            self.kinds.iter_mut().for_each(|kind| kind.feed(line, each));
        }
    }

    /// Hands out what is held when nothing has come for a moment.
    pub fn quiet(&mut self, now_ms: u64, each: &mut dyn FnMut(&str, &[u8])) {
        if now_ms.saturating_sub(self.last_ms) >= QUIET_MS {
            self.end(each);
        }
    }

    /// Hands out what is held: nothing more will come.
    pub fn end(&mut self, each: &mut dyn FnMut(&str, &[u8])) {
        self.kinds.iter_mut().for_each(|kind| kind.end(each));
    }
}

impl Kind {
    fn feed(&mut self, line: &[u8], each: &mut dyn FnMut(&str, &[u8])) {
        let text = trimmed(line);
        if self.pattern.is_match(text) {
            self.end(each);
            self.held = Some(text.to_vec());
            return;
        }
        match &mut self.held {
            None => each(&self.begins, line),
            Some(held) if held.len() < MAX_LINE_BYTES => {
                held.push(b'\r');
                held.extend_from_slice(text);
            }
            Some(_) => {}
        }
    }

    fn end(&mut self, each: &mut dyn FnMut(&str, &[u8])) {
        if let Some(mut held) = self.held.take() {
            held.push(b'\n');
            each(&self.begins, &held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] =
        b"a tail of the last one\n2026-11-25 ERROR boom\nTraceback:\n  at \xff\r\n2026-11-25 INFO fine\n";
    const BEGINS: [&str; 2] = [r"^\d{4}-", "ERROR"];

    fn told(pieces: &[&[u8]]) -> (Vec<String>, Records) {
        let mut records = Records::new(BEGINS.into()).unwrap();
        let mut told = Vec::new();
        for piece in pieces {
            records.feed(piece, 0, &mut |begins, record| {
                told.push(format!("{begins} {}", record.trim_ascii_end().escape_ascii()));
            });
        }
        told.sort();
        (told, records)
    }

    #[test]
    fn each_way_to_begin_has_its_own_records_that_end_when_the_next_begins_or_nothing_comes() {
        let (got, mut records) = told(&[LOG]);
        assert_eq!(
            got,
            [
                "ERROR a tail of the last one",
                r"^\d{4}- 2026-11-25 ERROR boom\rTraceback:\r  at \xff",
                r"^\d{4}- a tail of the last one",
            ]
        );
        records.quiet(900, &mut |_, _| panic!("it may go on"));
        let held = records.held();
        let mut again = told(&[]).1;
        again.resume(&held, 0);
        let mut rest = Vec::new();
        again.quiet(1_000, &mut |begins, record| rest.push((begins.to_owned(), record.to_vec())));
        let (last, longer) = (
            "2026-11-25 INFO fine\n",
            "2026-11-25 ERROR boom\rTraceback:\r  at \u{fffd}\r2026-11-25 INFO fine\n",
        );
        let want = [("ERROR", longer), (r"^\d{4}-", last)];
        assert_eq!(rest, want.map(|(begins, text)| (begins.to_owned(), text.as_bytes().to_vec())));
        assert!(again.is_empty() && again.held().is_empty());
    }

    #[test]
    fn however_the_lines_come_the_records_are_the_same() {
        let lines: Vec<&[u8]> = LOG.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(told(&lines).0, told(&[LOG]).0);
    }

    #[test]
    fn a_record_without_an_end_is_cut() {
        let many = format!("2026-\n{}", "y\n".repeat(200_000));
        let (_, records) = told(&[many.as_bytes()]);
        let held = serde_json::to_string(&records.held()).unwrap();
        assert!(held.len() < MAX_LINE_BYTES * 3, "{}", held.len());
    }
}
