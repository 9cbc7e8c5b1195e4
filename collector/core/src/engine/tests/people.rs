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

#[test]
fn a_token_answers_and_the_person_stays_the_responder() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    let token =
        Actor::Person { id: person_id(77), name: "ticket bot".to_owned(), roles: vec![Role::Sysadmin] };
    let acknowledge = Command::Acknowledge { comment: "ticket 12".to_owned(), expires: None };
    world.apply(Input::Command(acknowledge), token).unwrap();
    let responder = world.case().responder.as_ref().unwrap();
    assert_eq!((responder.name.as_str(), world.case().is_acknowledged()), ("Sana", true));
    world.later(Span::from_hours(4)).ring();
    assert_eq!(world.told(MessageKind::Page), [person_id(1); 2], "the person is asked again");
}

#[test]
fn whoever_acknowledges_what_nobody_answered_for_answers_for_it() {
    let mut world = World::new(TUESDAY);
    world.people.clear();
    world.open(|_| {});
    assert_eq!(world.case().responder, None);
    world.people = people();
    world.acts(2, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    assert!(world.case().is_acknowledged());
    assert_eq!(world.case().responder.as_ref().map(|one| one.name.as_str()), Some("Dawud"));
}

fn action(text: &str, proof: &str) -> Command {
    Command::AddAction {
        kind: ActionKind::Automate,
        text: text.to_owned(),
        owner: Role::Devops,
        due: at("2026-12-24T06:00:00Z"),
        proof: proof.to_owned(),
    }
}

#[test]
fn an_action_says_what_and_by_what_proof_and_opens_a_case_that_was_looked_back_on() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(world.acts(1, action(" ", "a drill")).unwrap_err().rule, "an action says what will be done");
    assert_eq!(
        world.acts(1, action("quota", "")).unwrap_err().rule,
        "an action names the proof that will be asked"
    );
    for question in 1..=4 {
        world.acts(1, Command::Answer { question, text: "so".to_owned() }).unwrap();
    }
    world.acts(1, Command::Held).unwrap();
    assert_eq!(world.case().workflow, Workflow::RetroHeld);
    for index in 0..2 {
        world.acts(1, action("quota on /srv", "the drill disk-full opens nothing")).unwrap();
        assert_eq!(world.case().workflow, Workflow::ActionsOpen);
        world.acts(1, Command::VerifyAction { index, proof: "drill of 1 December".to_owned() }).unwrap();
        assert_eq!(world.case().workflow, Workflow::Verified);
    }
}
