//! What the engine is told of the world around a case.

use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Role;
use serde::{Deserialize, Serialize};

use crate::person::Person;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Actor {
    /// The collector itself: a rule or a clock.
    System,
    Host {
        name: String,
    },
    Person {
        id: PersonId,
        name: String,
        roles: Vec<Role>,
    },
}

impl Actor {
    /// The name people read.
    pub fn name(&self) -> &str {
        match self {
            Self::System => "nearmiss",
            Self::Host { name } | Self::Person { name, .. } => name,
        }
    }

    /// What the timeline's hash covers: an id, since names change and are erased.
    pub fn id(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Host { name } => format!("host:{name}"),
            Self::Person { id, .. } => format!("person:{id}"),
        }
    }

    pub const fn person(&self) -> Option<PersonId> {
        if let Self::Person { id, .. } = self { Some(*id) } else { None }
    }

    pub fn has(&self, role: Role) -> bool {
        matches!(self, Self::Person { roles, .. } if roles.contains(&role))
    }
}

/// A stretch of time, end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Slot {
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A client's own numbers; the defaults are the specification's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSettings {
    pub acknowledge_paged: Span,
    pub acknowledge_working: Span,
    pub retrospective_within: Span,
    /// Days without work, as `2026-12-25`.
    pub holidays: Vec<String>,
    /// What this client loses when one of its hosts fails, in its own words; empty when no impact analysis is entered.
    pub impact: String,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            acknowledge_paged: Span::from_minutes(15),
            acknowledge_working: Span::from_hours(4),
            retrospective_within: Span::from_hours(48),
            holidays: Vec::new(),
            impact: String::new(),
        }
    }
}

/// Everything beside the case itself that a move depends on.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub people: &'a [Person],
    pub settings: &'a ClientSettings,
    /// Slots already taken, by person.
    pub busy: &'a [(PersonId, Slot)],
    /// Meetings of this client that are planned and not held: the next case shares the first that is in time.
    pub meetings: &'a [Slot],
    pub actor: Actor,
}
