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
        unit.due_timers(&world.operator, MORNING.minus(Span::from_millis(1)), 10).await.unwrap().is_empty()
    );
    let late = MORNING.plus(Span::from_days(3));
    let due = unit.due_timers(&world.operator, late, 10).await.unwrap();
    assert!(due.len() >= 2 && due.is_sorted_by_key(|timer| timer.due), "{due:?}");
    case.timers.retain(|timer| timer.kind == TimerKind::RetrospectiveDue);
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert_eq!(unit.due_timers(&world.operator, late, 10).await.unwrap().len(), 1);
}
