//! `maintenance SPAN REASON`, and `maintenance --end`.

use nearmiss_shared::time::Span;

use super::{Config, Ended, Failure, tell};
use crate::control::Question;

/// Without a span it ends.
pub(super) async fn run(file: &Config, span: Option<Span>, reason: String) -> Ended {
    let Some(span) = span else { return tell(file, Question::EndMaintenance).await };
    if span < Span::from_seconds(1) {
        return Err(Failure::usage("maintenance lasts a second at least"));
    }
    tell(file, Question::Maintenance { seconds: span.as_millis() / 1000, reason }).await
}
