//! Which files of the past must go: the oldest, as many as the bound asks for.

use nearmiss_shared::time::{Span, Timestamp};

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    pub bytes: u64,
    pub length: Span,
}

/// One file of a ring. Files follow each other by number, whatever the clock said when each was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    pub number: u64,
    /// Of its first item.
    pub since: Timestamp,
    pub bytes: u64,
}

impl Segment {
    /// The name of its file, by which files are in order.
    pub fn name(&self, kind: &str) -> String {
        format!("{:010}-{}.{kind}", self.number, self.since.as_millis())
    }

    /// The segment of this name; `None` for other files.
    pub fn named(name: &str, kind: &str, bytes: u64) -> Option<Self> {
        let (number, since) = name.strip_suffix(kind)?.strip_suffix('.')?.split_once('-')?;
        let (number, since) = (number.parse().ok()?, since.parse().ok()?);
        Some(Self { number, since: Timestamp::from_millis(since), bytes })
    }
}

/// How many of `segments`, oldest first, must go before `more` bytes are written, so that with them and `besides` (what is
/// kept elsewhere of the same bound) the bound holds. A segment is too old when the one behind it is.
pub fn outgrown(segments: &[Segment], besides: u64, more: u64, bound: Bound, now: Timestamp) -> usize {
    let held: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut excess = held.saturating_add(besides).saturating_add(more).saturating_sub(bound.bytes);
    let oldest = now.minus(bound.length);
    let mut count = 0;
    for (index, segment) in segments.iter().enumerate() {
        let too_old = segments.get(index + 1).is_some_and(|next| next.since < oldest);
        if excess == 0 && !too_old {
            break;
        }
        excess = excess.saturating_sub(segment.bytes);
        count = index + 1;
    }
    count
}
