//! The collector's storage: a contract of functions over portable SQL, with a typed scope in every one of them.
//!
//! A [`Unit`] is one write transaction; what is written in it is durable when its commit returns (SQLite WAL with
//! `synchronous=FULL`). Reading goes over other connections. SQL lives here and nowhere else: `$1` placeholders, ids as
//! text, instants as milliseconds, documents as JSON text.

pub mod accounts;
pub mod authentication;
pub mod cases;
pub mod changes;
pub mod curve;
pub mod error;
pub mod events;
pub mod evidence;
pub mod hosts;
pub mod outbox;
pub mod requests;
mod row;
pub mod scope;
pub mod store;
pub mod timers;
#[cfg(any(test, feature = "trial"))]
pub mod trial;

pub use accounts::Operator;
pub use error::StoreError;
pub use row::Found;
pub use scope::{ClientScope, Grant, HostScope, Principal, ProviderScope};
pub use store::{Place, Store, Unit};

#[cfg(test)]
mod tests;
