//! Hosts: enrolled, seen, replaced.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::{Category, Physical};

use super::world::*;
use crate::authentication::TokenKind;
use crate::hosts::{EnrolOutcome, MarginRow, NewHost};

#[tokio::test]
async fn a_host_is_enrolled_once_and_replaced_in_place() {
    let world = world().await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, None)).await.unwrap();
    let enrolment = unit.enrolment("enrol", MORNING).await.unwrap().unwrap();
    let host = |name: &str, key: &str, replace: Option<&str>| NewHost {
        replace: replace.map(str::to_owned),
        ..new_host(name, key)
    };
    let first = unit.enrol_host(&enrolment, host("lab-1", "k", None)).await.unwrap();
    let EnrolOutcome::Enrolled(id) = first else { panic!("{first:?}") };
    let again = unit.enrol_host(&enrolment, host("lab-1", "kk", None)).await.unwrap();
    assert_eq!(again, EnrolOutcome::Duplicate { host: id, name: "lab-1".to_owned() });
    let replaced = unit.enrol_host(&enrolment, host("lab-1", "kk", Some("lab-1"))).await.unwrap();
    assert_eq!(replaced, EnrolOutcome::Enrolled(id), "its history goes on");
    let nothing = unit.enrol_host(&enrolment, host("lab-2", "kkk", Some("lab-9"))).await.unwrap();
    assert_eq!(nothing, EnrolOutcome::NothingToReplace);
    unit.commit().await.unwrap();

    assert!(world.store.host_of_key("k").await.unwrap().is_none(), "the old key is void");
    let scope = world.store.host_of_key("kk").await.unwrap().unwrap();
    let mut unit = world.store.begin().await.unwrap();
    assert!(unit.remember_nonce(&scope, "n", MORNING).await.unwrap());
    assert!(
        !unit.remember_nonce(&scope, "n", MORNING.plus(Span::from_minutes(1))).await.unwrap(),
        "a replay"
    );
    assert!(
        unit.remember_nonce(&scope, "n", MORNING.plus(Span::from_minutes(16))).await.unwrap(),
        "long forgotten"
    );
}

#[tokio::test]
async fn a_machine_is_one_host_whatever_it_is_called() {
    let world = world().await;
    enrolled(&world, world.falcon, "lab-1").await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, None)).await.unwrap();
    let enrolment = unit.enrolment("enrol", MORNING).await.unwrap().unwrap();
    let machine = "m".to_owned();
    let named = |name: &str| NewHost { machine: machine.clone(), ..new_host(name, name) };
    let EnrolOutcome::Enrolled(id) = unit.enrol_host(&enrolment, named("lab-2")).await.unwrap() else {
        panic!()
    };
    let again = unit.enrol_host(&enrolment, named("lab-3")).await.unwrap();
    assert_eq!(again, EnrolOutcome::Duplicate { host: id, name: "lab-2".to_owned() });
    let taken = NewHost { replace: Some("lab-1".to_owned()), ..named("lab-2") };
    let taken = unit.enrol_host(&enrolment, taken).await.unwrap();
    assert_eq!(taken, EnrolOutcome::Duplicate { host: id, name: "lab-2".to_owned() }, "two would be one");
}

#[tokio::test]
async fn one_key_is_one_host_of_all_clients() {
    let world = world().await;
    enrolled(&world, world.apex, "lab-1").await;
    let mut unit = world.store.begin().await.unwrap();
    unit.create_token(world.falcon, token("enrol", TokenKind::Enrol, None)).await.unwrap();
    let enrolment = unit.enrolment("enrol", MORNING).await.unwrap().unwrap();
    let fault = unit.enrol_host(&enrolment, new_host("lab-9", "lab-1")).await.unwrap_err();
    assert!(fault.is_conflict(), "{fault}");
}

