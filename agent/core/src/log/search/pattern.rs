//! A pattern that is compiled when a line asks for it first: of the many that are shipped, most hosts ever need a few.

use std::sync::OnceLock;

use regex::bytes::Regex;

#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// `None` where it is no expression, which is found out before.
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The text was found to be an expression when its rule was read.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }

    pub(super) fn is_match(&self, line: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(line))
    }
}
