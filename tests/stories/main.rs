//! Whole-system stories: real processes, real parts, instants set through the test clock.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story that meets a fault has failed")]

mod house;
