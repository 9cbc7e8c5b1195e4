//! The agent's own past: every reading for a while, hours of it for long, in few bytes and within a bound.
//!
//! What is kept is a run of *frames* (see [`frame`]), each with its checksum and readable by itself, so that a torn write
//! or a damaged page costs that frame and no more. A frame holds *sections*, each the items of one signal of one
//! subject: single readings, or hours with their least, mean and largest value. Numbers come back bit for bit.

mod bytes;
mod frame;
mod hour;
mod ring;
mod sample;

use std::collections::BTreeMap;

pub use frame::{Kept, decode, encode};
pub use hour::{Hour, Hours, thin};
pub use ring::{Bound, Segment, outgrown};
pub use sample::Sample;

/// Signal and subject.
pub type Series = (String, String);
/// Readings by what they are of, each oldest first.
pub type Readings = BTreeMap<Series, Vec<Sample>>;

#[cfg(test)]
mod tests;
