//! One measured figure, and how it is printed.

use std::io::Write;

use anyhow::Result;
use serde_json::json;

/// Ours beside a peer or a limit of the same run.
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    /// `MiB`, `CPU s in 120 s`, ...
    pub(crate) unit: String,
    pub(crate) ours: f64,
    /// Who, and its figure; `None` where the peer is not installed.
    pub(crate) peer: (&'static str, Option<f64>),
    /// The largest ratio of ours to the peer's that is good.
    pub(crate) goal: f64,
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        self.peer.1.filter(|peer| *peer > 0.0).map(|peer| self.ours / peer)
    }

    fn verdict(&self) -> &'static str {
        match self.ratio() {
            Some(ratio) if ratio <= self.goal => "met",
            Some(_) => "missed",
            None => "not measured",
        }
    }
}

/// Writes one line to standard output.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The table, or a line of JSON a figure.
pub(crate) fn print(figures: &[Figure], json: bool) -> Result<()> {
    if json {
        for figure in figures {
            say(&json!({
                "what": figure.what, "unit": figure.unit, "ours": figure.ours, "peer": figure.peer.0,
                "theirs": figure.peer.1, "ratio": figure.ratio(), "goal": figure.goal, "verdict": figure.verdict(),
            })
            .to_string())?;
        }
        return Ok(());
    }
    if figures.is_empty() {
        return Ok(());
    }
    say(&format!(
        "{:<28} {:>9} {:>9}  {:<16} {:<24} {:>6} {:>8}",
        "what", "ours", "theirs", "unit", "peer", "ratio", "goal"
    ))?;
    for figure in figures {
        let theirs = figure.peer.1.map_or_else(|| "-".to_owned(), |peer| format!("{peer:.3}"));
        let ratio = figure.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        say(&format!(
            "{:<28} {:>9.3} {:>9}  {:<16} {:<24} {:>6} {:>8}  {}",
            figure.what,
            figure.ours,
            theirs,
            figure.unit,
            figure.peer.0,
            ratio,
            format!("<= {}", figure.goal),
            figure.verdict()
        ))?;
    }
    Ok(())
}
