//! What of a report could not be read, or is told by nothing: where, and what should stand there.

use std::fmt;

use serde::{Serialize, Serializer};

/// Of smartctl's own words this many characters are kept.
const MOST_WORDS: usize = 200;

/// One thing that a report leaves open. None of them is ever filled with a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A line (from 1) that is not what its place asks for.
    Unread { line: usize, expected: &'static str },
    /// smartctl's own words about something that it could not do.
    Told { line: usize, words: String },
    /// What the whole report lacks.
    Missing(&'static str),
    /// The text and the JSON of one and the same call say different things: neither is taken.
    Differs { what: String, text: String, json: String },
}

impl Problem {
    pub(super) fn told(line: usize, words: &str) -> Self {
        let words = words.trim().chars().filter(|letter| !letter.is_control()).take(MOST_WORDS).collect();
        Self::Told { line, words }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { line, expected } => write!(formatter, "line {line}: {expected} is expected"),
            Self::Told { line, words } => write!(formatter, "line {line}: smartctl says: {words}"),
            Self::Missing(what) => formatter.write_str(what),
            Self::Differs { what, text, json } => {
                write!(formatter, "{what}: the text says {text}, the JSON {json}; neither is taken")
            }
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
