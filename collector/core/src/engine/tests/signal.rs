//! What the signal does after the first event.

use super::*;

#[test]
fn what_was_done_on_the_host_brings_its_bundle() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let mut facts = world.facts(EventKind::Action, Physical::Approached, 0.1);
    let bundle = BundleId::from_parts(Timestamp::from_millis(1), [3; 10]);
    facts.bundle = Some(bundle);
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
    let valid = Input::Evidence { bundle, sha256: "00".to_owned(), bytes: 1, valid: true };
    world.apply(valid, Actor::System).unwrap();
    assert_eq!(world.case().evidence[0].signature_valid, Some(true));
}

#[test]
fn the_closest_point_between_two_events_is_read_from_their_samples() {
    let mut world = World::new(TUESDAY);
    let before = world.now.minus(Span::from_minutes(1));
    world.open(|_| {});
    let near = world.now.plus(Span::from_minutes(4));
    world.later(Span::from_minutes(5));
    let mut facts = world.facts(EventKind::Receding, Physical::Receding, 0.4);
    facts.samples = vec![(before, 0.01), (near, 0.03), (world.now, 0.4)];
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
    let measures = &world.case().measures;
    assert_eq!(measures.margin_minimum, Some(0.03), "not what was before this episode");
    assert!((measures.proximity_peak.unwrap() - 0.94).abs() < 1e-9, "{measures:?}");
    assert!((measures.proximity_now.unwrap() - 0.2).abs() < 1e-9, "{measures:?}");
}

#[test]
fn cleaned_up_in_time_is_averted_under_control_and_invites() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(5));
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    let text = "removed old images".to_owned();
    world
        .acts(1, Command::Mitigate { what: MitigationKind::Other, text, on_host: false, done_at: None })
        .unwrap();
    world.later(Span::from_minutes(1)).event(EventKind::Receding, Physical::Receding, 0.4);
    let case =
        world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4).clone();
    assert_eq!((case.workflow, case.proposed), (Workflow::Stabilised, Some(Verdict::Averted)));
    assert_eq!(
        (case.stopped_by, case.control),
        (Some(StoppedBy::MonitoredResponse), Some(Control::Controlled))
    );
    assert_eq!(case.luck, LuckClass::None);
    assert_eq!(world.told(MessageKind::Invitation), [1, 2, 3, 4].map(person_id));
}

#[test]
fn back_by_itself_is_luck_and_acting_too_late_is_luck() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(6)).event(EventKind::Receding, Physical::Receding, 0.4);
    let case = world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!((case.luck, case.luck_hits[0].rule.as_str()), (LuckClass::Main, "L1"));

    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(6)).event(EventKind::Receding, Physical::Receding, 0.4);
    world.later(Span::from_minutes(1));
    let text = "removed logs".to_owned();
    world
        .acts(1, Command::Mitigate { what: MitigationKind::Other, text, on_host: false, done_at: None })
        .unwrap();
    let case = world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!((case.luck, case.luck_hits[0].rule.as_str()), (LuckClass::Main, "L2"));
}

#[test]
fn a_drill_that_ends_was_stopped_by_nothing_and_is_judged_a_drill() {
    for kind in [EventKind::Retired, EventKind::Standing] {
        let mut world = World::new(TUESDAY);
        world.open(|facts| facts.drill = Some("disk-full".to_owned()));
        let state = if kind == EventKind::Retired { Physical::Recovered } else { Physical::Standing };
        let case = world.later(Span::from_minutes(10)).event(kind.clone(), state, 0.1);
        assert_eq!(case.proposed, Some(Verdict::Drill), "{kind}");
        assert_eq!((case.luck, case.luck_hits.len()), (LuckClass::None, 0));
        assert!(case.stopped_by.is_none_or(|by| by == StoppedBy::Unknown));
    }
}

