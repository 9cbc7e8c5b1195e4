//! The field's words as closed sets: categories, roles, physical states, event kinds.
//!
//! On the wire an unknown word is kept, not refused ("unknown kinds are stored and shown"); [`EventKind`]
//! therefore has an `Other` that carries the text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares an enum whose members have one written name each, used on the wire, in storage and on pages.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every member, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The written name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|word| word.as_str() == text)
                    .ok_or_else(|| $crate::vocabulary::UnknownWord::new(
                        stringify!($name), text, &[$($word),+],
                    ))
            }
        }
    };
}

/// A text that is none of a closed set's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {set}; it is one of {known}")]
pub struct UnknownWord {
    set: &'static str,
    text: String,
    known: String,
}

impl UnknownWord {
    #[doc(hidden)]
    pub fn new(set: &'static str, text: &str, known: &[&str]) -> Self {
        Self { set, text: text.chars().take(40).collect(), known: known.join(", ") }
    }
}

words! {
    /// What kind of thing almost failed. Fixes the controls, the evidence recipe and the probes of consequence.
    Category {
        Disk = "disk",
        Capacity = "capacity",
        Service = "service",
        Certificate = "certificate",
        Backup = "backup",
        Login = "login",
        Patch = "patch",
        Misconfiguration = "misconfiguration",
        Time = "time",
        Power = "power",
        Integrity = "integrity",
    }
}

impl Category {
    /// Cases of these kinds are ruled on by the Security Lead before they may be called averted.
    pub const fn is_security(self) -> bool {
        matches!(self, Self::Login | Self::Patch | Self::Misconfiguration)
    }
}

words! {
    /// Who a person is, at a client (the first six) or at the provider (the last two).
    Role {
        Sysadmin = "sysadmin",
        Devops = "devops",
        SecurityLead = "security_lead",
        BcLead = "bc_lead",
        AccountManager = "account_manager",
        Viewer = "viewer",
        Owner = "owner",
        Dispatcher = "dispatcher",
    }
}

impl Role {
    /// The four roles of the framework: each has a part in every case.
    pub const FOUR: [Self; 4] = [Self::Sysadmin, Self::Devops, Self::SecurityLead, Self::BcLead];

    /// The role as people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sysadmin => "Sysadmin",
            Self::Devops => "DevOps Engineer",
            Self::SecurityLead => "Security Lead",
            Self::BcLead => "BC Lead",
            Self::AccountManager => "Account Manager",
            Self::Viewer => "Viewer",
            Self::Owner => "Owner",
            Self::Dispatcher => "Dispatcher",
        }
    }
}

words! {
    /// The physical layer of a signal: automatic, measured, owned by the agent (DARK by the collector).
    Physical {
        Normal = "normal",
        Watch = "watch",
        Approached = "approached",
        Receding = "receding",
        Recovered = "recovered",
        Breached = "breached",
        Dark = "dark",
        Standing = "standing",
        Restored = "restored",
    }
}

/// What an event says happened. Kinds this version does not know are carried, stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The signal came near: the episode opens.
    Approached,
    /// It crossed critical, or an ordinal closeness rose a step of its table.
    Worsened,
    /// It turned back below the reset level.
    Receding,
    /// It stayed back for the rule's hold.
    Recovered,
    /// The failure limit was reached or a consequence was seen.
    Breached,
    /// Near, but not moving: a hazard for the register.
    Standing,
    /// No valid sample for three intervals.
    Dark,
    /// A breach ended.
    Restored,
    /// The subject was removed or replaced.
    Retired,
    /// Somebody or something acted: a note, a mitigation, an orderly restart.
    Action,
    /// Samples or lines were missed for a while, and are back.
    Gap,
    /// Evidence or events were lost for good.
    Loss,
    /// A kind of a later version, as it was written.
    Other(String),
}

const KINDS: [(EventKind, &str); 12] = [
    (EventKind::Approached, "approached"),
    (EventKind::Worsened, "worsened"),
    (EventKind::Receding, "receding"),
    (EventKind::Recovered, "recovered"),
    (EventKind::Breached, "breached"),
    (EventKind::Standing, "standing"),
    (EventKind::Dark, "dark"),
    (EventKind::Restored, "restored"),
    (EventKind::Retired, "retired"),
    (EventKind::Action, "action"),
    (EventKind::Gap, "gap"),
    (EventKind::Loss, "loss"),
];

impl EventKind {
    /// The written name.
    pub fn as_str(&self) -> &str {
        if let Self::Other(text) = self {
            return text;
        }
        KINDS.iter().find(|(kind, _)| kind == self).map_or("other", |(_, word)| word)
    }

    /// Events about a store rather than a signal: their sequence rises per store.
    pub const fn is_per_store(&self) -> bool {
        matches!(self, Self::Action | Self::Gap | Self::Loss)
    }
}

impl From<&str> for EventKind {
    fn from(text: &str) -> Self {
        KINDS
            .iter()
            .find(|(_, word)| *word == text)
            .map_or_else(|| Self::Other(text.chars().take(40).collect()), |(kind, _)| kind.clone())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_itself() {
        for category in Category::ALL {
            assert_eq!(category.as_str().parse::<Category>().as_ref(), Ok(category));
        }
        let refused = "discs".parse::<Category>().unwrap_err().to_string();
        assert!(refused.contains("`discs` is no Category; it is one of disk, capacity"), "{refused}");
    }

    #[test]
    fn an_unknown_kind_is_carried() {
        let kind: EventKind = serde_json::from_str("\"levitated\"").unwrap();
        assert_eq!(kind, EventKind::Other("levitated".into()));
        assert_eq!(serde_json::to_string(&kind).unwrap(), "\"levitated\"");
    }
}
