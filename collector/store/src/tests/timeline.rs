//! The chain of entries.

use nearmiss_case::{Actor, Entry, What, chain};

use super::world::*;

#[tokio::test]
async fn a_chain_verifies_until_somebody_touches_it() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let entries = world.store.chain(world.falcon, case.id).await.unwrap();
    assert!(entries.len() >= 3, "opened, assigned, planned");
    assert_eq!(chain::verify(&entries), Vec::<String>::new());
    let lines = world.store.timeline(world.falcon, case.id).await.unwrap();
    assert_eq!((lines[0].kind.as_str(), lines[0].actor.as_str()), ("opened", "nearmiss"));

    let mut unit = world.store.begin().await.unwrap();
    let sql =
        "UPDATE entry_payload SET payload = replace(payload, '4 % free', '40 % free') WHERE sequence = 1";
    sqlx::query(sql).execute(&mut *unit.transaction).await.unwrap();
    unit.commit().await.unwrap();
    let entries = world.store.chain(world.falcon, case.id).await.unwrap();
    assert_eq!(chain::verify(&entries), ["entry 1: its text was changed"]);
}

#[tokio::test]
async fn a_chain_goes_on_where_it_ended_and_an_erased_text_leaves_it_whole() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let before = world.store.chain(world.falcon, case.id).await.unwrap().len();
    let mut unit = world.store.begin().await.unwrap();
    let note = Entry::new(MORNING, &Actor::System, What::note("seen".to_owned()));
    unit.append_entries(world.falcon, case.id, &[note], &mut bytes_from(50)).await.unwrap();
    sqlx::query("DELETE FROM entry_payload WHERE sequence = 1")
        .execute(&mut *unit.transaction)
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let entries = world.store.chain(world.falcon, case.id).await.unwrap();
    assert_eq!((entries.len(), chain::verify(&entries)), (before + 1, Vec::new()));
    let lines = world.store.timeline(world.falcon, case.id).await.unwrap();
    assert_eq!((lines[0].what.as_ref(), lines[0].actor.as_str()), (None, "system"), "erased");
    assert_eq!(lines[before].what, Some(What::note("seen".to_owned())));
}