#[test]
fn a_receding_case_says_since_when_and_what_it_waits_for() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(6)).event(EventKind::Receding, Physical::Receding, 0.4);
    let words = "back since 2026-11-24T06:06:00.000Z; judged at 2026-11-24T06:36:00.000Z at the soonest, \
                 if it stays back";
    assert_eq!(crate::verdict::propose(world.case()), (None, words.to_owned()));
    let confirm = Command::Confirm { verdict: Verdict::Averted, reason: String::new() };
    assert_eq!(world.acts(1, confirm).unwrap_err().why, format!("the signal is {words}"));
}

#[test]
fn an_entry_keeps_the_time_of_the_host() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let mut facts = world.facts(EventKind::Action, Physical::Approached, 0.1);
    facts.observed_at = world.now.minus(Span::from_hours(2));
    let happened = facts.observed_at;
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
    let entry = world.entries.last().unwrap();
    assert_eq!((entry.at, entry.what.observed_at()), (world.now, Some(happened)));
    assert_eq!(entry.what.late(entry.at), Some((happened, Span::from_hours(2))));
}

#[test]
fn the_next_approach_joins_and_a_late_event_undoes_nothing() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let late = world.facts(EventKind::Receding, Physical::Receding, 0.4);
    world.later(Span::from_minutes(40)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    world.apply(Input::Event(Box::new(late)), Actor::System).unwrap();
    assert_eq!(world.case().physical, Physical::Recovered);
    assert_eq!(world.entries.last().unwrap().what.kind(), "late");
    let case = world.event(EventKind::Approached, Physical::Approached, 0.1);
    assert_eq!((case.episodes.len(), case.workflow, case.proposed), (2, Workflow::Reopened, None));
}

#[test]
fn failure_is_an_incident_for_good() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Breached, Physical::Breached, 0.0);
    let case = world.event(EventKind::Restored, Physical::Restored, 0.4);
    assert_eq!((case.proposed, case.track), (Some(Verdict::BecameIncident), Track::Serious));
    let refused =
        world.acts(1, Command::Confirm { verdict: Verdict::Averted, reason: "no".to_owned() }).unwrap_err();
    assert_eq!(refused.rule, "BECAME_INCIDENT is sticky");
}

#[test]
fn a_known_case_hears_quietly_of_an_episode_that_was_over() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    let before = world.messages.len();
    world.past(EventKind::Approached, Physical::Approached, 0.1);
    world.later(Span::from_hours(5)).ring();
    assert!(world.messages[before..].iter().all(|message| !message.urgent));
    assert_eq!(world.told(MessageKind::Escalation), []);
}

#[test]
fn what_fails_after_it_had_settled_pages_anew() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    world.acts(1, Command::Confirm { verdict: Verdict::Averted, reason: String::new() }).unwrap();
    let mut facts = world.facts(EventKind::Breached, Physical::Breached, 0.0);
    facts.episode = 2;
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
    let case = world.case();
    assert_eq!((case.workflow, case.confirmed), (Workflow::Reopened, None));
    assert_eq!((case.episodes.len(), case.is_acknowledged()), (2, false));
    assert_eq!(world.told(MessageKind::Page), [person_id(1); 2]);
}

#[test]
fn what_comes_near_after_it_was_looked_back_on_is_looked_back_on_again() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    for question in 1..=4 {
        world.acts(1, Command::Answer { question, text: "so".to_owned() }).unwrap();
    }
    world.acts(1, Command::Held).unwrap();
    let case =
        world.later(Span::from_hours(1)).event(EventKind::Approached, Physical::Approached, 0.1).clone();
    let again = &case.retrospective;
    assert_eq!((again.held_at, again.invited_at, again.invitation_sequence), (None, None, 1));
    assert_eq!(again.due, world.now.plus(Span::from_hours(48)));
    assert!(again.answers.iter().all(Option::is_some), "what was answered is there to be amended");
    assert!(case.timers.iter().any(|timer| timer.kind == TimerKind::RetrospectiveDue));
}
