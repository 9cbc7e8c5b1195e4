//! The slot, the written form, and the meeting that is called off.

use super::*;

#[test]
fn on_a_friday_evening_the_written_form_is_due_and_the_meeting_is_the_first_common_slot_after() {
    let mut world = World::new(FRIDAY_EVENING);
    let case = world.open(|_| {}).clone();
    assert_eq!(case.retrospective.form, RetroForm::Written);
    assert_eq!(case.retrospective.due, at("2026-11-29T14:00:00Z"));
    assert_eq!(case.retrospective.slot.unwrap().start, at("2026-11-30T05:00:00Z"), "Monday 10:00 in Karachi");
}

#[test]
fn a_written_retrospective_is_asked_for_before_it_is_due() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    assert_eq!(world.told(MessageKind::WrittenRetrospective), []);
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    let roles = [1, 2, 3, 4].map(person_id);
    assert_eq!(world.told(MessageKind::WrittenRetrospective), roles);
    assert_eq!(world.told(MessageKind::Invitation), roles, "and the meeting comes after");
    world.later(Span::from_hours(48)).ring();
    assert_eq!(world.told(MessageKind::WrittenRetrospective).len(), 4, "asked once");
    assert_eq!(world.told(MessageKind::RetrospectiveOverdue), roles);

    let mut brief = World::new(TUESDAY);
    brief.open(|facts| facts.time_to_failure = None);
    brief.later(Span::from_hours(4)).ring();
    assert_eq!(brief.told(MessageKind::WrittenRetrospective), roles);
    assert_eq!(brief.told(MessageKind::Invitation), []);
}

#[test]
fn a_false_alarm_calls_the_meeting_off() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    let reason = "the probe was wrong".to_owned();
    world.acts(1, called_false(&reason)).unwrap();
    assert_eq!(world.told(MessageKind::InvitationCancelled), [1, 2, 3, 4].map(person_id));
    let retrospective = &world.case().retrospective;
    assert_eq!((retrospective.slot, retrospective.invitation_sequence), (None, 1));
}

#[test]
fn the_next_case_of_the_client_shares_the_meeting_that_is_planned() {
    let mut world = World::new(TUESDAY);
    let slot = world.open(|_| {}).retrospective.slot.unwrap();
    let busy: Vec<_> = (1..=4).map(|number| (person_id(number), slot)).collect();
    let (people, settings) = (&world.people, &world.settings);
    let planned = [slot];
    let context = |meetings| Context { people, settings, busy: &busy, meetings, actor: Actor::System };
    let shared = crate::retrospective::plan(Track::Standard, &context(&planned), world.now);
    assert_eq!((shared.form, shared.slot), (RetroForm::Meeting, Some(slot)));
    let elsewhere = crate::retrospective::plan(Track::Standard, &context(&[]), world.now);
    assert_ne!(elsewhere.slot, Some(slot), "another client's meeting is only busy time");
    let late = crate::retrospective::plan(Track::Standard, &context(&planned), slot.start);
    assert_ne!(late.slot, Some(slot), "too late to be told of it");
}

#[test]
fn busy_people_and_holidays_move_the_slot() {
    let mut world = World::new(TUESDAY);
    world.settings.holidays = vec!["2026-11-24".to_owned()];
    let slot = world.open(|_| {}).retrospective.slot.unwrap();
    assert_eq!(slot.start, at("2026-11-25T05:00:00Z"));
    let busy = [(person_id(2), Slot { start: slot.start, end: slot.start.plus(Span::from_hours(2)) })];
    let context = Context {
        people: &world.people,
        settings: &world.settings,
        busy: &busy,
        meetings: &[],
        actor: Actor::System,
    };
    let moved = crate::retrospective::plan(Track::Standard, &context, world.now).slot.unwrap();
    assert_eq!(moved.start, at("2026-11-25T07:00:00Z"));
}
