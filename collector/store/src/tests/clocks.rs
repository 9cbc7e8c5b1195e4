//! The running clocks of cases.

use nearmiss_case::words::TimerKind;
use nearmiss_shared::time::Span;

use super::world::*;

#[tokio::test]
async fn clocks_ring_in_order_and_a_saved_case_settles_them() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let next = world.store.next_timer(&world.operator).await.unwrap().unwrap();
    assert_eq!(next, case.timers[0].due);
    let mut unit = world.store.begin().await.unwrap();
    assert!(
        unit.due_timers(&world.operator, MORNING.minus(Span::from_millis(1)), 10)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    let late = MORNING.plus(Span::from_days(3));
    let due = unit.due_timers(&world.operator, late, 10).await.unwrap().rows;
    assert!(due.len() >= 2 && due.is_sorted_by_key(|timer| timer.due), "{due:?}");
    case.timers.retain(|timer| timer.kind == TimerKind::RetrospectiveDue);
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert_eq!(unit.due_timers(&world.operator, late, 10).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_clock_that_cannot_be_read_holds_up_no_other() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let late = MORNING.plus(Span::from_days(3));
    let mut unit = world.store.begin().await.unwrap();
    sqlx::query("UPDATE timer SET kind = 'spoilt' WHERE kind = 'acknowledge_due'")
        .execute(&mut *unit.transaction)
        .await
        .unwrap();
    let found = unit.due_timers(&world.operator, late, 10).await.unwrap();
    assert_eq!((found.faults.len(), found.rows.len()), (1, case.timers.len() - 1), "{found:?}");
    let next = unit.due_timers(&world.operator, late, 10).await.unwrap();
    assert!(next.faults.is_empty(), "it is told once");
    for timer in &next.rows {
        unit.postpone_timer(&world.operator, timer, late).await.unwrap();
    }
    assert!(unit.due_timers(&world.operator, late, 10).await.unwrap().rows.is_empty());
    let hour = late.plus(Span::from_hours(1));
    let again = unit.due_timers(&world.operator, hour, 10).await.unwrap();
    assert_eq!((again.faults.len(), again.rows.len()), (1, next.rows.len()));
}
