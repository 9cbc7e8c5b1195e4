//! The one writer of standard output and standard error, and what the terminal behind it can show.
//!
//! A reader that has gone (`check | head`) ends the output quietly. Colour is for terminals only, and not where
//! `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

/// The width for a reader that is no terminal.
const PLAIN_WIDTH: usize = 120;

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns; nothing is wider.
    pub width: usize,
    /// Rows of a terminal; `None` for a pipe or a file, which take any number.
    pub height: Option<usize>,
    pub colour: bool,
}

impl Terminal {
    /// Standard output as it is now.
    pub fn of_output() -> Self {
        let plain = Self { width: PLAIN_WIDTH, height: None, colour: false };
        if !io::stdout().is_terminal() {
            return plain;
        }
        let size = terminal_size::terminal_size();
        let (width, height) = size.map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()));
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Self {
            width: std::cmp::max(width, 20),
            height: Some(height),
            colour: set("NO_COLOR").is_none() && !dumb,
        }
    }
}

/// How a piece of text is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Plain,
    Bold,
    Faint,
    Amber,
    Red,
}

impl Terminal {
    /// `text` in this ink, or as it is where there is no colour.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            _ if !self.colour || text.trim().is_empty() => return text.to_owned(),
            Ink::Bold => "1",
            Ink::Faint => "2",
            Ink::Amber => "33",
            Ink::Red => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// One line on standard output.
///
/// # Errors
/// It cannot be written; a reader that has gone is no error.
pub fn line(text: &str) -> io::Result<()> {
    clear_progress();
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// These lines on a terminal that shows nothing else.
///
/// # Errors
/// It cannot be written.
pub fn screen(lines: &[String]) -> io::Result<()> {
    // Home, and each line to its end, then the rest: nothing flickers (ECMA-48 CUP, EL, ED).
    let drawn: Vec<String> = lines.iter().map(|line| format!("{line}\x1b[K\n")).collect();
    let mut out = io::stdout().lock();
    out.write_all(format!("\x1b[H{}\x1b[J", drawn.concat()).as_bytes())?;
    out.flush()
}

/// One JSON value on a line of standard output.
///
/// # Errors
/// It cannot be written.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// A problem, on standard error. Where that is closed there is nobody to tell.
pub fn problem(text: &str) {
    clear_progress();
    drop(writeln!(io::stderr().lock(), "nearmiss-agent: {text}"));
}

/// Whether the last line of standard error is one of [`progress`].
static IN_PROGRESS: AtomicBool = AtomicBool::new(false);

/// How far a long command is, on a line of standard error that the next one takes; nothing where that is no terminal.
/// An empty text clears the line.
pub fn progress(text: &str) {
    clear_progress();
    let mut error = io::stderr().lock();
    if !text.is_empty() && error.is_terminal() {
        IN_PROGRESS.store(true, Ordering::Relaxed);
        drop(write!(error, "{text}").and_then(|()| error.flush()));
    }
}

fn clear_progress() {
    if IN_PROGRESS.swap(false, Ordering::Relaxed) {
        drop(write!(io::stderr().lock(), "\r\x1b[K"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_for_terminals_that_have_it() {
        let mut terminal = Terminal { width: 80, height: Some(24), colour: true };
        assert_eq!(terminal.paint(Ink::Amber, "0.75"), "\x1b[33m0.75\x1b[0m");
        assert_eq!(terminal.paint(Ink::Plain, "0.75"), "0.75");
        terminal.colour = false;
        assert_eq!(terminal.paint(Ink::Red, "0.95"), "0.95");
    }
}
