//! A curve in letters: time to the right, the value upwards, the approach level as a dotted line beside it.
//!
//! Each column shows the nearest to failure that the signal came in its time: a short dip is what is looked for. Where
//! nothing was read, nothing is drawn.

use jiff::tz::TimeZone;
use nearmiss_agent_core::history::Hour;
use nearmiss_agent_core::margin::number;
use nearmiss_shared::time::{Span, Timestamp};

use crate::output::{Ink, Terminal};

const ROWS: usize = 8;
/// Eighths of a cell from below.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const WIDEST: usize = 120;

/// How a curve is drawn.
pub(super) struct Plot {
    pub(super) unit: &'static str,
    pub(super) zone: TimeZone,
    pub(super) terminal: Terminal,
    pub(super) approach: Option<f64>,
    /// Whether small values are the bad ones.
    pub(super) falls: bool,
}

/// The clock on the wall, to the minute.
pub(super) fn when(zone: &TimeZone, at: Timestamp) -> String {
    zone.to_datetime(at.to_jiff()).strftime("%Y-%m-%d %H:%M").to_string()
}

impl Plot {
    pub(super) fn when(&self, at: Timestamp) -> String {
        when(&self.zone, at)
    }

    /// `points` are in order of time: hours, or single readings as hours of one.
    pub(super) fn lines(&self, points: &[Hour]) -> Vec<String> {
        let Some((first, last)) = points.first().zip(points.last()) else { return Vec::new() };
        let worst = |point: &Hour| if self.falls { point.min } else { point.max };
        let (mut low, mut high) = (worst(first), worst(first));
        for value in points.iter().map(worst).chain(self.approach.filter(|_| self.is_close(points))) {
            (low, high) = (low.min(value), high.max(value));
        }
        let level = |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
        let tick = self.approach.filter(|approach| (low..=high).contains(approach));
        let tick = tick.map(|approach| (row_of(level(approach)), approach));
        // The ends of the scale are told before the approach level, where that is as high.
        let label = |row: usize| match (row, tick) {
            (0, _) => number(low, self.unit),
            (row, _) if row == ROWS - 1 => number(high, self.unit),
            (row, Some((tick, approach))) if row == tick => number(approach, self.unit),
            _ => String::new(),
        };
        let margin = (0..ROWS).map(|row| label(row).chars().count()).max().unwrap_or(0);
        let width = self.terminal.width.min(WIDEST).saturating_sub(margin + 2).max(8);
        let columns = self.columns(points, first.at, last.at, width);
        let line = |row: usize| {
            let empty = if tick.is_some_and(|(tick, _)| tick == row) { '┄' } else { ' ' };
            let of = |value: &Option<f64>| value.map_or(empty, |value| cell(level(value), row, empty));
            let cells: String = columns.iter().map(of).collect();
            let label = label(row);
            let axis = self.terminal.paint(Ink::Faint, if label.is_empty() { "│" } else { "┤" });
            format!("{label:>margin$} {axis}{}", cells.trim_end())
        };
        let mut lines: Vec<String> = (0..ROWS).rev().map(line).collect();
        let (from, until) = (self.when(first.at), self.when(last.at));
        let gap = width.saturating_sub(from.chars().count() + until.chars().count()).max(1);
        let times = format!("{:margin$}  {from}{}{until}", "", " ".repeat(gap));
        lines.push(self.terminal.paint(Ink::Faint, &times));
        lines
    }

    /// `Past approach (15.0 %) at 31 of 480 points, first at 2026-11-24 22:10.`
    pub(super) fn past_approach(&self, points: &[Hour]) -> Option<String> {
        let approach = self.approach?;
        let is_past = |point: &&Hour| if self.falls { point.min <= approach } else { point.max >= approach };
        let mut past = points.iter().filter(is_past);
        let level = number(approach, self.unit);
        let Some(first) = past.next() else { return Some(format!("Never past approach ({level}).")) };
        let count = 1 + past.count();
        Some(format!(
            "Past approach ({level}) at {count} of {} points, first at {}.",
            points.len(),
            self.when(first.at)
        ))
    }

    /// Far below or above all that was read, the level would press the curve flat.
    fn is_close(&self, points: &[Hour]) -> bool {
        let Some(approach) = self.approach else { return false };
        let low = points.iter().map(|point| point.min).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max);
        let room = high - low;
        (low - room * 2.0..=high + room * 2.0).contains(&approach)
    }

    /// The worst value in each column's time; a value holds until the next one, where that came in time.
    fn columns(&self, points: &[Hour], from: Timestamp, until: Timestamp, width: usize) -> Vec<Option<f64>> {
        let mut columns: Vec<Option<f64>> = vec![None; width];
        let length = until.since(from).as_seconds().max(0.001);
        let column =
            |at: Timestamp| ((at.since(from).as_seconds() / length * width as f64) as usize).min(width - 1);
        let longest = usual(points).times(3);
        for (index, point) in points.iter().enumerate() {
            let (first, value) = (column(point.at), if self.falls { point.min } else { point.max });
            let next = points.get(index + 1).filter(|next| next.at.since(point.at) <= longest);
            let end = next.map_or(first + 1, |next| column(next.at).max(first + 1));
            for cell in columns.iter_mut().take(end).skip(first) {
                let worse = |before: f64| if self.falls { before.min(value) } else { before.max(value) };
                *cell = Some(cell.map_or(value, worse));
            }
        }
        columns
    }
}

