//! What a Monitoring Plugin says: an exit code, a line of text, and values with their ranges.
//!
//! After the Monitoring Plugins Development Guidelines (return codes, "Performance data", "Threshold and ranges").
//! Everything it prints is hostile: text is cut and cleaned, values are bounded in number, and what cannot be read
//! is left out, never guessed.

mod distance;
mod perfdata;
mod range;

pub use distance::{NoDistance, distance};
pub use perfdata::{Value, values};
pub use range::Range;

/// Letters of a plugin's text that are kept.
const MAX_TEXT: usize = 300;

nearmiss_shared::words! {
    /// A plugin's exit code, 0 to 3.
    State {
        Ok = "OK",
        Warning = "WARNING",
        Critical = "CRITICAL",
        Unknown = "UNKNOWN",
    }
}

impl State {
    /// `None` for a code that the guidelines do not know: the plugin itself failed.
    pub const fn of_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Ok),
            1 => Some(Self::Warning),
            2 => Some(Self::Critical),
            3 => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// What it printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The first line without its values, for people; the empty string when it said nothing.
    pub text: String,
    /// In the order of their telling, each label once.
    pub values: Vec<Value>,
}

impl Said {
    /// Reads standard output: text before the first `|` of the first line, without a `;` that parts it from nothing;
    /// values after it, and after the first `|` of all further lines to the end.
    pub fn parse(output: &[u8]) -> Self {
        let output = String::from_utf8_lossy(output);
        let (first, further) = output.split_once('\n').unwrap_or((&output, ""));
        let (text, told) = first.split_once('|').unwrap_or((first, ""));
        let more = further.split_once('|').map_or("", |(_, more)| more);
        let mut all = values(told);
        for value in values(more) {
            if all.len() < perfdata::MAX_VALUES && all.iter().all(|known| known.label != value.label) {
                all.push(value);
            }
        }
        Self { text: clean(text.trim().trim_end_matches([';', ',']), MAX_TEXT), values: all }
    }
}

/// At most `most` letters, none of them a control character.
fn clean(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
