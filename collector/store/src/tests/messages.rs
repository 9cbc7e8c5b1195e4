//! The outbox.

use nearmiss_shared::identity::{CaseId, MessageId};
use nearmiss_shared::time::Span;

use super::world::*;
use crate::outbox::{Channel, LEASE, MessageState, NewMessage};

#[tokio::test]
async fn a_message_is_queued_once_and_comes_again_until_it_is_sent() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    unit.queue(world.falcon, message(case.id, 1, "the same")).await.unwrap();
    unit.queue(world.falcon, message(case.id, 2, "the same")).await.unwrap();
    let claimed = unit.claim_messages(&world.operator, "email", MORNING, 10).await.unwrap().rows;
    assert_eq!((claimed.len(), claimed[0].attempts), (1, 1), "one key is one message");
    let soon = MORNING.plus(Span::from_seconds(30));
    assert!(
        unit.claim_messages(&world.operator, "email", soon, 10).await.unwrap().rows.is_empty(),
        "somebody is sending it"
    );
    let later = MORNING.plus(LEASE);
    let again = unit.claim_messages(&world.operator, "email", later, 10).await.unwrap().rows;
    assert_eq!(again[0].attempts, 2, "the sender crashed");
    unit.message_sent(world.falcon, again[0].id, later).await.unwrap();
    unit.commit().await.unwrap();
    let seen = world.store.outbox_of_case(world.falcon, case.id).await.unwrap();
    assert_eq!((seen.len(), seen[0].state), (1, MessageState::Sent));
    assert!(world.store.undelivered(&[world.falcon]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_that_fails_waits_is_given_up_or_no_longer_matters() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    for (number, dedup) in [(1, "retried"), (2, "given up"), (3, "dropped")] {
        unit.queue(world.falcon, message(case.id, number, dedup)).await.unwrap();
    }
    let claimed = unit.claim_messages(&world.operator, "email", MORNING, 10).await.unwrap().rows;
    let retry = MORNING.plus(Span::from_minutes(10));
    unit.message_failed(world.falcon, claimed[0].id, "451 try later", Some(retry)).await.unwrap();
    unit.message_failed(world.falcon, claimed[1].id, "550 nobody here", None).await.unwrap();
    unit.message_dropped(world.falcon, claimed[2].id, "acknowledged").await.unwrap();
    let before = MORNING.plus(Span::from_minutes(9));
    assert!(unit.claim_messages(&world.operator, "email", before, 10).await.unwrap().rows.is_empty());
    let again = unit.claim_messages(&world.operator, "email", retry, 10).await.unwrap().rows;
    assert_eq!(again.iter().map(|row| row.dedup.as_str()).collect::<Vec<_>>(), ["retried"]);
    unit.commit().await.unwrap();

    let board = world.store.undelivered(&[world.falcon]).await.unwrap();
    let told: Vec<_> = board.iter().map(|view| (view.state, view.detail.as_str())).collect();
    assert_eq!(told, [(MessageState::Waiting, "451 try later"), (MessageState::GivenUp, "550 nobody here")]);
    assert!(world.store.undelivered(&[world.apex]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_urgent_is_sent_first() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    unit.queue(world.falcon, NewMessage { urgent: false, ..message(case.id, 1, "calm") }).await.unwrap();
    unit.queue(world.falcon, message(case.id, 2, "urgent")).await.unwrap();
    let soon = NewMessage { due_at: MORNING.plus(Span::from_hours(1)), ..message(case.id, 3, "later") };
    unit.queue(world.falcon, soon).await.unwrap();
    let claimed = unit.claim_messages(&world.operator, "email", MORNING, 10).await.unwrap().rows;
    assert_eq!(claimed.iter().map(|row| row.dedup.as_str()).collect::<Vec<_>>(), ["urgent", "calm"]);
}

#[tokio::test]
async fn a_lane_is_claimed_by_itself() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    assert!(unit.due_lanes(&world.operator, MORNING).await.unwrap().is_empty());
    for (number, lane) in [(1, "webhook b"), (2, "email"), (3, "webhook b")] {
        let message = message(case.id, number, &number.to_string());
        unit.queue(world.falcon, NewMessage { lane: lane.to_owned(), ..message }).await.unwrap();
    }
    assert_eq!(unit.due_lanes(&world.operator, MORNING).await.unwrap(), ["email", "webhook b"]);
    let claimed = unit.claim_messages(&world.operator, "webhook b", MORNING, 10).await.unwrap().rows;
    assert_eq!(claimed.iter().map(|row| row.dedup.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(unit.due_lanes(&world.operator, MORNING).await.unwrap(), ["email"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_up_no_other() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let mut unit = world.store.begin().await.unwrap();
    unit.queue(world.falcon, message(case.id, 1, "spoilt")).await.unwrap();
    unit.queue(world.falcon, message(case.id, 2, "sound")).await.unwrap();
    sqlx::query("UPDATE outbox SET channel = 'spoilt' WHERE dedup = 'spoilt'")
        .execute(&mut *unit.transaction)
        .await
        .unwrap();
    let found = unit.claim_messages(&world.operator, "email", MORNING, 10).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.dedup.as_str()).collect::<Vec<_>>(), ["sound"]);
    assert!(found.faults[0].to_string().contains("outbox.channel"), "{:?}", found.faults);
    unit.message_sent(world.falcon, found.rows[0].id, MORNING).await.unwrap();
    let hour = Span::from_hours(1);
    let before = MORNING.plus(Span::from_minutes(59));
    assert!(unit.due_lanes(&world.operator, before).await.unwrap().is_empty());
    assert_eq!(unit.due_lanes(&world.operator, MORNING.plus(hour)).await.unwrap(), ["email"]);
}

fn message(case: CaseId, number: u8, dedup: &str) -> NewMessage {
    NewMessage {
        id: MessageId::from_parts(MORNING, [number; 10]),
        case,
        person: None,
        channel: Channel::Email,
        lane: "email".to_owned(),
        kind: "page".to_owned(),
        urgent: true,
        dedup: dedup.to_owned(),
        body: "{}".to_owned(),
        created_at: MORNING,
        due_at: MORNING,
    }
}
