//! The lines of an exposition: `name{label="value",...} value [timestamp]`.

use std::collections::BTreeMap;

use super::Series;
use super::selector::Selector;

/// A series with more labels is no series of an exporter that is well.
const MAX_LABELS: usize = 64;
/// Series of one selector that are kept.
const MAX_SERIES: usize = 1000;

/// For each selector the series that it matches, in the order of their telling.
pub fn read(body: &[u8], selectors: &[&Selector]) -> Vec<Vec<Series>> {
    let body = String::from_utf8_lossy(body);
    let mut found: Vec<Vec<Series>> = selectors.iter().map(|_| Vec::new()).collect();
    for line in body.lines() {
        let line = line.trim_start();
        let name = &line[..line.find(|letter| !is_name(letter)).unwrap_or(line.len())];
        // Comments have no name; of thousands of lines few are wanted.
        if name.is_empty() || selectors.iter().all(|selector| selector.name != name) {
            continue;
        }
        let Some(series) = series(&line[name.len()..]) else { continue };
        for (selector, found) in selectors.iter().zip(&mut found) {
            if found.len() < MAX_SERIES && selector.matches(name, &series.labels) {
                found.push(series.clone());
            }
        }
    }
    found
}

/// Letters of a metric's name; a label's has no colon.
pub(super) const fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':')
}

/// What follows the name. A timestamp, and what OpenMetrics puts after it, is not needed.
fn series(text: &str) -> Option<Series> {
    let (labels, rest) = match text.trim_start().strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (BTreeMap::new(), text),
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Series { labels, value })
}

/// The labels up to the closing brace, and what follows it.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, told) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(is_name) || labels.len() == MAX_LABELS {
            return None;
        }
        let (value, after) = quoted(told.trim_start().strip_prefix('"')?, '"')?;
        labels.insert(name.to_owned(), value);
        rest = after.trim_start();
        rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
    }
}

/// The text up to the closing quote with its escapes undone (`\\`, `\"`, `\n`), and what follows it.
pub(super) fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other if other == quote || other == '\\' => value.push(other),
                other => value.extend(['\\', other]),
            },
            letter if letter == quote => return Some((value, &text[at + quote.len_utf8()..])),
            letter => value.push(letter),
        }
    }
    None
}
