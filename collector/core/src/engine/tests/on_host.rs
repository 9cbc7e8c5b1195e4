//! What is done on the host itself and told by its agent.

use nearmiss_shared::action::label;

use super::*;

impl World {
    /// An `action` event that happened `ago`.
    fn host_tells(&mut self, ago: Span, reason: &str, labels: &[(&str, &str)]) -> EventFacts {
        let mut facts = self.facts(EventKind::Action, Physical::Normal, 0.0);
        facts.observed_at = self.now.minus(ago);
        facts.reasons = vec![reason.to_owned()];
        let labels = labels.iter().chain(&[(label::PERSON, "root")]);
        facts.labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.apply(Input::Event(Box::new(facts.clone())), Actor::Host { name: "lab-srv-07".to_owned() })
            .unwrap();
        facts
    }

    fn texts(&self) -> Vec<String> {
        self.entries.iter().map(|entry| crate::entry::told(&entry.what, entry.at)).collect()
    }

    fn last(&self) -> &Entry {
        self.entries.last().unwrap()
    }
}

const ACKNOWLEDGE: (&str, &str) = (label::ACTION, "acknowledge");
const BEGUN: (&str, &str) = (label::ACTION, "mitigation_begun");
const ENDED: (&str, &str) = (label::ACTION, "mitigation_ended");
const PROGRAM: (&str, &str) = (label::PROGRAM, "rm");

#[test]
fn an_acknowledgement_on_the_host_stops_the_clock_and_is_the_accounts() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.later(Span::from_minutes(5)).host_tells(Span::ZERO, "on it", &[ACKNOWLEDGE]);
    let responder = world.case().responder.clone().unwrap();
    assert_eq!(responder.name, "Sana", "who was asked stays asked");
    assert_eq!(responder.acknowledged_by.as_deref(), Some("root on lab-srv-07"));
    assert_eq!((responder.acknowledged_at, world.case().workflow), (Some(world.now), Workflow::Acknowledged));
    assert_eq!(world.last().actor, Actor::Host { name: "root on lab-srv-07".to_owned() });
    assert_eq!(world.texts().last().unwrap(), "acknowledged: on it");
    world.later(Span::from_hours(3)).ring();
    assert_eq!(world.told(MessageKind::Escalation), []);
    world.later(Span::from_hours(1)).ring();
    assert_eq!(world.told(MessageKind::Page).len(), 2, "it ends like any other");
    assert_eq!(world.case().responder.as_ref().unwrap().acknowledged_by, None);
}

#[test]
fn one_told_late_says_so_and_lasts_from_when_it_was_given() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.later(Span::from_hours(2)).host_tells(Span::from_hours(1), "", &[ACKNOWLEDGE]);
    assert!(world.texts().last().unwrap().ends_with("arrived 1h later]"), "{:?}", world.texts());
    world.later(Span::from_hours(3)).ring();
    assert!(!world.case().is_acknowledged(), "four hours after it was given");

    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.later(Span::from_hours(9)).host_tells(Span::from_hours(8), "", &[ACKNOWLEDGE]);
    world.ring();
    assert_eq!(world.texts().iter().filter(|text| text.contains("expired")).count(), 1);
}

#[test]
fn an_acknowledgement_of_an_earlier_approach_does_not_stop_a_later_clock() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    world.later(Span::from_minutes(10)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    world.later(Span::from_minutes(10));
    let mut again = world.facts(EventKind::Approached, Physical::Approached, 0.1);
    again.episode = 2;
    world.apply(Input::Event(Box::new(again)), Actor::Host { name: "lab-srv-07".to_owned() }).unwrap();
    world.later(Span::from_minutes(1)).host_tells(Span::from_minutes(18), "", &[ACKNOWLEDGE]);
    assert!(!world.case().is_acknowledged());
    assert!(world.texts().last().unwrap().contains("it came near again after that: no clock was stopped"));
}

#[test]
fn an_acknowledgement_of_what_is_back_or_acknowledged_changes_nobody() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    let answered = world.case().responder.clone();
    world.later(Span::from_minutes(1)).host_tells(Span::ZERO, "", &[ACKNOWLEDGE]);
    assert_eq!(world.case().responder, answered, "Sana was first");
    world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    world.host_tells(Span::ZERO, "late", &[ACKNOWLEDGE]);
    assert!(world.texts().last().unwrap().contains("the signal is already back"));
    assert_eq!(world.case().workflow, Workflow::Stabilised);
}

