//! A selector as Prometheus writes it: `name{label="value",other!="x",third=~"a|b",fourth!~"c.*"}`.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use super::exposition::{is_name, quoted};

/// Memory of one compiled expression, in bytes.
const REGEX_SIZE: usize = 1024 * 1024;

/// Which series of one metric are wanted. Two are equal when they are written alike.
#[derive(Clone, Debug)]
pub struct Selector {
    pub name: String,
    text: String,
    matchers: Vec<Matcher>,
}

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    /// False for `!=` and `!~`.
    wants: bool,
    pattern: Pattern,
}

#[derive(Clone, Debug)]
enum Pattern {
    Text(String),
    /// Anchored at both ends.
    Regex(Regex),
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSelector {
    #[error(
        "a metric's name and matchers are expected, such as node_filesystem_avail_bytes{{mountpoint=\"/\"}}"
    )]
    Shape,
    #[error("a matcher is expected at `{0}`: LABEL, one of = != =~ !~, and a quoted text")]
    Matcher(String),
    #[error("`{0}` is no regular expression (Rust regex syntax)")]
    Regex(String),
}

impl Selector {
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NoSelector> {
        let text = text.trim();
        let end = text.find(|letter| !is_name(letter)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err(NoSelector::Shape);
        }
        let inside = match rest.trim() {
            "" => "",
            rest => rest
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .ok_or(NoSelector::Shape)?
                .trim(),
        };
        Ok(Self { name: name.to_owned(), text: text.to_owned(), matchers: matchers(inside)? })
    }

    /// A label that a series does not have is as an empty one.
    pub fn matches(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        self.name == name
            && self.matchers.iter().all(|matcher| {
                let value = labels.get(&matcher.label).map_or("", String::as_str);
                let is_so = match &matcher.pattern {
                    Pattern::Text(text) => text == value,
                    Pattern::Regex(regex) => regex.is_match(value),
                };
                is_so == matcher.wants
            })
    }

    /// Whether every series it matches has the same value of this label.
    pub fn fixes(&self, label: &str) -> bool {
        self.matchers.iter().any(|matcher| {
            matcher.label == label && matcher.wants && matches!(matcher.pattern, Pattern::Text(_))
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn matchers(inside: &str) -> Result<Vec<Matcher>, NoSelector> {
    let mut matchers = Vec::new();
    let mut rest = inside;
    while !rest.is_empty() {
        let (matcher, after) = matcher(rest)?;
        matchers.push(matcher);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return Err(NoSelector::Matcher(after.to_owned())),
        };
    }
    Ok(matchers)
}

fn matcher(text: &str) -> Result<(Matcher, &str), NoSelector> {
    let wrong = || NoSelector::Matcher(text.to_owned());
    let end = text.find(|letter| !is_name(letter)).filter(|end| *end > 0).ok_or_else(wrong)?;
    let (label, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let operators = [("=~", true, true), ("!~", false, true), ("!=", false, false), ("=", true, false)];
    let (wants, is_regex, rest) = operators
        .iter()
        .find_map(|(sign, wants, is_regex)| Some((*wants, *is_regex, rest.strip_prefix(sign)?)))
        .ok_or_else(wrong)?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '\'')).ok_or_else(wrong)?;
    let (value, after) = quoted(&rest[1..], quote).ok_or_else(wrong)?;
    let pattern = if is_regex {
        let anchored = RegexBuilder::new(&format!("^(?s:{value})$")).size_limit(REGEX_SIZE).build();
        Pattern::Regex(anchored.map_err(|_| NoSelector::Regex(value))?)
    } else {
        Pattern::Text(value)
    };
    Ok((Matcher { label: label.to_owned(), wants, pattern }, after))
}
