//! `maintenance SPAN REASON`.

use nearmiss_shared::time::Span;

use super::{Config, Ended, Failure, tell};
use crate::control::Question;

pub(super) async fn run(file: &Config, span: Span, reason: String) -> Ended {
    if span < Span::from_seconds(1) {
        return Err(Failure::usage("maintenance lasts a second at least"));
    }
    tell(file, Question::Maintenance { seconds: span.as_millis() / 1000, reason }).await
}
