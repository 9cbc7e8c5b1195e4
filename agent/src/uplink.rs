//! The way to the collector: signed requests, tried until they are answered, deleted only when acknowledged.
//!
//! Events, status reports and evidence go out from a task each, so that a large bundle holds up no event. A retry is
//! a new request with a new nonce; that nothing is doubled rests on event ids and bundle parts being the same.

pub mod backoff;
pub mod client;
pub mod enrol;
pub mod events;
pub mod evidence;
pub mod requests;
pub mod status;

use std::sync::Arc;

use crate::pipeline::{Counters, Handle, Outbox};
use crate::store::Store;
use nearmiss_agent_probe::Clock;

pub use client::{Client, UplinkFault, hello};

/// What every task of the uplink has.
#[derive(Clone, Debug)]
pub struct Uplink {
    pub clock: Clock,
    pub store: Store,
    pub client: Arc<Client>,
    pub pipeline: Handle,
    pub outbox: Arc<Outbox>,
    pub counters: Arc<Counters>,
}

#[cfg(test)]
mod tests;
