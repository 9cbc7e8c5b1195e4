//! What happened, a line each: when, to what, which move, the closeness bar, and why.

use std::io;

use jiff::tz::TimeZone;
use nearmiss_agent_core::evaluator::Transition;
use nearmiss_shared::bar::{self, Tone};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Physical;
use serde_json::Value;

use crate::cli::check::row::{cut, ink, padded};
use crate::output::{self, Ink, Terminal};

/// Letters of an instant, of a move.
const WHEN: usize = 19;
const MOVE: usize = 10;
/// Reasons have at least this much room, or the bar is short.
const LEAST_REASONS: usize = 24;
const WIDEST_BAR: usize = 20;

/// Tells transitions as they are found.
pub(super) struct Teller {
    pub(super) timeline: Timeline,
    pub(super) as_json: bool,
    /// The head of the columns is told before the first line.
    began: bool,
}

impl Teller {
    pub(super) fn new(as_json: bool, zone: TimeZone, about: usize) -> Self {
        let timeline = Timeline { terminal: Terminal::of_output(), zone, about };
        Self { timeline, as_json, began: false }
    }

    /// `approach` is the closeness at which it opens; `json` is made only where it is wanted.
    pub(super) fn tell(
        &mut self,
        transition: &Transition,
        approach: f64,
        about: &str,
        json: impl FnOnce() -> Value,
    ) -> io::Result<()> {
        if self.as_json {
            return output::json(&json());
        }
        if !std::mem::replace(&mut self.began, true) {
            output::line(&self.timeline.head())?;
        }
        output::line(&self.timeline.line(transition, approach, about))
    }
}

/// How lines are laid out.
pub(super) struct Timeline {
    pub(super) terminal: Terminal,
    pub(super) zone: TimeZone,
    /// Letters of what a line is about; 0 for none.
    pub(super) about: usize,
}

impl Timeline {
    /// What the columns are.
    pub(super) fn head(&self) -> String {
        let zone = self.zone.iana_name().unwrap_or("local time");
        let about = if self.about > 0 { format!("{}  ", " ".repeat(self.about)) } else { String::new() };
        let bar = match self.bar() {
            0..9 => format!("{:width$} ", "", width = self.bar()),
            width => padded("0 normal", width) + "│",
        };
        let line =
            format!("{}  {about}{}  {bar} 1 = failure; ┆ approach", padded(zone, WHEN), padded("move", MOVE));
        self.terminal.paint(Ink::Faint, &cut(&line, self.terminal.width))
    }

    /// One transition; `approach` is the closeness at which it opens.
    pub(super) fn line(&self, transition: &Transition, approach: f64, about: &str) -> String {
        let proximity = transition.proximity;
        let tone = match transition.to {
            Physical::Breached => Tone::Breached,
            Physical::Dark => Tone::NoData,
            _ => bar::tone(proximity, approach, false),
        };
        let about = if self.about > 0 {
            format!("{}  ", padded(&cut(about, self.about), self.about))
        } else {
            String::new()
        };
        let number = proximity.map_or_else(|| "   -".to_owned(), |near| format!("{:>4}", bar::number(near)));
        let reasons = start(&transition.reasons.join("; "), self.reasons());
        let paint = |text: &str| self.terminal.paint(ink(tone), text);
        let line = format!(
            "{}  {about}{}  {} {}  {reasons}",
            padded(&self.when(transition.at.wall), WHEN),
            paint(&padded(&cut(transition.kind.as_str(), MOVE), MOVE)),
            paint(&bar::draw(proximity, approach, None, self.bar())),
            paint(&number),
        );
        line.trim_end().to_owned()
    }

    /// An instant by the clock on the wall.
    pub(super) fn when(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at.to_jiff()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Letters left for bar and reasons.
    fn room(&self) -> usize {
        let about = if self.about > 0 { self.about + 2 } else { 0 };
        // Gaps of two, the bar's end, the number.
        self.terminal.width.saturating_sub(WHEN + 2 + about + MOVE + 2 + 1 + 1 + 4 + 2)
    }

    fn bar(&self) -> usize {
        let room = self.room();
        if room < LEAST_REASONS + 8 {
            room.min(4)
        } else {
            ((room - LEAST_REASONS) * 2 / 3).clamp(8, WIDEST_BAR)
        }
    }

    fn reasons(&self) -> usize {
        self.room().saturating_sub(self.bar())
    }
}

/// The first `width` letters: of a sentence its begin tells most.
fn start(text: &str, width: usize) -> String {
    let plain = cut(text, usize::MAX);
    if plain.chars().count() <= width {
        return plain;
    }
    let Some(left) = width.checked_sub(1) else { return String::new() };
    plain.chars().take(left).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use nearmiss_agent_core::evaluator::Replayer;
    use nearmiss_agent_core::rule::RuleSet;

    use super::*;

    fn opened() -> Transition {
        let judgement = RuleSet::default().judge("filesystem.free", "/srv", None).unwrap();
        let mut replayer = Replayer::new(judgement, "filesystem.free", "/srv");
        (0..5).for_each(|step| drop(replayer.sample(Timestamp::from_millis(step * 15_000), 0.1)));
        replayer.finish().0.remove(0)
    }

    #[test]
    fn a_line_says_when_state_closeness_and_why() {
        let terminal = Terminal { width: 120, height: None, colour: false };
        let timeline = Timeline { terminal, zone: TimeZone::get("Asia/Karachi").unwrap(), about: 0 };
        let line = timeline.line(&opened(), 0.7, "");
        assert!(line.starts_with("1970-01-01 05:00:30  approached  "), "{line}");
        assert!(line.contains("┆") && line.contains("│ 0.80  10.0 % (limit at"), "{line}");
        let end = |text: &str| text.chars().position(|letter| letter == '│');
        assert_eq!(end(&line), end(&timeline.head()));
    }

    #[test]
    fn no_line_is_wider_than_its_window() {
        for width in [40, 60, 80, 120, 200] {
            for about in [0, 20] {
                let terminal = Terminal { width, height: None, colour: false };
                let timeline = Timeline { terminal, zone: TimeZone::UTC, about };
                let lines = [timeline.head(), timeline.line(&opened(), 0.7, "a rather long rule 10.0.0.1")];
                let widest = lines.iter().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width.max(65), "{width}: {lines:#?}");
            }
        }
    }
}