/// The usual distance of two points: the median.
fn usual(points: &[Hour]) -> Span {
    let mut distances: Vec<Span> = points.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or_default()
}

fn row_of(level: f64) -> usize {
    ((level * ROWS as f64) as usize).min(ROWS - 1)
}

/// What of an area up to `level` (0..1) lies in this row; the lowest value is seen as one eighth.
fn cell(level: f64, row: usize, empty: char) -> char {
    let eighths = 1 + (level.clamp(0.0, 1.0) * (ROWS * 8 - 1) as f64).round() as usize;
    match eighths.saturating_sub(row * 8).min(8) {
        0 => empty,
        part => EIGHTHS.get(part).copied().unwrap_or(empty),
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_agent_core::history::Sample;

    use super::*;

    fn plot(width: usize, approach: Option<f64>) -> Plot {
        let terminal = Terminal { width, height: None, colour: false };
        Plot { unit: "ratio", zone: TimeZone::UTC, terminal, approach, falls: true }
    }

    fn fall() -> Vec<Hour> {
        let sample = |step: i32| Sample {
            at: Timestamp::from_millis(i64::from(step) * 60_000),
            value: 0.5 - f64::from(step) * 0.002,
        };
        (0..200).map(|step| Hour { at: sample(step).at, ..Hour::of(sample(step)) }).collect()
    }

    #[test]
    fn a_fall_goes_down_to_the_right_and_the_approach_level_is_a_line() {
        let lines = plot(60, Some(0.3)).lines(&fall());
        assert_eq!(lines.len(), ROWS + 1);
        assert!(lines[0].starts_with("50.0 % ┤▇") && !lines[0].ends_with('█'), "{lines:#?}");
        assert!(lines[ROWS - 1].starts_with("10.2 % ┤█"), "{lines:#?}");
        let tick: Vec<&String> = lines.iter().filter(|line| line.ends_with('┄')).collect();
        assert!(tick.len() == 1 && tick[0].starts_with("30.0 % ┤█"), "{lines:#?}");
        assert_eq!(lines[ROWS], format!("        1970-01-01 00:00{}1970-01-01 03:19", " ".repeat(20)));
        let filled = |line: &String| line.chars().filter(|letter| *letter == '█').count();
        assert!(
            lines.windows(2).take(ROWS - 1).all(|pair| filled(&pair[0]) <= filled(&pair[1])),
            "{lines:#?}"
        );
    }

    #[test]
    fn a_short_dip_is_seen_and_a_gap_is_empty() {
        let mut points = fall();
        points.iter_mut().for_each(|point| (point.min, point.max) = (0.4, 0.4));
        points[100].min = 0.01;
        points.drain(120..160);
        let bottom = plot(60, None).lines(&points).remove(ROWS - 2);
        let cells: Vec<char> = bottom.chars().skip(8).collect();
        let empty = cells.iter().filter(|cell| **cell == ' ').count();
        assert!((10..13).contains(&empty), "one column of the dip, and the gap: {bottom:?}");
        let few: Vec<Hour> = fall().into_iter().step_by(20).collect();
        let bottom = plot(60, None).lines(&few).remove(ROWS - 1);
        assert!(!bottom.chars().skip(8).any(|cell| cell == ' '), "few points are no gaps: {bottom:?}");
    }

    #[test]
    fn nothing_is_wider_than_its_window_and_what_does_not_move_is_drawn() {
        let flat: Vec<Hour> = fall().into_iter().map(|point| Hour { min: 0.3, max: 0.3, ..point }).collect();
        for width in [20, 40, 80, 200] {
            for points in [&fall(), &flat, &flat[..1].to_vec()] {
                let lines = plot(width, Some(0.15)).lines(points);
                let widest = lines.iter().take(ROWS).map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width.max(20), "{width}: {lines:#?}");
                assert!(lines.iter().any(|line| line.contains('█') || line.contains('▄')), "{lines:#?}");
            }
        }
        assert!(plot(80, None).lines(&[]).is_empty());
    }

    #[test]
    fn how_much_was_past_approach_is_said_in_words() {
        let told = |approach| plot(80, Some(approach)).past_approach(&fall()).unwrap();
        assert_eq!(told(0.15), "Past approach (15.0 %) at 25 of 200 points, first at 1970-01-01 02:55.");
        assert_eq!(told(0.05), "Never past approach (5.0 %).");
    }
}
