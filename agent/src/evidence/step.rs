//! One thing to take, and taking them all at once within the bundle's time.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use nearmiss_runtime::tasks;
use nearmiss_shared::bundle::{ItemDraft, ItemOutcome};
use nearmiss_shared::time::Span;

use super::{Limits, redact};
use nearmiss_agent_probe::Clock;

/// Bytes, or why there are none.
pub(super) type Taken = Result<Vec<u8>, String>;

/// One item's share of a bundle.
const SHARE: u64 = 4;
/// Left of the bundle's time for sealing and writing.
const CLOSING: Span = Span::from_seconds(2);

/// Which end of a text that is too long matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// Something to take.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) method: String,
    pub(super) keep: Keep,
    take: Pin<Box<dyn Future<Output = Taken> + Send>>,
}

impl Step {
    pub(super) fn new(
        name: &'static str,
        method: impl Into<String>,
        take: impl Future<Output = Taken> + Send + 'static,
    ) -> Self {
        Self { name, method: method.into(), keep: Keep::First, take: Box::pin(take) }
    }

    /// Keeps `guard` until the step is done or given up.
    pub(super) fn holding(mut self, guard: impl Send + 'static) -> Self {
        let take = self.take;
        self.take = Box::pin(async move {
            let _guard = guard;
            take.await
        });
        self
    }

    /// Of a text that is too long, its end is kept.
    pub(super) fn keeping_last(mut self) -> Self {
        self.keep = Keep::Last;
        self
    }

    /// Work that may block, on a thread of its own: it must end by itself; a late result is dropped.
    pub(super) fn blocking(
        name: &'static str,
        method: impl Into<String>,
        work: impl FnOnce() -> Taken + Send + 'static,
    ) -> Self {
        Self::new(name, method, async move {
            let work = tasks::blocking("evidence", work);
            work.await.map_err(|fault| fault.to_string())?
        })
    }

    /// Something that is already here.
    pub(super) fn ready(name: &'static str, method: impl Into<String>, taken: Taken) -> Self {
        Self::new(name, method, std::future::ready(taken))
    }
}

/// Takes all steps at once; the result has one item a step, in the steps' order.
pub(super) async fn take_all(steps: Vec<Step>, clock: &Clock, limits: Limits) -> Vec<ItemDraft> {
    let patience = Span::from_millis(limits.max_time.as_millis() - CLOSING.as_millis()).to_duration();
    let patience = patience.max(Duration::from_millis(100)).min(limits.max_time.to_duration());
    join_all(steps.into_iter().map(|step| take(step, clock, patience, limits.max_bytes / SHARE))).await
}

async fn take(step: Step, clock: &Clock, patience: Duration, max_bytes: u64) -> ItemDraft {
    let started = clock.wall();
    let taken = tokio::time::timeout(patience, step.take).await;
    let ended = clock.wall();
    let mut item = ItemDraft {
        name: step.name.to_owned(),
        method: step.method,
        started,
        ended,
        outcome: ItemOutcome::Got,
        redactions: Vec::new(),
        bytes: Vec::new(),
    };
    match taken {
        Err(_) => item.outcome = ItemOutcome::TimedOut,
        Ok(Err(why)) => item.outcome = ItemOutcome::Unavailable { why },
        Ok(Ok(bytes)) => {
            // Redaction before cutting: half a secret has no form any more.
            let (bytes, redactions) = redact(&bytes);
            (item.bytes, item.redactions) = (bytes, redactions);
            cut(&mut item, step.keep, usize::try_from(max_bytes).unwrap_or(usize::MAX));
        }
    }
    item
}

/// Cuts an item to its share and says so in its method.
fn cut(item: &mut ItemDraft, keep: Keep, max_bytes: usize) {
    let size = item.bytes.len();
    if size <= max_bytes {
        return;
    }
    let which = if keep == Keep::First {
        item.bytes.truncate(max_bytes);
        item.redactions.retain(|redaction| redaction.offset < max_bytes as u64);
        "first"
    } else {
        let cut = size - max_bytes;
        item.bytes.drain(..cut);
        for redaction in &mut item.redactions {
            redaction.offset = redaction.offset.saturating_sub(cut as u64);
        }
        "last"
    };
    item.method = format!("{} (its {which} {max_bytes} of {size} bytes)", item.method);
}
