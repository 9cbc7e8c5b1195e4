//! The register of standing hazards: what is accepted until a date, and what ends that.

use super::*;

fn accepted(days: i64) -> World {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let until = world.now.plus(Span::from_days(days));
    world.acts(1, Command::Accept { until, reason: "new disk is ordered".to_owned() }).unwrap();
    world
}

#[test]
fn accepting_until_a_date_makes_a_standing_hazard_that_leaves_the_open_set() {
    let world = accepted(30);
    assert_eq!(world.case().proposed, Some(Verdict::StandingHazard));
    assert!(!world.case().is_open());
}

#[test]
fn an_acceptance_ends_on_its_date_and_somebody_answers_anew() {
    let mut world = accepted(30);
    world.later(Span::from_days(29)).ring();
    assert!(!world.case().is_open());
    world.later(Span::from_days(1)).ring();
    let case = world.case();
    assert_eq!((case.physical, case.workflow), (Physical::Approached, Workflow::Reopened));
    assert_eq!((case.accepted_until, case.proposed, case.is_acknowledged()), (None, None, false));
    assert!(case.timers.iter().any(|timer| timer.kind == TimerKind::AcknowledgeDue));
    assert_eq!(
        world.told(MessageKind::Notice),
        [person_id(1); 2],
        "told, not woken: nothing new has happened"
    );
}

#[test]
fn what_is_accepted_moves_in_its_row_only() {
    let mut world = accepted(30);
    for (kind, state) in [
        (EventKind::Worsened, Physical::Approached),
        (EventKind::Receding, Physical::Receding),
        (EventKind::Dark, Physical::Dark),
        (EventKind::Gap, Physical::Approached),
        (EventKind::Standing, Physical::Standing),
    ] {
        let case = world.event(kind, state, 0.05);
        assert_eq!((case.physical, case.is_open()), (Physical::Standing, false), "{state}");
    }
    assert_eq!(world.case().measures.value, Some(0.05), "what was told is known");
}

#[test]
fn failure_and_recovery_end_an_acceptance() {
    let mut world = accepted(30);
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    assert_eq!(world.told(MessageKind::Page), [person_id(1)]);
    assert_eq!((world.case().workflow, world.case().accepted_until), (Workflow::Reopened, None));

    let mut world = accepted(30);
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!((world.case().workflow, world.case().accepted_until), (Workflow::Stabilised, None));
    world.later(Span::from_days(40)).ring();
    assert_eq!(world.case().physical, Physical::Recovered);
}

#[test]
fn a_hazard_with_a_successor_does_not_come_back_by_its_date() {
    let mut world = accepted(30);
    world.apply(Input::Followed { by: "NM-0043".to_owned() }, Actor::System).unwrap();
    world.later(Span::from_days(40)).ring();
    assert!(!world.case().is_open());
    assert_eq!(world.case().accepted_until, None);
}

#[test]
fn what_is_back_or_has_failed_is_not_accepted() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let accept = Command::Accept { until: world.now.plus(Span::from_days(30)), reason: "known".to_owned() };
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(world.acts(1, accept.clone()).unwrap_err().rule, "what is near is accepted");
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    assert_eq!(world.acts(1, accept).unwrap_err().rule, "a failure is not accepted");
}
