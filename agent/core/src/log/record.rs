//! Records of several lines, such as a program's stack trace: a line that begins one, and those that follow.
//!
//! A record is handed on as one line, its parts joined by carriage returns, when the next one begins or nothing has come for a
//! moment. What is longer than a line may be is cut as a line is. Lines before the first record are lines.

use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

use super::line::{MAX_LINE_BYTES, trimmed};

/// Writers write a record at once.
const QUIET_MS: u64 = 1_000;

/// The records of one log.
#[derive(Clone, Debug)]
pub struct Records {
    begins: Regex,
    held: Held,
    /// When the last line came, boot milliseconds.
    last_ms: u64,
}

/// The record that may still grow, to be stored with the place up to which its log is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held(Option<String>);

impl Records {
    pub(super) fn new(begins: Regex) -> Self {
        Self { begins, held: Held::default(), last_ms: 0 }
    }

    /// What is held.
    pub const fn held(&self) -> &Held {
        &self.held
    }

    /// Whether no record waits for its end.
    pub const fn is_empty(&self) -> bool {
        self.held.0.is_none()
    }

    /// Goes on with what was held before a restart.
    pub fn resume(&mut self, held: Held, now_ms: u64) {
        (self.held, self.last_ms) = (held, now_ms);
    }

    /// Takes in whole lines and hands out the records that they end, each as a line with its end.
    pub fn feed(&mut self, block: &[u8], now_ms: u64, each: &mut dyn FnMut(&[u8])) {
        self.last_ms = now_ms;
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let text = trimmed(line);
            if self.begins.is_match(text) {
                self.end(each);
                self.held.0 = Some(String::from_utf8_lossy(text).into_owned());
                continue;
            }
            match &mut self.held.0 {
                None => each(line),
                Some(held) if held.len() < MAX_LINE_BYTES => {
                    held.push('\r');
                    held.push_str(&String::from_utf8_lossy(text));
                }
                Some(_) => {}
            }
        }
    }

    /// Hands out what is held when nothing has come for a moment.
    pub fn quiet(&mut self, now_ms: u64, each: &mut dyn FnMut(&[u8])) {
        if now_ms.saturating_sub(self.last_ms) >= QUIET_MS {
            self.end(each);
        }
    }

    /// Hands out what is held: nothing more will come.
    pub fn end(&mut self, each: &mut dyn FnMut(&[u8])) {
        if let Some(mut held) = self.held.0.take() {
            held.push('\n');
            each(held.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str =
        "a tail of the last one\n2026-11-25 ERROR boom\nTraceback:\n  at x\r\n2026-11-25 INFO fine\n";

    fn told(pieces: &[&str]) -> (Vec<String>, Records) {
        let mut records = Records::new(Regex::new(r"^\d{4}-").unwrap());
        let mut told = Vec::new();
        for piece in pieces {
            records.feed(piece.as_bytes(), 0, &mut |record| {
                told.push(String::from_utf8(record.to_vec()).unwrap());
            });
        }
        (told, records)
    }

    #[test]
    fn a_record_is_one_line_when_the_next_begins_or_nothing_comes() {
        let (mut got, mut records) = told(&[LOG]);
        assert_eq!(got, ["a tail of the last one\n", "2026-11-25 ERROR boom\rTraceback:\r  at x\n"]);
        records.quiet(900, &mut |_| panic!("it may go on"));
        let held = records.held().clone();
        let mut again = told(&[]).1;
        again.resume(held, 0);
        again.quiet(1_000, &mut |record| got.push(String::from_utf8(record.to_vec()).unwrap()));
        assert_eq!(got.last().unwrap(), "2026-11-25 INFO fine\n");
        assert_eq!(again.held(), &Held::default());
    }

    #[test]
    fn however_the_lines_come_the_records_are_the_same() {
        let lines: Vec<&str> = LOG.split_inclusive('\n').collect();
        assert_eq!(told(&lines).0, told(&[LOG]).0);
    }

    #[test]
    fn a_record_without_an_end_is_cut() {
        let many = format!("2026-\n{}", "y\n".repeat(200_000));
        let (_, records) = told(&[&many]);
        let held = serde_json::to_string(records.held()).unwrap();
        assert!(held.len() < MAX_LINE_BYTES * 3, "{}", held.len());
    }
}