#[tokio::test]
async fn a_status_renews_what_it_lists_and_keeps_the_rest_of_its_host_for_three_hours() {
    let world = world().await;
    let (host, other) =
        (enrolled(&world, world.falcon, "lab-1").await, enrolled(&world, world.apex, "lab-2").await);
    let later = MORNING.plus(Span::from_seconds(30));
    let fuller = MarginRow { value: Some(0.2), at: later, ..margin("/srv") };
    let mut unit = world.store.begin().await.unwrap();
    unit.host_seen(&host, MORNING, "1", "{}", &[margin("/"), margin("/srv")]).await.unwrap();
    unit.host_seen(&other, MORNING, "1", "{}", &[margin("/")]).await.unwrap();
    unit.host_seen(&host, later, "2", "{}", std::slice::from_ref(&fuller)).await.unwrap();
    unit.commit().await.unwrap();

    let store = &world.store;
    let named = |row: MarginRow, heard| MarginRow {
        client_name: "Falcon".to_owned(),
        host_name: "lab-1".to_owned(),
        heard_at: Some(heard),
        ..row
    };
    let of_falcon = store.margins(&[world.falcon]).await.unwrap();
    assert_eq!(
        of_falcon,
        [named(margin("/"), later), named(fuller.clone(), later)],
        "a report tells what is new"
    );
    assert_eq!(store.margins(&[world.apex, world.falcon]).await.unwrap().len(), 3);
    assert!(store.margins(&[]).await.unwrap().is_empty());
    let hosts = store.hosts(&[world.falcon]).await.unwrap();
    assert_eq!((hosts.len(), hosts[0].agent_version.as_str(), hosts[0].last_seen_at), (1, "2", Some(later)));
    let hints = store.changes_since(&[world.falcon], 0, 10).await.unwrap();
    assert_eq!((hints[0].what.as_str(), &hints[0].reference), ("margins", &host.host().to_string()));

    // Three hours after `/` was last told of, `/srv` is the younger by half a minute.
    let mut unit = world.store.begin().await.unwrap();
    unit.host_seen(&host, MORNING.plus(Span::from_hours(3)), "2", "{}", &[]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(store.margins(&[world.falcon]).await.unwrap().len(), 2);
    let mut unit = world.store.begin().await.unwrap();
    let late = MORNING.plus(Span::from_millis(10_800_001));
    unit.host_seen(&host, late, "2", "{}", &[]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(
        store.margins(&[world.falcon]).await.unwrap(),
        [named(fuller, late)],
        "nobody watches it any more"
    );
    assert_eq!(store.margins(&[world.apex]).await.unwrap().len(), 1, "another host's rows are its own");
}

#[tokio::test]
async fn a_reading_older_than_its_report_stays_as_long_as_it_is_reported() {
    let world = world().await;
    let host = enrolled(&world, world.falcon, "lab-1").await;
    let asleep = MORNING.plus(Span::from_hours(9));
    let mut unit = world.store.begin().await.unwrap();
    unit.host_seen(&host, asleep, "1", "{}", &[margin("/srv")]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(world.store.margins(&[world.falcon]).await.unwrap()[0].at, MORNING);
}

#[tokio::test]
async fn the_margins_of_one_host_are_bounded() {
    let world = world().await;
    let host = enrolled(&world, world.falcon, "lab-1").await;
    let mut unit = world.store.begin().await.unwrap();
    for minute in 0..30 {
        let rows: Vec<MarginRow> = (0..100).map(|row| margin(&format!("/{minute}/{row}"))).collect();
        unit.host_seen(&host, MORNING.plus(Span::from_minutes(minute)), "1", "{}", &rows).await.unwrap();
    }
    unit.commit().await.unwrap();
    let kept = world.store.margins(&[world.falcon]).await.unwrap();
    assert_eq!(kept.len(), 1_000);
    assert!(kept.iter().all(|row| row.subject.starts_with("/2")), "the newest");
}

#[tokio::test]
async fn maintenance_is_of_one_host() {
    let world = world().await;
    let (host, other) =
        (enrolled(&world, world.falcon, "lab-1").await, enrolled(&world, world.falcon, "lab-2").await);
    let mut unit = world.store.begin().await.unwrap();
    let until = MORNING.plus(Span::from_hours(2));
    unit.set_maintenance(&host, until).await.unwrap();
    assert_eq!(unit.maintenance_until(&host).await.unwrap(), Some(until));
    assert_eq!(unit.maintenance_until(&other).await.unwrap(), None);
    assert_eq!(unit.site_of(&host).await.unwrap(), None);
}

fn margin(subject: &str) -> MarginRow {
    MarginRow {
        client_name: String::new(),
        host_name: String::new(),
        heard_at: None,
        signal: "filesystem.free".to_owned(),
        subject: subject.to_owned(),
        category: Category::Capacity,
        value: Some(0.25),
        unit: "ratio".to_owned(),
        normal: Some(0.5),
        approach: Some(0.15),
        critical: None,
        limit: Some(0.0),
        ordinal: false,
        proximity: Some(0.5),
        time_to_failure_seconds: None,
        state: Physical::Watch,
        at: MORNING,
        resting: None,
    }
}
