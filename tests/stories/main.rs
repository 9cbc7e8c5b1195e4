//! Whole-system stories: real processes, real parts, instants set through the test clock.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a story that meets a fault has failed, and one that is skipped says so"
)]

mod audit;
mod backup;
mod browser;
mod burst;
mod certificate;
mod containers;
mod disk;
mod drill;
mod durability;
mod emulated;
mod endpoint;
mod filesystem;
mod history;
mod host;
mod house;
mod integrity;
mod journal;
mod logs;
mod maintenance;
mod margins;
mod metrics;
mod newcomer;
mod plugins;
mod power;
mod redundancy;
mod replay;
mod requests;
mod retrospective;
mod security;
mod sshd;
mod swap;
mod systemd;
mod tenants;
mod verbs;
mod wire;

/// A path in the corpus of real inputs.
fn corpus(path: &str) -> std::path::PathBuf {
    let folder = std::env::var("NEARMISS_CORPUS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus").to_owned());
    std::path::Path::new(&folder).join(path)
}

/// Says that a story was skipped for want of the corpus; in CI that is a failure.
fn skipped(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the corpus has no {what}: set NEARMISS_CORPUS");
    eprintln!("skipped: the corpus has no {what}");
}
