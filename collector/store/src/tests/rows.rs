//! Rows that are not what they should be, and what outlives a restart.

use super::world::*;
use crate::cases::CaseFilter;
use crate::{Place, Store, StoreError};

#[tokio::test]
async fn what_was_committed_is_there_when_the_database_is_opened_again() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    let lost = opened(&mut unit, world.falcon, "/var", 2).await.case;
    unit.insert_case(world.falcon, &lost, MORNING).await.unwrap();
    drop(unit);
    world.store.close().await;
    let store = Store::open(&world.place).await.unwrap();
    assert!(store.case(&[world.falcon], case.id).await.unwrap().is_some());
    assert!(store.case(&[world.falcon], lost.id).await.unwrap().is_none(), "never committed");
    assert_eq!(store.integrity().await.unwrap(), "ok");
}

#[tokio::test]
async fn a_bad_row_is_named_by_table_column_and_id() {
    let world = world().await;
    // PostgreSQL lets no text into a column of numbers.
    let Place::File(_) = &world.place else { return };
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    for statement in [
        "UPDATE case_file SET document = '{\"spoilt\": 1}'",
        "UPDATE timer SET kind = 'spoilt' WHERE kind = 'acknowledge_due'",
        "UPDATE entry_payload SET salt = 'spoilt'",
        "UPDATE task SET due_at = 'spoilt'",
        "UPDATE person SET hours = 'spoilt'",
    ] {
        sqlx::query(statement).execute(&mut *unit.transaction).await.unwrap();
    }
    let mut timers = unit.due_timers(&world.operator, case.retrospective.due, 10).await.unwrap();
    let timer = timers.faults.remove(0);
    let people = unit.people(world.falcon).await.unwrap_err();
    unit.commit().await.unwrap();
    let sana = case.tasks.iter().find_map(|task| task.person).unwrap();
    let task = case.tasks.iter().find(|task| task.person == Some(sana)).unwrap();
    let omar = world.store.credentials("omar@example.org").await.unwrap().unwrap().person;
    let store = &world.store;
    let document = store.cases(&[world.falcon], &CaseFilter::default()).await.unwrap_err();
    let salt = store.chain(world.falcon, case.id).await.unwrap_err();
    let tasks = store.tasks_of(&[world.falcon], sana).await.unwrap_err();
    for (fault, table, column, id) in [
        (timer, "timer", "kind", case.id.to_string()),
        (people, "person", "hours", omar.to_string()),
        (document, "case_file", "document", case.id.to_string()),
        (salt, "entry", "salt", case.id.to_string()),
        (tasks, "task", "due_at", task.id.to_string()),
    ] {
        let StoreError::Row { table: of, column: at, id: which, .. } = &fault else { panic!("{fault}") };
        assert_eq!((*of, *at, which), (table, column, &id), "{fault}");
    }
}
