//! Events and what hosts are asked.

use nearmiss_shared::identity::{CaseId, EventId, RequestId};
use nearmiss_shared::time::Span;
use serde_json::json;

use super::world::*;
use crate::events::NewEvent;
use crate::requests::{Answered, NewRequest};

#[tokio::test]
async fn an_event_seen_twice_is_known() {
    let world = world().await;
    let host = enrolled(&world, world.falcon, "lab-1").await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let id = facts(host.host(), "/srv").id;
    let mut unit = world.store.begin().await.unwrap();
    assert!(!unit.is_known_event(&host, id).await.unwrap());
    unit.keep_proof(&host, "the same", "base", "signature", MORNING).await.unwrap();
    unit.insert_event(&host, new_event(id, Some(case.id))).await.unwrap();
    assert!(unit.is_known_event(&host, id).await.unwrap());
    unit.savepoint().await.unwrap();
    assert!(unit.insert_event(&host, new_event(id, None)).await.unwrap_err().is_conflict());
    unit.undo().await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(world.store.events_of_case(world.falcon, case.id).await.unwrap(), ["{}"]);
    assert!(world.store.events_of_case(world.apex, case.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_waits_for_its_host_until_it_answers_or_expires() {
    let world = world().await;
    let (host, other) =
        (enrolled(&world, world.falcon, "lab-1").await, enrolled(&world, world.falcon, "lab-2").await);
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let id = RequestId::from_parts(MORNING, [1; 10]);
    let end = MORNING.plus(Span::from_days(7));
    let data = json!({"value": 3});
    let request =
        |host| NewRequest { id, host, case: Some(case.id), kind: "baseline", data: &data, expires_at: end };
    let mut unit = world.store.begin().await.unwrap();
    unit.savepoint().await.unwrap();
    assert!(unit.ask_host(world.apex, request(host.host())).await.is_err(), "no host of Apex");
    unit.undo().await.unwrap();
    unit.ask_host(world.falcon, request(host.host())).await.unwrap();
    unit.commit().await.unwrap();
    let asked = world.store.requests_for(&host, MORNING).await.unwrap();
    assert_eq!((asked[0].id, asked[0].kind.as_str(), &asked[0].data), (id, "baseline", &data));
    assert!(world.store.requests_for(&other, MORNING).await.unwrap().is_empty());
    assert!(world.store.requests_for(&host, end).await.unwrap().is_empty(), "expired");

    let mut unit = world.store.begin().await.unwrap();
    assert_eq!(unit.request_answered(&other, id, "done", "").await.unwrap(), None, "not asked");
    let answered = unit.request_answered(&host, id, "done", "quiet").await.unwrap().unwrap();
    assert_eq!(answered, Answered { case: Some(case.id), kind: "baseline".to_owned(), data: data.clone() });
    assert_eq!(unit.request_answered(&host, id, "refused", "").await.unwrap(), None, "answered before");
    unit.commit().await.unwrap();
    assert!(world.store.requests_for(&host, MORNING).await.unwrap().is_empty());

    let again = RequestId::from_parts(MORNING.plus(Span::from_hours(1)), [1; 10]);
    let mut unit = world.store.begin().await.unwrap();
    unit.ask_host(world.falcon, NewRequest { id: again, ..request(host.host()) }).await.unwrap();
    unit.commit().await.unwrap();
    let asked = world.store.last_asked(&[world.apex, world.falcon], "baseline").await.unwrap();
    assert_eq!((asked.len(), asked[0].host, asked[0].state.as_str()), (1, host.host(), "open"), "the newest");
    assert!(world.store.last_asked(&[world.apex], "baseline").await.unwrap().is_empty());
    assert!(world.store.last_asked(&[world.falcon], "maintenance").await.unwrap().is_empty());
}

pub(super) fn new_event<'a>(id: EventId, case: Option<CaseId>) -> NewEvent<'a> {
    NewEvent {
        id,
        proof_id: "the same",
        case,
        kind: "approached",
        observed_at: MORNING,
        received_at: MORNING,
        body: "{}",
    }
}
