//! Maintenance windows: watching goes on, every event carries the fact, and nobody is paged.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::Maintenance;

use crate::pipeline::{Handle, Input, Remark};
use crate::store::Store;

/// A longer window is a mistake.
const LONGEST: Span = Span::from_days(7);
/// What the store keeps the window under.
const KEY: &str = "maintenance";

/// Begins a window; what was done, in words.
///
/// # Errors
/// It is too long or over already, or cannot be kept.
pub async fn enter(
    store: &Store,
    pipeline: &Handle,
    window: &Maintenance,
    now: Timestamp,
) -> Result<String, String> {
    let length = window.until.since(now);
    if length > LONGEST || length <= Span::ZERO {
        return Err(format!("a window ends within {LONGEST} from now; {} does not", window.until));
    }
    let kept = (window.until, window.reason.clone());
    store.set(KEY, &kept).await.map_err(|fault| fault.to_string())?;
    pipeline.send(Input::Maintenance(kept.0, kept.1)).await;
    let labels = [
        ("action", "maintenance".to_owned()),
        ("until", window.until.to_string()),
        ("person", window.person.clone()),
    ];
    let remark = Remark {
        kind: EventKind::Action,
        reasons: vec![format!("maintenance until {}: {}", window.until, window.reason)],
        labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let written = pipeline.ask(|reply| Input::Remark(remark, reply)).await;
    written.ok_or("the agent is stopping")?.map_err(|fault| fault.to_string())?;
    Ok(format!("maintenance until {}: {}", window.until, window.reason))
}
