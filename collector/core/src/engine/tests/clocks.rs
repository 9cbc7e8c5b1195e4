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
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.later(Span::from_hours(4)).ring();
    assert_eq!((world.case().is_acknowledged(), world.case().workflow), (false, Workflow::Opened));
    assert_eq!(world.told(MessageKind::Page), [person_id(1); 2]);
}

#[test]
fn nobody_is_woken_for_what_was_not_worth_a_page() {
    let mut world = World::new(FRIDAY_EVENING);
    world.people.retain(|person| person.id != person_id(9));
    let mut second = person(5, "Noor", &[Role::Sysadmin], "mon-fri 09:00-17:00");
    second.deputy = true;
    world.people.push(second);
    world.open(|facts| facts.time_to_failure = None);
    for _ in 0..(5 * 24) {
        world.later(Span::from_hours(1)).ring();
    }
    let told = world.told(MessageKind::Escalation);
    assert!(told.len() <= 8, "twice a working day at most: {told:?}");
    assert!(world.messages.iter().all(|message| !message.urgent), "{:?}", world.messages);
    let hours: Hours = "mon-fri 09:00-17:05".parse().unwrap();
    let karachi = TimeZone::get("Asia/Karachi").unwrap();
    let escalated = world.entries.iter().filter(|entry| matches!(entry.what, What::Escalated { .. }));
    assert!(escalated.clone().count() > 1);
    // Clocks ring on the hour here, so up to one hour after they were due.
    assert!(escalated.clone().all(|entry| hours.contains(entry.at.minus(Span::from_hours(1)), &karachi)));
}

#[test]
fn an_expired_acknowledgement_of_what_was_not_paged_is_a_notice_and_the_work_goes_on() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.time_to_failure = None);
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    let text = "removed old images".to_owned();
    world
        .acts(1, Command::Mitigate { what: MitigationKind::Other, text, on_host: false, done_at: None })
        .unwrap();
    world.later(Span::from_hours(4)).ring();
    assert!(!world.case().is_acknowledged());
    assert_eq!(world.case().workflow, Workflow::Mitigating);
    assert_eq!(world.told(MessageKind::Notice), [person_id(1); 2]);
    let due = world.case().responder.as_ref().unwrap().acknowledge_due;
    assert_eq!(due, at("2026-11-25T06:00:00Z"), "four working hours on: Wednesday, 11:00 in Karachi");
    world.later(Span::from_hours(8)).ring();
    assert!(world.messages.iter().all(|message| !message.urgent), "{:?}", world.messages);
}

#[test]
fn a_false_alarm_rings_no_clock_of_an_answer() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    let reason = "the probe was wrong".to_owned();
    world.acts(1, called_false(&reason)).unwrap();
    world.later(Span::from_hours(5)).ring();
    assert_eq!(world.case().workflow, Workflow::Stabilised);
    assert_eq!(world.told(MessageKind::Page), []);
}

#[test]
fn a_draft_is_a_case_once_its_host_has_learned_and_somebody_is_told_then() {
    let mut world = World::new(TUESDAY);
    world.observing = true;
    world.open(|_| {});
    assert!(world.case().draft && world.messages.is_empty());
    world.observing = false;
    world.later(Span::from_days(7)).event(EventKind::Worsened, Physical::Approached, 0.04);
    assert!(!world.case().draft);
    assert_eq!(world.told(MessageKind::Notice), [person_id(1)]);
    world.later(Span::from_minutes(1)).event(EventKind::Gap, Physical::Approached, 0.04);
    assert_eq!(world.told(MessageKind::Notice), [person_id(1)], "and once");
    assert!(world.case().timers.iter().any(|timer| timer.kind == TimerKind::AcknowledgeDue));
}

#[test]
fn a_draft_pages_nobody_unless_it_failed() {
    let mut world = World::new(TUESDAY);
    world.observing = true;
    world.open(|_| {});
    for _ in 0..72 {
        world.later(Span::from_hours(1)).ring();
    }
    assert!(world.messages.is_empty(), "{:?}", world.messages);
    assert!(world.entries.iter().all(|entry| !entry.what.text().contains("told;")), "nobody was told");
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.later(Span::from_hours(12)).ring();
    assert!(world.messages.is_empty(), "nor when an acknowledgement expires: {:?}", world.messages);
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
    world.later(Span::from_minutes(15)).ring();
    assert_eq!(world.told(MessageKind::Escalation), [person_id(9)]);
}
