//! What a case is proposed to have been.

use super::*;

#[test]
fn a_login_case_is_averted_only_when_security_ruled() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| {
        facts.category = Category::Login;
        facts.signal = "log.failed-logins".to_owned();
    });
    let case = world.event(EventKind::Recovered, Physical::Recovered, 0.4);
    assert_eq!(case.proposed, Some(Verdict::Undetermined));
    let ruling = Command::Rule { ruling: Ruling::NoCompromise, reason: "key-only host".to_owned() };
    assert_eq!(world.acts(1, ruling.clone()).unwrap_err().rule, "the Security Lead rules");
    world.acts(3, ruling).unwrap();
    assert_eq!(world.case().proposed, Some(Verdict::Averted));
}

#[test]
fn a_success_after_failures_is_an_incident_until_security_rules_that_it_was_nobodys_attack() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| {
        facts.category = Category::Login;
        facts.signal = "log.failed-logins".to_owned();
    });
    world.event(EventKind::Breached, Physical::Breached, 0.4);
    let case = world.later(Span::from_hours(1)).event(EventKind::Restored, Physical::Restored, 0.4);
    assert_eq!(case.proposed, Some(Verdict::BecameIncident));
    let false_alarm = called_false("forgot his password");
    assert_eq!(world.acts(1, false_alarm.clone()).unwrap_err().rule, "BECAME_INCIDENT is sticky");
    let reason = "asked him, from his own desk".to_owned();
    world.acts(3, Command::Rule { ruling: Ruling::NoCompromise, reason }).unwrap();
    assert_eq!(world.case().proposed, Some(Verdict::Averted));
    world.acts(1, false_alarm).unwrap();
    assert_eq!(world.case().confirmed, Some(Verdict::FalseAlarm));
}

fn power_cut(world: &mut World) {
    let mut facts = world.facts(EventKind::Breached, Physical::Breached, 0.1);
    facts.labels.insert("crash".to_owned(), "unclean restart".to_owned());
    world.apply(Input::Event(Box::new(facts)), Actor::System).unwrap();
}

#[test]
fn a_power_cut_is_an_incident_once_a_person_says_so() {
    let mut world = World::new(FRIDAY_EVENING);
    world.open(|_| {});
    power_cut(&mut world);
    assert_eq!(world.case().proposed, Some(Verdict::BecameIncident));
    assert_eq!(world.told(MessageKind::Page).len(), 2, "somebody looks at it at once");
    world.later(Span::from_hours(1)).event(EventKind::Restored, Physical::Restored, 0.4);
    assert_eq!(world.case().proposed, Some(Verdict::BecameIncident));
    assert_eq!(world.case().episodes[0].breached_at, None);

    let mut other = World { case: world.case.clone(), people: people(), ..World::new(FRIDAY_EVENING) };
    other.now = world.now;
    let averted = |reason: &str| Command::Confirm { verdict: Verdict::Averted, reason: reason.to_owned() };
    assert_eq!(other.acts(1, averted("")).unwrap_err().rule, "AVERTED needs a reason after a crash");
    other.acts(1, averted("the breaker fell, nothing was written")).unwrap();
    assert_eq!(other.case().confirmed, Some(Verdict::Averted));

    let incident =
        Command::Confirm { verdict: Verdict::BecameIncident, reason: "tables were lost".to_owned() };
    world.acts(1, incident).unwrap();
    assert!(world.case().episodes[0].breached_at.is_some());
    assert_eq!(world.acts(1, averted("no")).unwrap_err().rule, "BECAME_INCIDENT is sticky");
}

#[test]
fn a_power_cut_in_the_dark_hides_nothing() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(10)).event(EventKind::Dark, Physical::Dark, 0.1);
    world.later(Span::from_hours(2));
    power_cut(&mut world);
    world.later(Span::from_minutes(30)).event(EventKind::Restored, Physical::Restored, 0.4);
    let averted = Command::Confirm { verdict: Verdict::Averted, reason: "it was nothing".to_owned() };
    let refused = world.acts(1, averted).unwrap_err();
    assert_eq!(refused.rule, "AVERTED needs evidence of absence");
    assert_eq!(refused.why, "samples cover 25 % of the time, 95 % are asked");
}

#[test]
fn averted_says_what_was_looked_at_and_no_more() {
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.later(Span::from_minutes(10)).event(EventKind::Dark, Physical::Dark, 0.1);
    world.later(Span::from_minutes(2)).event(EventKind::Gap, Physical::Approached, 0.1);
    world.later(Span::from_minutes(88)).event(EventKind::Recovered, Physical::Recovered, 0.4);
    let (verdict, reason) = crate::verdict::propose(world.case());
    assert_eq!(verdict, Some(Verdict::Averted));
    assert_eq!(
        reason,
        "recovered short of failure: samples cover 98 % of the time, and none that was read found it full or read-only"
    );
}

#[test]
fn where_nothing_looks_for_the_consequence_the_verdict_is_undetermined() {
    for (signal, category) in [
        ("disk.reallocated", Category::Disk),
        ("log.oom-kills", Category::Service),
        ("certificate.days_left", Category::Certificate),
    ] {
        let mut world = World::new(TUESDAY);
        world.open(|facts| {
            facts.category = category;
            signal.clone_into(&mut facts.signal);
        });
        let case = world.later(Span::from_hours(1)).event(EventKind::Recovered, Physical::Recovered, 0.4);
        assert_eq!(case.proposed, Some(Verdict::Undetermined), "{signal}");
    }
}

#[test]
fn a_drive_that_was_taken_out_can_fail_no_more() {
    let mut world = World::new(TUESDAY);
    world.open(|facts| {
        facts.category = Category::Disk;
        "disk.reallocated".clone_into(&mut facts.signal);
    });
    let case = world.later(Span::from_hours(1)).event(EventKind::Retired, Physical::Recovered, 0.4);
    assert_eq!(case.proposed, Some(Verdict::Averted));
}

#[test]
fn a_false_alarm_has_a_code_a_reason_and_evidence_and_leaves_a_task_to_mend_it() {
    for code in FalseAlarmCode::ALL {
        let mut world = World::new(TUESDAY);
        world.open(|_| {});
        let plain = Command::Confirm { verdict: Verdict::FalseAlarm, reason: "x".into() };
        assert_eq!(world.acts(1, plain).unwrap_err().rule, "a verdict needs an end");
        let called = |reason: &str, evidence: &str| Command::FalseAlarm {
            code: *code,
            reason: reason.into(),
            evidence: evidence.into(),
        };
        assert_eq!(
            world.acts(1, called(" ", "ticket 7")).unwrap_err().rule,
            "a false alarm says what was wrong"
        );
        let refused = world.acts(1, called("the probe lies", "")).unwrap_err();
        assert_eq!(refused.rule, "a false alarm names what shows it: a bundle, a page, a ticket");
        world.acts(1, called("the probe lies", "ticket 7")).unwrap();
        let case = world.case();
        assert_eq!((case.confirmed, case.actions.len()), (Some(Verdict::FalseAlarm), 1));
        assert!(!case.actions[0].text.is_empty() && !case.actions[0].proof.is_empty());
        assert_eq!(world.acts(1, Command::Close).unwrap_err().rule, "close needs four answers");
    }
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.drill = Some("monthly".into()));
    assert_eq!(world.acts(1, called_false("x")).unwrap_err().rule, "a drill is no false alarm");
}
