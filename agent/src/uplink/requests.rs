//! What a collector may ask of this host: data, never a command line or a path, and only what `[accept]` allows.
//!
//! Each request is obeyed at most once. The answer (done, refused with the reason, expired) goes with the next status.

use nearmiss_agent_core::config::AcceptConfig;
use nearmiss_shared::wire::v1::{Baseline, Maintenance, Request, RequestAnswer, RequestOutcome};
use serde::de::DeserializeOwned;
use tracing::info;

use super::Uplink;
use crate::drill::Drills;
use crate::maintenance;
use crate::pipeline::Input;
use crate::store::StoreFault;

/// Obeys or refuses one request and keeps the answer.
///
/// # Errors
/// The store cannot be used; the request will come again.
pub async fn obey(
    uplink: &Uplink,
    accept: &AcceptConfig,
    drills: &Drills,
    request: Request,
) -> Result<(), StoreFault> {
    if uplink.store.is_answered(request.id).await? {
        return uplink.store.answer_again(request.id).await;
    }
    let now = uplink.clock.wall();
    let (outcome, detail) = if request.expires <= now {
        (RequestOutcome::Expired, format!("it expired at {}", request.expires))
    } else {
        match act(uplink, accept, drills, &request).await {
            Ok(detail) => (RequestOutcome::Done, detail),
            Err(why) => (RequestOutcome::Refused, why),
        }
    };
    info!(kind = request.kind, ?outcome, detail, "request of the collector");
    uplink.store.answer(&RequestAnswer { id: request.id, outcome, detail }, now).await?;
    uplink.outbox.status.notify_one();
    Ok(())
}

async fn act(
    uplink: &Uplink,
    accept: &AcceptConfig,
    drills: &Drills,
    request: &Request,
) -> Result<String, String> {
    match request.kind.as_str() {
        "baseline" if accept.baseline => baseline(uplink, data(request)?).await,
        "maintenance" if accept.maintenance => maintenance(uplink, data(request)?).await,
        "drill" if accept.drill => {
            let name = request.data["name"].as_str().ok_or("its data names no drill")?;
            drills.start(name).await.map_err(|fault| fault.to_string())
        }
        kind @ ("baseline" | "maintenance" | "drill") => {
            Err(format!("[accept] of this host's configuration does not allow `{kind}`"))
        }
        kind => Err(format!("this agent does not do `{}`", kind.chars().take(40).collect::<String>())),
    }
}

fn data<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_value(request.data.clone()).map_err(|fault| format!("its data cannot be read: {fault}"))
}

async fn baseline(uplink: &Uplink, baseline: Baseline) -> Result<String, String> {
    let told = format!(
        "{} of {} known at {} until {}",
        baseline.signal, baseline.subject, baseline.value, baseline.until
    );
    let answer = uplink.pipeline.ask(|reply| Input::Baseline(baseline, reply)).await;
    answer.ok_or("the agent is stopping")?.map(|()| told)
}

async fn maintenance(uplink: &Uplink, window: Maintenance) -> Result<String, String> {
    maintenance::enter(&uplink.store, &uplink.pipeline, &window, uplink.clock.wall()).await
}
