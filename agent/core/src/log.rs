//! Log lines against rules: one pass for all rules of a host, and counts within windows.

pub mod journal;
mod line;
mod matcher;
mod record;
mod replay;
mod search;
mod shipped;
mod time;
mod window;

pub use line::{MAX_LINE_BYTES, lines};
pub use matcher::{Hit, Match, Matcher, Scanned, Source};
pub use record::{Held, Records};
pub use replay::{LogReplay, LogSummary, MOST_SIGNALS};
pub use shipped::shipped_packs;
pub use time::{FirstYear, LogClock};
pub use window::{Window, WindowKey, Windows};

/// What the signals of log rules begin with; the rule's name follows.
pub const LOG_PREFIX: &str = "log.";
