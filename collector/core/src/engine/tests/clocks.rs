//! Clocks that ring while nobody answers, and those that must not ring.

use super::*;

#[test]
fn nobody_answers_until_somebody_does() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    for _ in 0..3 {
        world.later(Span::from_minutes(15)).ring();
    }
    assert_eq!(world.told(MessageKind::Escalation), [person_id(9); 3], "the last level repeats");
    world.acts(1, Command::Acknowledge { comment: "on it".to_owned(), expires: None }).unwrap();
    let before = world.messages.len();
    world.later(Span::from_hours(1)).ring();
    assert_eq!(world.told(MessageKind::Escalation).len(), 3, "acknowledged: {:?}", &world.messages[before..]);
    assert_eq!(world.case().workflow, Workflow::Acknowledged);
}

#[test]
fn an_acknowledgement_that_is_not_renewed_expires() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.later(Span::from_hours(5)).ring();
    assert!(!world.case().is_acknowledged());
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
}

#[test]
fn a_draft_pages_nobody_unless_it_failed() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.observing = true);
    assert!(world.messages.is_empty());
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    assert!(world.messages.iter().all(|message| message.urgent));
}
