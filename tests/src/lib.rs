//! A laboratory for whole-system stories: real processes in temporary folders, on free ports, with a clock that
//! the story sets. Everything it starts ends with it.

pub mod browser;
pub mod dump;
pub mod guest;
pub mod lab;
pub mod loopfs;
pub mod mail;
pub mod mirror;
pub mod mount;
pub mod process;
pub mod sshd;
pub mod systemd;
pub mod tls;
pub mod wait;
