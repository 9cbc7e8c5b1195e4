//! Texts in columns, each as wide as its longest text. On a terminal no line is wider than the window; a pipe takes
//! any width.

use super::check::row::cut;
use crate::output::{Ink, Terminal};

/// Between two columns.
const GAP: usize = 2;
/// A column but the last is never wider.
const WIDEST: usize = 36;

/// The lines of `rows`, the first of which is the head.
pub(super) fn lines(rows: &[Vec<String>], terminal: Terminal) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        let letters = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
        letters.max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = (0..count.saturating_sub(1)).map(widest).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, text) in row.iter().enumerate() {
            match widths.get(column) {
                Some(width) => {
                    let text = cut(text, *width);
                    let padding = width - text.chars().count() + GAP;
                    line.push_str(&text);
                    line.push_str(&" ".repeat(padding));
                }
                None => line.push_str(text),
            }
        }
        let width = terminal.height.map_or(usize::MAX, |_| terminal.width);
        cut(line.trim_end(), width)
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if let Some(head) = lines.first_mut() {
        *head = terminal.paint(Ink::Faint, head);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_and_no_line_is_wider_than_the_window() {
        let row = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let rows = [row(["a", "b", "what"]), row(["longer", "x", "words and more words"])];
        let terminal = Terminal { width: 24, height: Some(9), colour: false };
        assert_eq!(lines(&rows, terminal), ["a       b  what", "longer  x  w… more words"]);
    }
}
