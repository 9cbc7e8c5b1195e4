//! The agent's judgement, pure: parsers, rules, windows, forecast, evaluator.
//!
//! Readings and `now` go in; transitions and the next wake come out. Nothing here opens a file, reads a clock or
//! draws a random number, so `replay` and the tests run the very code the daemon runs.

pub mod backup;
pub mod certificate;
pub mod config;
pub mod consequence;
pub mod container;
pub mod drive_stats;
pub mod endpoint;
pub mod evaluator;
pub mod history;
pub mod integrity;
pub mod log;
pub mod login;
pub mod margin;
pub mod meminfo;
pub mod metrics;
pub mod mountinfo;
pub mod oom;
pub mod ordinal;
pub mod outlook;
pub mod plugin;
pub mod power;
pub mod pressure;
pub mod proximity;
pub mod reading;
pub mod redundancy;
pub mod rule;
pub mod security;
pub mod series;
pub mod service;
pub mod signal;
pub mod slope;
pub mod smart;
pub mod timekeeper;
