//! The collector: takes events in, keeps cases, makes people act in time, and hands records out.

pub mod app;
pub mod cli;
pub mod config;
pub mod counters;
pub mod delivery;
pub mod http;
pub mod ids;
pub mod incoming;
pub mod ingest;
pub mod jobs;
#[cfg(test)]
mod lab;
mod maintenance;
pub mod moves;
pub mod pages;
pub mod passwords;
pub mod service;
