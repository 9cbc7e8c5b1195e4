//! What both programs take from the world around them, each in the one place that may: the wall clock, random
//! numbers, the start of tasks. Everything else is handed time, bytes and a way to be told to stop.

pub mod clock;
pub mod random;
pub mod tasks;
