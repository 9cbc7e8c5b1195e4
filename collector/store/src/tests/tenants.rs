//! No client sees or moves what is another's.

use nearmiss_case::{Actor, Entry, What};
use nearmiss_shared::identity::{BundleId, CaseId};
use nearmiss_shared::time::Span;

use super::world::*;
use crate::cases::{CaseFilter, CaseState};
use crate::curve::CurvePoint;
use crate::evidence::NewEvidence;

#[tokio::test]
async fn a_case_its_timeline_and_its_changes_are_their_clients_alone() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let store = &world.store;
    assert_eq!(store.case(&[world.apex, world.falcon], case.id).await.unwrap().unwrap().case, case);
    assert!(store.case(&[world.apex], case.id).await.unwrap().is_none());
    assert!(store.case_by_number(&[world.apex], case.number).await.unwrap().is_none());
    assert!(store.timeline(world.apex, case.id).await.unwrap().is_empty());
    assert!(store.changes_since(&[world.apex], 0, 10).await.unwrap().is_empty());
    assert_eq!(store.changes_since(&[world.falcon], 0, 10).await.unwrap()[0].reference, case.id.to_string());
    let all = CaseFilter { state: CaseState::All, ..CaseFilter::default() };
    assert!(store.cases(&[world.apex], &all).await.unwrap().is_empty());
    assert!(store.cases(&[], &all).await.unwrap().is_empty());
    let named = CaseFilter { client: Some("Falcon".to_owned()), ..CaseFilter::default() };
    assert_eq!(store.cases(&[world.falcon], &named).await.unwrap().len(), 1);
    let closed = CaseFilter { state: CaseState::Closed, ..CaseFilter::default() };
    assert!(store.cases(&[world.falcon], &closed).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_case_is_written_only_in_the_scope_of_its_client() {
    let world = world().await;
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let sana = case.tasks.iter().find_map(|task| task.person).unwrap();
    let mut moved = case.clone();
    moved.tasks.clear();
    moved.timers.clear();
    let mut unit = world.store.begin().await.unwrap();
    let fault = unit.save_case(world.apex, &moved, MORNING).await.unwrap_err();
    assert!(fault.to_string().contains("no case of this client"), "{fault}");
    moved.id = CaseId::from_parts(MORNING, [9; 10]);
    unit.insert_case(world.apex, &moved, MORNING).await.unwrap_err();
    let note = Entry::new(MORNING, &Actor::System, What::note("planted".to_owned()));
    unit.append_entries(world.apex, case.id, &[note], &mut bytes_from(50)).await.unwrap_err();
    let minute =
        CurvePoint { minute: MORNING, min: 0.0, max: 0.0, last: 0.0, closest: None, samples: 1, expected: 1 };
    unit.add_minutes(world.apex, case.id, &[minute]).await.unwrap_err();
    unit.commit().await.unwrap();

    assert_eq!(world.store.case(&[world.falcon], case.id).await.unwrap().unwrap().case, case);
    assert!(!world.store.tasks_of(&[world.falcon], sana).await.unwrap().is_empty(), "as they were");
    let late = MORNING.plus(Span::from_days(9));
    let mut unit = world.store.begin().await.unwrap();
    let timers = unit.due_timers(&world.operator, late, 99).await.unwrap().rows;
    assert!(timers.iter().all(|timer| timer.scope() == world.falcon) && timers.len() == case.timers.len());
}

#[tokio::test]
async fn a_host_takes_no_id_away_from_another_clients_host() {
    let world = world().await;
    let hosts = [enrolled(&world, world.apex, "lab-1").await, enrolled(&world, world.falcon, "lab-2").await];
    let bundle = BundleId::from_parts(MORNING, [3; 10]);
    let event = facts(hosts[0].host(), "/srv").id;
    let mut unit = world.store.begin().await.unwrap();
    for (host, sha256) in hosts.iter().zip(["a", "b"]) {
        unit.keep_proof(host, "the same", "base", "signature", MORNING).await.unwrap();
        assert!(!unit.is_known_event(host, event).await.unwrap(), "never heard of it");
        unit.insert_event(host, super::events::new_event(event, None)).await.unwrap();
        let evidence = NewEvidence {
            bundle,
            case: None,
            sha256: sha256.to_owned(),
            bytes: 1,
            signature_valid: true,
            problems: Vec::new(),
            stored_at: MORNING,
        };
        unit.insert_evidence(host, evidence).await.unwrap();
    }
    unit.commit().await.unwrap();
    let found = world.store.evidence(&[world.falcon], None, bundle).await.unwrap().unwrap();
    assert_eq!((found.scope(), found.sha256.as_str()), (world.falcon, "b"));
}

#[tokio::test]
async fn numbers_rise_over_all_clients_of_the_provider() {
    let world = world().await;
    let first = stored(&world, world.falcon, "/srv", 1).await;
    let second = stored(&world, world.apex, "/srv", 2).await;
    assert_eq!((first.label(), second.label()), ("NM-0001".to_owned(), "NM-0002".to_owned()));
    let found = world.store.case_by_number(&[world.apex, world.falcon], 1).await.unwrap().unwrap();
    assert_eq!((found.scope(), found.client_name.as_str()), (world.falcon, "Falcon"));
}
