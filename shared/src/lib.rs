//! The words agent and collector share, and the wire between them.
//!
//! Values only: nothing here opens a file or a socket, reads a clock or draws a random number. What is
//! stored or sent carries a version, and a stored sample of every version is decoded in the tests.

pub mod action;
pub mod bar;
pub mod bundle;
pub mod fault;
pub mod identity;
pub mod signature;
pub mod time;
pub mod urgency;
pub mod vocabulary;
pub mod wire;
