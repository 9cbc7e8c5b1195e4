//! Reading TOML so that every fault is told at once, with file, line and what would be right.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use crate::time::Span;

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

/// Everything wrong, one a line.
#[derive(Debug, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

/// A file being read: its text, and the faults found so far.
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, faults: Vec::new() }
    }

    /// The document, or a fault that says where it stops being TOML.
    pub fn document(&mut self) -> Option<Document<&'a str>> {
        match Document::parse(self.text) {
            Ok(document) => Some(document),
            Err(fault) => {
                self.fault(fault.span(), fault.message(), "valid TOML is expected here");
                None
            }
        }
    }

    /// The line, from 1, at which `at` begins.
    pub fn line(&self, at: Option<Range<usize>>) -> usize {
        let start = at.map_or(0, |range| range.start).min(self.text.len());
        let before = self.text.as_bytes().iter().take(start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// `file:line` of `at`.
    pub fn place(&self, at: Option<Range<usize>>) -> String {
        format!("{}:{}", self.file, self.line(at))
    }

    pub fn fault(&mut self, at: Option<Range<usize>>, what: impl Into<String>, expected: impl Into<String>) {
        self.faults.push(Fault {
            file: self.file.to_owned(),
            line: self.line(at),
            what: what.into(),
            expected: expected.into(),
        });
    }

    /// Tells every key that is not `known`, with the nearest that is.
    pub fn only(&mut self, table: &dyn TableLike, place: &str, known: &[&str]) {
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

    pub fn string(&mut self, table: &dyn TableLike, key: &str) -> Option<String> {
        self.read(table, key, "a string is expected", |value| value.as_str().map(str::to_owned))
    }

    /// A string that `parse` understands; its error says what is expected.
    pub fn parsed<T, E: fmt::Display>(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.string(table, key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(expected) => {
                let at = table.get(key).and_then(Item::span);
                self.fault(at, format!("`{key}` is {:?}", without_password(&text)), expected.to_string());
                None
            }
        }
    }

    /// As [`Self::parsed`], and a fault at the table when the key is missing.
    pub fn required<T, E: fmt::Display>(
        &mut self,
        table: &dyn TableLike,
        at: Option<Range<usize>>,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !table.contains_key(key) {
            self.fault(at, format!("`{key}` is missing"), format!("`{key} = \"...\"` is expected here"));
        }
        self.parsed(table, key, parse)
    }

    pub fn boolean(&mut self, table: &dyn TableLike, key: &str) -> Option<bool> {
        self.read(table, key, "true or false is expected", Value::as_bool)
    }

    pub fn number(&mut self, table: &dyn TableLike, key: &str) -> Option<f64> {
        self.read(table, key, "a number is expected", |value| {
            value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64))
                .filter(|number| number.is_finite())
        })
    }

    pub fn integer(&mut self, table: &dyn TableLike, key: &str, range: Range<i64>) -> Option<i64> {
        let expected = format!("a whole number from {} to {} is expected", range.start, range.end - 1);
        self.read(table, key, &expected, |value| value.as_integer().filter(|number| range.contains(number)))
    }

    /// A span of at least 100 ms, or of nothing where `zero` is allowed.
    pub fn span(&mut self, table: &dyn TableLike, key: &str, zero: bool) -> Option<Span> {
        let least = if zero { Span::ZERO } else { Span::from_millis(100) };
        let expected = "a span of at least 100ms is expected, such as \"30s\", \"2h\" or \"7d\"";
        self.read(table, key, expected, |value| {
            value.as_str().and_then(|text| text.parse().ok()).filter(|span| *span >= least)
        })
    }

    pub fn strings(&mut self, table: &dyn TableLike, key: &str) -> Option<Vec<String>> {
        self.read(table, key, "a list of strings is expected", |value| {
            value.as_array()?.iter().map(|entry| entry.as_str().map(str::to_owned)).collect()
        })
    }

    /// The table under `key`; a fault when something else stands there.
    pub fn table<'t>(&mut self, parent: &'t dyn TableLike, key: &str) -> Option<&'t dyn TableLike> {
        let item = parent.get(key)?;
        let found = item.as_table_like();
        if found.is_none() {
            let what = format!("`{key}` is {}", describe(item));
            self.fault(item.span(), what, format!("a table [{key}] is expected"));
        }
        found
    }

    /// The tables under `[[key]]`, each with its place; a fault when something else stands there.
    pub fn tables<'t>(
        &mut self,
        parent: &'t dyn TableLike,
        key: &str,
    ) -> Vec<(&'t dyn TableLike, Option<Range<usize>>)> {
        let Some(item) = parent.get(key) else { return Vec::new() };
        let Some(array) = item.as_array_of_tables() else {
            let what = format!("`{key}` is {}", describe(item));
            self.fault(item.span(), what, format!("tables [[{key}]] are expected"));
            return Vec::new();
        };
        array.iter().map(|table| (table as &dyn TableLike, table.span())).collect()
    }
}

fn describe(item: &Item) -> String {
    let Some(value) = item.as_value() else { return item.type_name().to_owned() };
    let text: String = value.to_string().trim().chars().take(40).collect();
    format!("{} `{text}`", item.type_name())
}

/// The known word at most two edits away.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|near| (edits(word, near), *near)).filter(|(far, _)| *far <= 2).min();
    near.map(|(_, near)| near)
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

/// The text with the password of its URL left out, if it is one that has one.
fn without_password(text: &str) -> String {
    let hidden = || {
        let (scheme, rest) = text.split_once("://")?;
        // What stands before the last `@` is the user's, however it is written.
        let (user, place) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:...@{place}"))
    };
    hidden().unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_file_line_and_what_would_be_right() {
        let text = "lisen = 1\n[mail]\nfrom = 3\n";
        let mut reader = Reader::new("c.toml", text);
        let document = reader.document().unwrap();
        reader.only(document.as_table(), "this file", &["listen", "mail"]);
        let mail = reader.table(document.as_table(), "mail").unwrap();
        reader.string(mail, "from");
        let told: Vec<String> = reader.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "c.toml:1: unknown key `lisen` in this file; did you mean `listen`?",
                "c.toml:3: `from` is integer `3`; a string is expected",
            ]
        );
    }

    #[test]
    fn a_password_in_a_url_is_told_nobody() {
        for (text, told) in [
            ("smtps://user:secret@mail.example", "smtps://user:...@mail.example"),
            ("postgres://n:a@b:c@db/near?x=1", "postgres://n:...@db/near?x=1"),
            ("postgres://n:a/b@db/near", "postgres://n:...@db/near"),
            ("https://user@host/a:b", "https://user@host/a:b"),
            ("https://host:8080/", "https://host:8080/"),
            ("://:@", "://:...@"),
            ("10 minutes", "10 minutes"),
        ] {
            assert_eq!(without_password(text), told);
        }
    }
}
