//! systemd's watchdog is fed only while the pipeline answers: a stuck agent is restarted, not believed.

use std::time::Duration;

use nearmiss_runtime::tasks::Stop;
use sd_notify::NotifyState;

use super::tell;
use crate::pipeline::{Handle, Input};

/// Feeds it at half its time, until asked to stop; returns at once when there is none.
pub(super) async fn feed(pipeline: Handle, patience: Duration, mut stop: Stop) {
    let half = patience / 2;
    while stop.sleep(half).await {
        if let Ok(Some(_)) = tokio::time::timeout(half, pipeline.ask(Input::View)).await {
            tell(&[NotifyState::Watchdog]);
        }
    }
}
