//! The spool from before a host has a collector to after it.

use nearmiss_runtime::random::random;
use nearmiss_shared::identity::HostId;
use nearmiss_shared::wire::v1::EventBatch;

use super::*;
use crate::ids;
use nearmiss_agent_probe::Clock;

const SAMPLE: &str = include_str!("../../../shared/src/wire/v1/batch.sample.json");

fn work(count: u64, enrolled: bool) -> Work {
    let batch: EventBatch = serde_json::from_str(SAMPLE).unwrap();
    let events = (1..=count).map(|sequence| {
        let mut event = batch.events[0].clone();
        event.sequence = sequence;
        event.id = spool::id_at(batch.host_id, ids::store(event.observed_at), &event);
        event
    });
    Work { events: events.collect(), enrolled, ..Work::default() }
}

fn enrolment(clock: &Clock) -> Enrolment {
    Enrolment {
        url: "https://collector.example".to_owned(),
        host: HostId::from_parts(clock.wall(), random()),
        audience: "audience".to_owned(),
        client: "Falcon MRO".to_owned(),
        site: "Karachi".to_owned(),
        enrolled_at: clock.wall(),
        observe_seconds: 0,
    }
}

#[test]
fn a_client_without_sites_is_told_by_its_name() {
    let told = enrolment(&Clock::real());
    assert_eq!(told.place(), "Falcon MRO, Karachi");
    assert_eq!(Enrolment { site: String::new(), ..told }.place(), "Falcon MRO");
}

#[tokio::test]
async fn what_was_spooled_before_enrolment_is_addressed_to_the_collector_and_not_to_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::real();
    let store = Store::open(folder.path()).await.unwrap();
    let identity = store.identity(clock.wall()).await.unwrap();
    store.commit(&work(3, false), clock.wall()).await.unwrap();

    let first = enrolment(&clock);
    store.enrol(&first, identity.store).await.unwrap();
    let batch = store.oldest_events(10, usize::MAX, clock.wall()).await.unwrap();
    assert_eq!(batch.events.len(), 3, "none is damaged by it");
    for event in &batch.events {
        assert_eq!(event.id, spool::id_at(first.host, identity.store, event));
    }

    store.enrol(&first, identity.store).await.unwrap();
    assert_eq!(store.event_depth().await.unwrap(), (3, 0), "the same host's events stay");
    store.enrol(&enrolment(&clock), identity.store).await.unwrap();
    assert_eq!(store.event_depth().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn without_a_collector_the_spool_is_bounded_and_the_newest_events_stay() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::real();
    let store = Store::open(folder.path()).await.unwrap();
    store.commit(&work(1_050, false), clock.wall()).await.unwrap();
    assert_eq!(store.event_depth().await.unwrap(), (1_000, 0));
    let oldest = store.oldest_events(1, usize::MAX, clock.wall()).await.unwrap();
    assert_eq!(oldest.events[0].sequence, 51);
}

#[tokio::test]
async fn a_spool_that_outgrows_its_room_loses_its_oldest_events_and_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::real();
    let store = Store::open(folder.path()).await.unwrap();
    let work = work(20, true);
    store.commit(&work, clock.wall()).await.unwrap();
    for event in &work.events[..10] {
        store.quarantine(&event.id.to_string(), "refused", clock.wall()).await.unwrap();
    }
    let one = serde_json::to_string(&work.events[19]).unwrap().len() as u64;
    assert_eq!(store.trim_spool(one * 11).await.unwrap(), 0);
    assert_eq!(store.trim_spool(one * 4 + one / 2).await.unwrap(), 6);
    assert_eq!(store.event_depth().await.unwrap(), (4, 4));
    let kept = store.oldest_events(20, usize::MAX, clock.wall()).await.unwrap();
    assert_eq!(kept.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [17, 18, 19, 20]);
}

#[tokio::test]
async fn an_event_judged_twice_is_one_event_and_a_damaged_one_does_not_hold_up_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::real();
    let store = Store::open(folder.path()).await.unwrap();
    let work = work(2, true);
    store.commit(&work, clock.wall()).await.unwrap();
    store.commit(&work, clock.wall()).await.unwrap();
    assert_eq!(store.event_depth().await.unwrap(), (2, 0));

    sqlx::query("UPDATE event SET body = '{}' WHERE id = $1")
        .bind(work.events[0].id.to_string())
        .execute(&store.pool)
        .await
        .unwrap();
    let batch = store.oldest_events(10, usize::MAX, clock.wall()).await.unwrap();
    assert_eq!(batch.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2]);
    assert_eq!(store.event_depth().await.unwrap(), (1, 1));
}

#[tokio::test]
async fn a_checkpoint_is_replaced_by_the_next_of_its_name_and_removed_by_none() {
    let folder = tempfile::tempdir().unwrap();
    let (store, now) = (Store::open(folder.path()).await.unwrap(), Clock::real().wall());
    for (body, left) in [(Some("1"), 1), (Some("2"), 1), (None, 0), (None, 0)] {
        let checkpoints = vec![("a".to_owned(), body.map(str::to_owned))];
        store.commit(&Work { checkpoints, ..Work::default() }, now).await.unwrap();
        let stored = store.checkpoints().await.unwrap();
        assert_eq!((stored.len(), stored.get("a").map(String::as_str)), (left, body));
    }
}
