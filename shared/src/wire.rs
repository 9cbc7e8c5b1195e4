//! The wire between agent and collector. One module a version; both ends understand N and N-1.
//!
//! Wire types never reach a page, a table or the evaluator: each end converts them at its edge.

pub mod v1;

/// Bodies of `/agent/v1` requests are at most this many bytes, before any decoding.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// An event carries at most this many samples.
pub const MAX_SAMPLES: usize = 200;
/// A batch carries at most this many events.
pub const MAX_EVENTS: usize = 200;
/// A signature's `created` may differ from the receiver's clock by this many seconds.
pub const MAX_SKEW_SECONDS: i64 = 300;
