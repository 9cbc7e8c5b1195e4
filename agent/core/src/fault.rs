//! Reading TOML so that every fault is told at once, with file, line and what would be right.

use std::fmt;
use std::ops::Range;

use nearmiss_shared::time::Span;
use toml_edit::{Document, Item, TableLike, Value};

/// One thing wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    /// 1 is the first line.
    pub line: usize,
    pub what: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}; {}", self.file, self.line, self.what, self.expected)
    }
}

/// A file being read: its text, and the faults found so far.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, faults: Vec::new() }
    }

    /// The document, or a fault that says where it stops being TOML.
    pub(crate) fn document(&mut self) -> Option<Document<&'a str>> {
        match Document::parse(self.text) {
            Ok(document) => Some(document),
            Err(fault) => {
                self.fault(fault.span(), fault.message(), "valid TOML is expected here");
                None
            }
        }
    }

    pub(crate) fn fault(
        &mut self,
        at: Option<Range<usize>>,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let start = at.map_or(0, |range| range.start).min(self.text.len());
        let line = self.text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        self.faults.push(Fault {
            file: self.file.to_owned(),
            line,
            what: what.into(),
            expected: expected.into(),
        });
    }

    /// Tells every key that is not `known`, with the nearest that is.
    pub(crate) fn only(&mut self, table: &dyn TableLike, place: &str, known: &[&str]) {
        for (name, item) in table.iter() {
            if known.contains(&name) {
                continue;
            }
            let at = table.key(name).and_then(|key| key.span()).or_else(|| item.span());
            let expected = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.fault(at, format!("unknown key `{name}` in {place}"), expected);
        }
    }

    fn read<T>(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let item = table.get(key)?;
        let found = item.as_value().and_then(read);
        if found.is_none() {
            self.fault(item.span(), format!("`{key}` is {}", describe(item)), expected);
        }
        found
    }

    pub(crate) fn string(&mut self, table: &dyn TableLike, key: &str) -> Option<String> {
        self.read(table, key, "a string is expected", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn boolean(&mut self, table: &dyn TableLike, key: &str) -> Option<bool> {
        self.read(table, key, "true or false is expected", Value::as_bool)
    }

    pub(crate) fn number(&mut self, table: &dyn TableLike, key: &str) -> Option<f64> {
        self.read(table, key, "a number is expected", |value| {
            value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64))
                .filter(|number| number.is_finite())
        })
    }

    pub(crate) fn integer(&mut self, table: &dyn TableLike, key: &str, range: Range<i64>) -> Option<i64> {
        let expected = format!("a whole number from {} to {} is expected", range.start, range.end - 1);
        self.read(table, key, &expected, |value| value.as_integer().filter(|number| range.contains(number)))
    }

    /// A span of at least 100 ms, or of nothing where `zero` is allowed.
    pub(crate) fn span(&mut self, table: &dyn TableLike, key: &str, zero: bool) -> Option<Span> {
        let least = if zero { Span::ZERO } else { Span::from_millis(100) };
        let expected = "a span of at least 100ms is expected, such as \"30s\", \"2h\" or \"7d\"";
        self.read(table, key, expected, |value| {
            value.as_str().and_then(|text| text.parse().ok()).filter(|span| *span >= least)
        })
    }

    pub(crate) fn strings(&mut self, table: &dyn TableLike, key: &str) -> Option<Vec<String>> {
        self.read(table, key, "a list of strings is expected", |value| {
            value.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
        })
    }

    /// The table under `key`; a fault when something else stands there.
    pub(crate) fn table<'t>(&mut self, parent: &'t dyn TableLike, key: &str) -> Option<&'t dyn TableLike> {
        let item = parent.get(key)?;
        let found = item.as_table_like();
        if found.is_none() {
            self.fault(
                item.span(),
                format!("`{key}` is {}", describe(item)),
                format!("a table [{key}] is expected"),
            );
        }
        found
    }
}

fn describe(item: &Item) -> String {
    match item.as_value() {
        Some(value) => format!(
            "{} `{}`",
            item.type_name(),
            value.to_string().trim().chars().take(40).collect::<String>()
        ),
        None => item.type_name().to_owned(),
    }
}

/// The known word at most two edits away.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|near| (edits(word, near), *near))
        .filter(|(far, _)| *far <= 2)
        .min()
        .map(|(_, near)| near)
}

/// Levenshtein distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let swap = corner + usize::from(letter != *other);
            corner = row[column + 1];
            row[column + 1] = swap.min(corner + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
