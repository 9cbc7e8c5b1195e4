//! Cases: one open one a key, lists, tasks, meetings, curves.

use nearmiss_case::context::Slot;
use nearmiss_case::words::Workflow;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Physical;

use super::world::*;
use crate::cases::CaseFilter;
use crate::curve::CurvePoint;

#[tokio::test]
async fn the_database_itself_refuses_a_second_open_case_of_one_key() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    let second = opened(&mut unit, world.falcon, "/srv", 2).await.case;
    unit.savepoint().await.unwrap();
    let fault = unit.insert_case(world.falcon, &second, MORNING).await.unwrap_err();
    assert!(fault.is_conflict(), "{fault}");
    unit.undo().await.unwrap();
    case.workflow = Workflow::Closed;
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    unit.insert_case(world.falcon, &second, MORNING).await.unwrap();
    let found = unit.case_of_key(world.falcon, &case.key).await.unwrap().unwrap();
    assert_eq!(found.id, second.id, "the open one");
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn a_reserved_meeting_takes_everyones_time_until_it_is_held() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let slot = Slot { start: MORNING.plus(Span::from_hours(3)), end: MORNING.plus(Span::from_hours(4)) };
    case.retrospective.slot = Some(slot);
    let mut unit = world.store.begin().await.unwrap();
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    let busy = unit.busy(world.apex, MORNING).await.unwrap();
    assert!(!busy.is_empty() && busy.iter().all(|(_, taken)| *taken == slot), "{busy:?}");
    assert!(unit.busy(world.falcon, slot.end).await.unwrap().is_empty(), "it is over");
    case.retrospective.held_at = Some(MORNING);
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert!(unit.busy(world.falcon, MORNING).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_standing_hazard_leaves_its_key_to_a_successor() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    case.physical = Physical::Standing;
    let mut unit = world.store.begin().await.unwrap();
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    let successor = opened(&mut unit, world.falcon, "/srv", 2).await.case;
    unit.insert_case(world.falcon, &successor, MORNING).await.unwrap();
    let open = unit.open_cases_of_host(world.falcon, case.host).await.unwrap();
    assert_eq!(open.iter().map(|case| case.id).collect::<Vec<_>>(), [successor.id]);
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended_newest_first() {
    let world = world().await;
    for (number, scope) in [(1, world.falcon), (2, world.apex), (3, world.falcon), (4, world.apex)] {
        stored(&world, scope, &format!("/{number}"), number).await;
    }
    let both = [world.apex, world.falcon];
    let mut filter = CaseFilter { limit: 3, ..CaseFilter::default() };
    let mut numbers = Vec::new();
    loop {
        let page = world.store.cases(&both, &filter).await.unwrap();
        numbers.extend(page.iter().map(|row| row.case.number));
        let Some(last) = page.last() else { break };
        filter.after = Some(last.case.id);
    }
    assert_eq!(numbers, [4, 3, 2, 1]);
}

#[tokio::test]
async fn a_persons_tasks_are_listed_by_when_they_are_due_until_the_case_is_closed() {
    let world = world().await;
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    let sana = world.store.credentials("sana@example.org").await.unwrap().unwrap().person;
    let tasks = world.store.tasks_of(&[world.apex, world.falcon], sana).await.unwrap();
    assert!(!tasks.is_empty() && tasks.is_sorted_by_key(|task| task.due), "{tasks:?}");
    assert_eq!((tasks[0].case, tasks[0].number, tasks[0].client_name.as_str()), (case.id, 1, "Falcon"));
    assert!(world.store.tasks_of(&[world.apex], sana).await.unwrap().is_empty());
    case.workflow = Workflow::Closed;
    let mut unit = world.store.begin().await.unwrap();
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    unit.commit().await.unwrap();
    assert!(world.store.tasks_of(&[world.falcon], sana).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_minute_of_the_curve_told_again_replaces_what_it_said() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let point = |minutes: i64, last: f64| CurvePoint {
        minute: MORNING.plus(Span::from_minutes(minutes)),
        min: 0.0,
        max: 1.0,
        last,
        closest: None,
        samples: 2,
        expected: 2,
    };
    let mut unit = world.store.begin().await.unwrap();
    unit.add_minutes(world.falcon, case.id, &[point(1, 0.5), point(0, 0.25)]).await.unwrap();
    unit.add_minutes(world.falcon, case.id, &[point(1, 0.75)]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(world.store.curve(world.falcon, case.id).await.unwrap(), [point(0, 0.25), point(1, 0.75)]);
    assert!(world.store.curve(world.apex, case.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_newest_ten_thousand_hints_are_kept() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    for _ in 0..2 {
        unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    }
    let far = "UPDATE change SET change_id = 10000 WHERE change_id = 3";
    sqlx::query(far).execute(&mut *unit.transaction).await.unwrap();
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    unit.commit().await.unwrap();
    let kept = world.store.changes_since(&[world.falcon], 0, 10).await.unwrap();
    assert_eq!(kept.iter().map(|hint| hint.id).collect::<Vec<_>>(), [2, 10_000, 10_001]);
    assert_eq!(world.store.change_cursor().await.unwrap(), 10_001);
    assert_eq!(world.store.changes_since(&[world.falcon], 2, 1).await.unwrap(), kept[1..2]);
}
