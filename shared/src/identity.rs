//! Ids: random ones are UUIDv7, an event's is a hash of what it says.
//!
//! This crate draws no random numbers; the programs make ids in their own `ids.rs` from ten random bytes and
//! an instant handed in here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::time::Timestamp;
use crate::vocabulary::EventKind;

/// Declares a UUID newtype per kind of thing, so that a host's id is never taken for a client's.
macro_rules! uuid_ids {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A UUIDv7 of this instant and these random bytes.
            pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(at, random))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::identity::NotAnId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| $crate::identity::NotAnId)
            }
        }
    )+};
}

/// A text that is no id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: a UUID is expected, or 64 hexadecimal digits for an event")]
pub struct NotAnId;

uuid_ids! {
    /// The managed-service provider: the outermost tenant.
    ProviderId,
    /// A client of the provider: the scope of authorisation.
    ClientId,
    /// A place of a client.
    SiteId,
    /// A host, from its enrolment on; kept when a reinstalled host is enrolled in its place.
    HostId,
    /// One agent store: made with it, so that a lost store starts a new line of sequences.
    StoreId,
    /// One evidence bundle.
    BundleId,
    /// One near-miss case.
    CaseId,
    /// Somebody who can be asked to act.
    PersonId,
    /// One part of a case that a role has to do.
    TaskId,
    /// One request to a host, carried by the answer to its status.
    RequestId,
    /// One message in the outbox.
    MessageId,
    /// One running clock of a case.
    TimerId,
    /// One sign-in.
    SessionId,
    /// One API, enrolment or calendar token.
    TokenId,
    /// Cases that belong together on one page.
    GroupId,
}

/// A UUIDv7 (RFC 9562) of this instant and these random bytes.
pub fn uuid_v7(at: Timestamp, random: [u8; 10]) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.as_millis()).unwrap_or(0), &random).into_uuid()
}

/// The id of an event: SHA-256 over its length-prefixed parts, so that judging the same samples again after a
/// crash repeats the id and the collector drops the repeat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 32]);

/// What an event's id is made of. An absent part is the empty string.
#[derive(Clone, Copy, Debug)]
pub struct EventParts<'a> {
    pub host: HostId,
    pub store: StoreId,
    pub rule: &'a str,
    pub kind: &'a EventKind,
    pub signal: &'a str,
    pub subject: &'a str,
    /// `None` for events about the store.
    pub episode: Option<u64>,
    pub sequence: u64,
}

impl EventId {
    /// The id of the event with these parts.
    pub fn of(parts: EventParts<'_>) -> Self {
        let episode = parts.episode.map(|number| number.to_string()).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [
            parts.host.to_string().as_str(),
            parts.store.to_string().as_str(),
            parts.rule,
            parts.kind.as_str(),
            parts.signal,
            parts.subject,
            episode.as_str(),
            parts.sequence.to_string().as_str(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for EventId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnId)?;
        Ok(Self(bytes))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(signal: &'a str, subject: &'a str) -> EventParts<'a> {
        EventParts {
            host: HostId::from_parts(Timestamp::from_millis(1), [1; 10]),
            store: StoreId::from_parts(Timestamp::from_millis(2), [2; 10]),
            rule: "filesystem",
            kind: &EventKind::Approached,
            signal,
            subject,
            episode: Some(1),
            sequence: 1,
        }
    }

    #[test]
    fn the_same_event_judged_twice_has_one_id() {
        assert_eq!(
            EventId::of(parts("filesystem.free", "/var")),
            EventId::of(parts("filesystem.free", "/var"))
        );
    }

    #[test]
    fn moving_a_letter_across_a_boundary_changes_the_id() {
        assert_ne!(
            EventId::of(parts("filesystem.fre", "e/var")),
            EventId::of(parts("filesystem.free", "/var"))
        );
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = EventId::of(parts("a", "b"));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("zz".parse::<EventId>(), Err(NotAnId));
    }
}
