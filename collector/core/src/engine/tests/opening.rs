//! A case opens: who is told, how, and what is planned.

use super::*;

#[test]
fn opening_assigns_clocks_tasks_and_a_slot_in_everyones_hours() {
    let mut world = World::new(TUESDAY);
    let case = world.open(|_| {}).clone();
    assert_eq!((case.track, case.workflow), (Track::Standard, Workflow::Opened));
    assert_eq!(case.title, "lab-srv-07: /srv filling");
    let responder = case.responder.as_ref().unwrap();
    assert_eq!(
        (responder.name.as_str(), responder.reason.as_str(), responder.paged),
        ("Sana", "on-call sysadmin", false)
    );
    for role in Role::FOUR {
        assert!(case.tasks.iter().any(|task| task.role == role), "{role}");
    }
    let slot = case.retrospective.slot.unwrap();
    assert_eq!(case.retrospective.form, RetroForm::Meeting);
    assert!(
        slot.end <= case.retrospective.due
            && case.retrospective.due.since(case.received_at) == Span::from_hours(48)
    );
    let karachi = TimeZone::get("Asia/Karachi").unwrap();
    for person in world.people.iter().take(4) {
        assert!(person.hours.contains_slot(slot.start, slot.end, &karachi), "{}", person.name);
    }
    assert_eq!(world.told(MessageKind::Notice), [person_id(1)]);
}

#[test]
fn a_failure_before_anybody_works_again_pages_at_once() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|_| {});
    let responder = case.responder.as_ref().unwrap();
    assert!(responder.paged);
    assert_eq!(responder.acknowledge_due, at("2026-11-27T14:15:00Z"));
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
    assert_eq!(world.told(MessageKind::Informed), [person_id(4)]);
}

#[test]
fn a_slow_approach_is_brief_and_pages_nobody() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|facts| facts.time_to_failure = None);
    assert_eq!((case.track, case.responder.as_ref().unwrap().paged), (Track::Brief, false));
    assert_eq!(case.tasks.len(), 4, "a line for each role");
}

#[test]
fn what_was_over_when_heard_opens_quietly() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open_by(open_past, |_| {}).clone();
    assert!(case.learned_late);
    assert_eq!((case.track, case.retrospective.form), (Track::Brief, RetroForm::Written));
    assert_eq!(case.responder.as_ref().map(|one| (one.name.as_str(), one.paged)), Some(("Sana", false)));
    assert!(world.messages.is_empty(), "{:?}", world.messages);
    world.later(Span::from_hours(3)).ring();
    world.past(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(world.told(MessageKind::WrittenRetrospective), [1, 2, 3, 4].map(person_id));
    assert!(world.messages.iter().all(|message| !message.urgent));
}

#[test]
fn a_failure_that_was_over_when_heard_is_an_incident_that_wakes_nobody() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open_by(open_past, |_| {});
    world.past(EventKind::Breached, Physical::Breached, 0.0);
    let case = world.past(EventKind::Restored, Physical::Restored, 0.4);
    assert_eq!((case.proposed, case.track), (Some(Verdict::BecameIncident), Track::Serious));
    assert!(world.messages.iter().all(|message| !message.urgent), "{:?}", world.messages);
}
