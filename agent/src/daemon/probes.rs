//! Each probe at its own pace, and the log follower, into the one pipeline.

use nearmiss_runtime::tasks::Stop;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::follower::Followed;
use crate::looks::Look;
use crate::pipeline::{Handle, Input};
use nearmiss_agent_probe::Clock;
use nearmiss_agent_probe::Probe;

/// Looks, hands on, and waits for the next time, for what comes before it, or until somebody asks for a look; until
/// asked to stop.
pub(super) async fn look(
    mut probe: Box<dyn Probe>,
    asked: Look,
    clock: Clock,
    pipeline: Handle,
    mut stop: Stop,
) {
    let mut turn = tokio::time::interval(probe.interval().to_duration());
    // A look that took longer than its interval is not made up for.
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_first = true;
    loop {
        let told = tokio::select! {
            () = stop.asked() => return,
            _ = turn.tick() => None,
            () = asked.asked() => None,
            told = probe.between(&clock) => Some(told),
        };
        let (looked, whole) = match told {
            Some(told) => (told, false),
            None => tokio::select! {
                () = stop.asked() => return,
                looked = probe.read(&clock) => (looked, true),
            },
        };
        pipeline.send(Input::Looked(looked)).await;
        // What is asked of the pipeline from here on comes behind it.
        if whole && std::mem::take(&mut is_first) {
            asked.was_first();
        }
    }
}

/// Hands on what the follower found until there is no follower.
pub(super) async fn hand_on(mut found: mpsc::Receiver<Followed>, pipeline: Handle) {
    while let Some(followed) = found.recv().await {
        pipeline.send(Input::Followed(followed)).await;
    }
}