#[test]
fn a_command_on_the_host_is_what_stopped_it_with_its_values_and_its_end() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.host_tells(Span::ZERO, "", &[ACKNOWLEDGE]);
    let what = (label::WHAT, "custom");
    let begun = world.later(Span::from_minutes(1)).host_tells(Span::ZERO, "ran rm", &[BEGUN, PROGRAM, what]);
    assert_eq!(world.case().workflow, Workflow::Mitigating);
    world.later(Span::from_minutes(1)).event(EventKind::Receding, Physical::Receding, 0.4);
    let at = begun.observed_at.to_string();
    let labels = [
        ENDED,
        PROGRAM,
        (label::BEGUN, at.as_str()),
        (label::EXIT, "0"),
        (label::SIGNAL, "filesystem.free"),
        (label::SUBJECT, "/srv"),
        (label::BEFORE, "0.1"),
        (label::AFTER, "0.4"),
    ];
    world.host_tells(Span::ZERO, "rm ended", &labels);
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    let case = world.case();
    assert_eq!(case.mitigations.len(), 1, "{:?}", case.mitigations);
    let run = case.mitigations[0].run.clone().unwrap();
    assert_eq!((run.exit.as_str(), run.before, run.after), ("0", Some(0.1), Some(0.4)));
    assert_eq!(case.stopped_by, Some(StoppedBy::MonitoredResponse));
    assert_eq!((case.luck, case.mitigations[0].at), (LuckClass::None, begun.observed_at));
}

#[test]
fn values_of_another_signal_are_not_the_cases_own() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let other = [(label::SIGNAL, "filesystem.free"), (label::SUBJECT, "/var"), (label::BEFORE, "0.1")];
    world.host_tells(Span::ZERO, "rm ended", &[&[ENDED, PROGRAM, (label::EXIT, "1")][..], &other].concat());
    let run = world.case().mitigations[0].run.clone().unwrap();
    assert_eq!((run.exit.as_str(), run.before), ("1", None), "its beginning was lost, and it still counts");
}

#[test]
fn what_could_not_be_started_stopped_nothing() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let begun = world.host_tells(Span::ZERO, "ran rm", &[BEGUN, PROGRAM]);
    let at = begun.observed_at.to_string();
    let end = [ENDED, PROGRAM, (label::BEGUN, at.as_str()), (label::EXIT, label::NOT_STARTED)];
    world.host_tells(Span::ZERO, "rm could not be started", &end);
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert!(world.case().mitigations.is_empty());
    assert_eq!(world.case().stopped_by, Some(StoppedBy::Luck));
}

#[test]
fn a_privileged_login_is_a_fact_that_makes_luck_unknown_and_no_action() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let since = world.now.minus(Span::from_minutes(30)).to_string();
    let login = [
        (label::ACTION, "login"),
        (label::USER, "sana"),
        (label::TTY, "pts/0"),
        (label::FROM, "10.0.0.5"),
        (label::SINCE, since.as_str()),
    ];
    world.host_tells(Span::ZERO, "", &login);
    world.host_tells(Span::ZERO, "", &login);
    let seen = world.texts().iter().filter(|text| text.starts_with("observed: sana is signed in")).count();
    assert_eq!((seen, world.case().logins.len()), (1, 1), "{:?}", world.texts());
    assert_eq!(world.last().actor, Actor::Host { name: "lab-srv-07".to_owned() }, "seen by the host");
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    let case = world.case();
    assert!(case.mitigations.is_empty());
    assert_eq!((case.stopped_by, case.luck), (Some(StoppedBy::Unknown), LuckClass::None));
    assert!(case.luck_hits[0].evidence.contains("sana was signed in on pts/0"), "{:?}", case.luck_hits);
}

#[test]
fn a_closed_case_keeps_what_is_told_as_a_note() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    let mut case = world.case().clone();
    case.workflow = Workflow::Closed;
    world.case = Some(case);
    world.host_tells(Span::ZERO, "ran rm", &[BEGUN, PROGRAM]);
    assert_eq!((world.case().mitigations.len(), world.last().what.kind().as_str()), (0, "note"));
    world.host_tells(Span::ZERO, "", &[ACKNOWLEDGE]);
    assert!(world.texts().last().unwrap().contains("the case is closed"));
}
