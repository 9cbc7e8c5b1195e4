//! Uploads of evidence that nobody went on with are removed, once an hour.

use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::tasks::Stop;
use crate::{incoming, tasks};

const EVERY: Duration = Duration::from_secs(60 * 60);

pub(super) async fn run(app: App, mut stop: Stop) {
    loop {
        let folder = app.config.incoming();
        match tasks::blocking("sweep uploads", move || incoming::sweep(&folder)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(swept)) => info!(swept, "uploads that nobody went on with are removed"),
            Ok(Err(fault)) => warn!(%fault, "old uploads cannot be removed"),
        }
        if !stop.sleep(EVERY).await {
            return;
        }
    }
}
