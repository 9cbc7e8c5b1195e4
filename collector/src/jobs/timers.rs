//! Clocks of cases ring: claimed in batches, in the order in which they were due, each move in the transaction that
//! claims it. A collector that was down catches up; a clock that was moved or cleared meanwhile does
//! nothing, and one that cannot ring is looked at again in an hour.

use std::time::Duration;

use nearmiss_case::engine::Input;
use nearmiss_case::{Actor, apply};
use nearmiss_runtime::tasks::Stop;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::timers::DueTimer;
use nearmiss_store::{StoreError, Unit};
use tracing::error;

use super::Broken;
use crate::app::App;
use crate::counters::Count;
use crate::moves::{World, Writer};

const AT_ONCE: u32 = 50;
const LOOK: Duration = Duration::from_secs(1);
const AFTER_FAULT: Duration = Duration::from_secs(5);

/// Rings clocks until asked to stop.
pub(super) async fn run(app: App, mut stop: Stop) {
    let mut broken = Broken::default();
    loop {
        let wait = match ring(&app, &mut broken).await {
            Ok(next) => wait(next, app.clock.now()),
            Err(fault) => {
                error!(%fault, "clocks of cases cannot be read");
                AFTER_FAULT
            }
        };
        tokio::select! {
            () = stop.asked() => return,
            () = app.timer_wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Until the next clock is due, but never longer than a second.
fn wait(next: Option<Timestamp>, now: Timestamp) -> Duration {
    next.map_or(LOOK, |due| due.since(now).to_duration().clamp(Duration::from_millis(10), LOOK))
}

/// Rings all that is due; when the next one is.
pub(super) async fn ring(app: &App, broken: &mut Broken) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let now = app.clock.now();
        let next = app.store.next_timer(&app.operator).await?;
        if next.is_none_or(|due| due > now) {
            return Ok(next);
        }
        let rung = ring_batch(app, broken, now).await?;
        if rung == 0 {
            return Ok(None);
        }
        app.counters.add(Count::TimersFired, rung);
        app.changed();
    }
}

async fn ring_batch(app: &App, broken: &mut Broken, now: Timestamp) -> Result<usize, StoreError> {
    let mut unit = app.store.begin().await?;
    let mut rung = 0;
    let due = unit.due_timers(&app.operator, now, AT_ONCE).await?;
    for fault in due.faults {
        broken.tell(&fault, "a clock cannot be read");
    }
    for timer in due.rows {
        unit.savepoint().await?;
        match ring_one(app, &mut unit, &timer, now).await {
            Ok(()) => {
                unit.release().await?;
                rung += 1;
            }
            Err(fault @ StoreError::Row { .. }) => {
                unit.undo().await?;
                unit.postpone_timer(&app.operator, &timer, now).await?;
                broken.tell(&fault, "a clock cannot ring");
            }
            Err(fault) => return Err(fault),
        }
    }
    unit.commit().await?;
    Ok(rung)
}

async fn ring_one(app: &App, unit: &mut Unit, timer: &DueTimer, now: Timestamp) -> Result<(), StoreError> {
    let scope = timer.scope();
    let Some(case) = unit.case(scope, timer.case).await? else { return Ok(()) };
    let world = World::load(unit, scope, now).await?;
    // A clock is never refused.
    let Ok(outcome) = apply(case, Input::Timer(timer.kind), &world.context(Actor::System), now) else {
        return Ok(());
    };
    let cause = format!("{} {}", timer.kind, timer.due);
    Writer { config: &app.config, scope, now }.save(unit, outcome, &cause).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_clock_is_waited_for_at_most_a_second() {
        let now = Timestamp::from_millis(10_000);
        for (due, millis) in [(None, 1_000), (Some(10_250), 250), (Some(5_000), 10), (Some(99_000), 1_000)] {
            assert_eq!(wait(due.map(Timestamp::from_millis), now).as_millis(), millis, "{due:?}");
        }
    }
}
