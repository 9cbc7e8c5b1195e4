//! What people do on a host and its agent tells: the words of an `action` event.
//!
//! Such an event belongs to no signal. What it says is in its labels, under the names of [`label`]; its reasons say
//! it once more in a person's words. A collector shows an action that it does not know as a note.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::words;

words! {
    /// What was done on the host, or seen there.
    HostAction {
        Note = "note",
        Maintenance = "maintenance",
        Acknowledge = "acknowledge",
        MitigationBegun = "mitigation_begun",
        MitigationEnded = "mitigation_ended",
        /// A privileged person was seen signed in: a fact, not something done about a case.
        Login = "login",
    }
}

/// The names of an action's labels.
pub mod label {
    /// A [`super::HostAction`].
    pub const ACTION: &str = "action";
    /// The account on the host.
    pub const PERSON: &str = "person";
    /// The case that was named, as [`super::CaseNumber`].
    pub const CASE: &str = "case";
    /// When maintenance ends.
    pub const UNTIL: &str = "until";
    /// What kind of mitigation it is: failover, restart, isolate, custom.
    pub const WHAT: &str = "what";
    /// The program that was run, and its arguments where the person had them recorded.
    pub const PROGRAM: &str = "program";
    /// When a mitigation that has ended began.
    pub const BEGUN: &str = "begun";
    /// How its command ended: an exit code, `signal 9`, or [`NOT_STARTED`].
    pub const EXIT: &str = "exit";
    pub const NOT_STARTED: &str = "not started";
    /// The signal a mitigation is about, its subject, and its value before and after in its own unit.
    pub const SIGNAL: &str = "signal";
    pub const SUBJECT: &str = "subject";
    pub const BEFORE: &str = "before";
    pub const AFTER: &str = "after";
    /// Of a login: account, terminal, where from, since when.
    pub const USER: &str = "user";
    pub const TTY: &str = "tty";
    pub const FROM: &str = "from";
    pub const SINCE: &str = "since";
}

/// A case as people name it: `NM-0042`. Rises per provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseNumber(pub u64);

/// A text that names no case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a case is named like NM-0042, or 42")]
pub struct NoCaseNumber;

impl fmt::Display for CaseNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded as a whole where a column asks for it.
        formatter.pad(&format!("NM-{:04}", self.0))
    }
}

impl FromStr for CaseNumber {
    type Err = NoCaseNumber;

    fn from_str(text: &str) -> Result<Self, NoCaseNumber> {
        let digits = text.strip_prefix("NM-").or_else(|| text.strip_prefix("nm-")).unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten().map(Self).ok_or(NoCaseNumber)
    }
}

impl Serialize for CaseNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CaseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_named_as_it_is_printed_or_by_its_number_alone() {
        for text in ["NM-0042", "nm-0042", "NM-42", "42"] {
            assert_eq!(text.parse(), Ok(CaseNumber(42)), "{text}");
        }
        assert_eq!(CaseNumber(42).to_string().parse(), Ok(CaseNumber(42)));
        assert_eq!(CaseNumber(123_456).to_string(), "NM-123456");
        for text in ["", "NM-", "x", "NM-+4", "-1", "99999999999999999999999", "NM-0042 "] {
            assert_eq!(text.parse::<CaseNumber>(), Err(NoCaseNumber), "{text}");
        }
    }

    #[test]
    fn an_action_reads_back_from_its_word() {
        for action in HostAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
    }
}
