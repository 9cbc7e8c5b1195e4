//! What people do, and what the rules forbid them.

use super::*;

#[test]
fn close_names_what_is_missing_one_by_one() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs four answers");
    for question in 1..=4 {
        world.acts(1, Command::Answer { question, text: "so".to_owned() }).unwrap();
    }
    assert_eq!(
        world.acts(1, Command::Close).unwrap_err().why,
        "no part from Sysadmin, DevOps Engineer, Security Lead, BC Lead"
    );
    for role in Role::FOUR {
        world
            .acts(1, Command::Part { role, note: "nothing from me, because it was small".to_owned() })
            .unwrap();
    }
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs the retrospective");
    world.acts(1, Command::Held).unwrap();
    assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs a confirmed verdict");
    world.acts(1, Command::Confirm { verdict: Verdict::Averted, reason: String::new() }).unwrap();
    world.acts(1, Command::Close).unwrap();
    assert_eq!((world.case().workflow, world.case().timers.len()), (Workflow::Closed, 0));
}

#[test]
fn a_drill_is_not_silenced_by_accepting_it() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.drill = Some("disk-full".to_owned()));
    let until = world.now.plus(Span::from_days(30));
    let refused = world.acts(1, Command::Accept { until, reason: "later".to_owned() }).unwrap_err();
    assert_eq!(refused.rule, "a drill is not accepted");
    assert!(refused.why.contains("abort it on the host"));
    assert!(world.case().is_open());
}

#[test]
fn a_hand_off_is_the_givers_until_the_receiver_accepts() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let until = world.now.plus(Span::from_hours(1));
    let offer = Command::HandOff {
        to: person_id(2),
        state: "half cleaned".to_owned(),
        risks: String::new(),
        next_step: "move the archive".to_owned(),
        until,
    };
    world.acts(1, offer).unwrap();
    assert_eq!(world.case().responder.as_ref().unwrap().person, person_id(1));
    assert!(world.acts(3, Command::AcceptHandOff).is_err());
    world.acts(2, Command::AcceptHandOff).unwrap();
    assert_eq!(world.case().responder.as_ref().unwrap().person, person_id(2));
}
