//! Once an hour what is of no use any more is removed: uploads of evidence that nobody went on with; sessions, tokens
//! and links that have ended.

use std::time::Duration;

use nearmiss_runtime::tasks;
use nearmiss_runtime::tasks::Stop;
use nearmiss_store::StoreError;
use tracing::{info, warn};

use crate::app::App;
use crate::incoming;

const EVERY: Duration = Duration::from_secs(60 * 60);

pub(super) async fn run(app: App, mut stop: Stop) {
    loop {
        uploads(&app).await;
        if let Err(fault) = expired(&app).await {
            warn!(%fault, "what has ended cannot be removed");
        }
        if !stop.sleep(EVERY).await {
            return;
        }
    }
}

async fn uploads(app: &App) {
    let folder = app.config.incoming();
    match tasks::blocking("sweep uploads", move || incoming::sweep(&folder)).await {
        Ok(Ok(0)) | Err(_) => {}
        Ok(Ok(swept)) => info!(swept, "uploads that nobody went on with are removed"),
        Ok(Err(fault)) => warn!(%fault, "old uploads cannot be removed"),
    }
}

async fn expired(app: &App) -> Result<(), StoreError> {
    let mut unit = app.store.begin().await?;
    let gone = unit.forget_expired(&app.operator, app.clock.now()).await?;
    unit.commit().await?;
    if gone > 0 {
        info!(gone, "sessions, tokens and links that have ended are removed");
    }
    Ok(())
}
