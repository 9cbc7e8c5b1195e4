//! The agent: watches one host, tells how near each signal is to failure, and delivers what matters exactly once.
//!
//! Data runs one way: probe, reading, evaluator (pure, in the core crate), event in the spool, uplink, collector.
//! A transition, the event it caused and the state it left are one transaction; nothing counts as seen before it
//! is on the disk.

pub mod action;
pub mod baseline;
pub mod cli;
pub mod control;
pub mod daemon;
pub mod drill;
pub mod evidence;
pub mod follower;
pub mod freezer;
pub mod history;
pub mod host;
pub mod ids;
pub mod looks;
pub mod maintenance;
pub mod mitigation;
pub mod output;
pub mod pipeline;
pub mod sessions;
pub mod settings;
pub mod store;
mod unpack;
pub mod uplink;
