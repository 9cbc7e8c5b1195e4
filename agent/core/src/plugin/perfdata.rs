//! Performance data: `'label'=value[unit];[warn];[crit];[min];[max]`, parted by spaces.

use super::clean;
use super::range::Range;

/// Values of one plugin that are kept.
pub(super) const MAX_VALUES: usize = 200;
const MAX_LABEL: usize = 100;
const MAX_UNIT: usize = 16;

/// One value, in the base unit: seconds, bytes, percent, or what the plugin counts in.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub label: String,
    /// `None` where the plugin says `U`: it could not be determined.
    pub value: Option<f64>,
    /// `seconds`, `bytes`, `percent`, the plugin's own word, or nothing.
    pub unit: String,
    pub warning: Option<Range>,
    pub critical: Option<Range>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// A plain count that is told without a fraction.
    pub whole: bool,
}

/// Every value of `text` that can be read, each label once; what lies between is skipped.
pub fn values(text: &str) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && values.len() < MAX_VALUES {
        let (found, after) = match labelled(rest) {
            Some((label, told)) => {
                let (told, after) = split_word(told);
                (value(&label, told), after)
            }
            None => (None, split_word(rest).1),
        };
        values.extend(found.filter(|found| values.iter().all(|known| known.label != found.label)));
        rest = after.trim_start();
    }
    values
}

fn split_word(text: &str) -> (&str, &str) {
    text.find(char::is_whitespace).map_or((text, ""), |end| text.split_at(end))
}

/// The label before `=`, and what follows. A quoted label may hold spaces, and `''` for a quote.
fn labelled(text: &str) -> Option<(String, &str)> {
    let (label, told) = match text.strip_prefix('\'') {
        Some(quoted) => unquoted(quoted)?,
        None => {
            let end = text.find(|letter: char| letter == '=' || letter.is_whitespace())?;
            let (label, told) = text.split_at(end);
            (label.to_owned(), told)
        }
    };
    let told = told.strip_prefix('=')?;
    (!label.is_empty()).then(|| (clean(&label, MAX_LABEL), told))
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                label.push('\'');
                rest = more;
            }
            None => return Some((label, after)),
        }
    }
}

/// `value[unit];[warn];[crit];[min];[max]`. A part that cannot be read is as one that was not told.
fn value(label: &str, text: &str) -> Option<Value> {
    let mut parts = text.split(';');
    let (number, written) = split_number(parts.next()?);
    let value = match number {
        "" if written == "U" => None,
        number => Some(number.parse().ok().filter(|value: &f64| value.is_finite())?),
    };
    let (unit, factor) = base_unit(written);
    // Some plugins repeat the unit in their ranges.
    let mut part = || parts.next().map(|part| part.strip_suffix(written).unwrap_or(part));
    let mut ranges = [part(), part()].into_iter().map(|range| Range::parse(range?));
    let (warning, critical) = (ranges.next().flatten(), ranges.next().flatten());
    let mut bound = || part()?.parse().ok().filter(|bound: &f64| bound.is_finite());
    let (min, max) = (bound(), bound());
    let is_count = factor == 1.0 && (unit.is_empty() || unit == "c");
    Some(Value {
        label: label.to_owned(),
        value: value.map(|value| value * factor),
        unit,
        warning: warning.map(|range| range.scaled(factor)),
        critical: critical.map(|range| range.scaled(factor)),
        min: min.map(|min: f64| min * factor),
        max: max.map(|max: f64| max * factor),
        whole: is_count && !number.contains(['.', 'e', 'E']),
    })
}

/// The number that `text` begins with, and the unit after it.
fn split_number(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    while digit(end) || bytes.get(end) == Some(&b'.') {
        end += 1;
    }
    if end > 0 && matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        if digit(signed) {
            end = signed;
            while digit(end) {
                end += 1;
            }
        }
    }
    text.split_at(end)
}

/// The base unit of a unit of measurement, and what one of it is in that. `KB` is 1000 bytes, `KiB` 1024.
fn base_unit(written: &str) -> (String, f64) {
    let (unit, factor) = match written {
        "s" => ("seconds", 1.0),
        "ms" => ("seconds", 1e-3),
        "us" | "µs" => ("seconds", 1e-6),
        "ns" => ("seconds", 1e-9),
        "%" => ("percent", 1.0),
        "B" => ("bytes", 1.0),
        "KB" | "kB" => ("bytes", 1e3),
        "MB" => ("bytes", 1e6),
        "GB" => ("bytes", 1e9),
        "TB" => ("bytes", 1e12),
        "KiB" => ("bytes", 1024.0),
        "MiB" => ("bytes", 1_048_576.0),
        "GiB" => ("bytes", 1_073_741_824.0),
        "TiB" => ("bytes", 1_099_511_627_776.0),
        "U" => ("", 1.0),
        other => return (clean(other, MAX_UNIT), 1.0),
    };
    (unit.to_owned(), factor)
}
