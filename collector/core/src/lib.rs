//! The near-miss case, pure: a case, an event or a command, and `now` go in; the new case, its timeline entries and
//! the messages it causes come out.
//!
//! No clock, no random source, no I/O. Timers and tasks live in the case; the store projects them to rows. A forbidden
//! move is a [`Refusal`] that names the rule that forbids it.

pub mod case;
pub mod chain;
pub mod checkpoint;
pub mod context;
pub mod engine;
pub mod entry;
pub mod erc;
pub mod facts;
pub mod hours;
pub mod key;
pub mod luck;
pub mod person;
pub mod retrospective;
pub mod tasks;
pub mod title;
pub mod track;
pub mod verdict;
pub mod words;

pub use case::Case;
pub use context::{Actor, Context};
pub use engine::{Command, Input, Message, Outcome, Refusal, apply, open, open_past};
pub use entry::{Entry, What};
pub use facts::EventFacts;
