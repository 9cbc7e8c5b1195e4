//! What people say of luck and risk, and what is forbidden them.

use nearmiss_shared::identity::BundleId;

use super::*;
use crate::erc::{Barriers, Outcome as Loss};

fn luck(stopped_by: StoppedBy, luck: LuckClass, reason: &str, evidence: Option<BundleId>) -> Command {
    Command::Luck { stopped_by, luck, reason: reason.to_owned(), evidence }
}

/// A case that receded with nobody on it, and its bundle.
fn by_itself() -> (World, BundleId) {
    let bundle = BundleId::from_parts(Timestamp::from_millis(1), [9; 10]);
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.bundle = Some(bundle));
    world.later(Span::from_minutes(30)).event(EventKind::Receding, Physical::Receding, 0.45);
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.45);
    assert_eq!((world.case().luck, world.case().control), (LuckClass::Main, Some(Control::Luck)));
    (world, bundle)
}

#[test]
fn luck_is_raised_freely_and_lowered_with_evidence_and_a_reason() {
    let (_, bundle) = by_itself();
    let other = BundleId::from_parts(Timestamp::from_millis(1), [8; 10]);
    let (person, coincidence) = (StoppedBy::HumanVigilance, StoppedBy::Coincidence);
    for (command, rule) in [
        (luck(coincidence, LuckClass::Main, "the nightly job", None), None),
        (luck(coincidence, LuckClass::Main, " ", None), Some("what is said of luck has a reason")),
        (luck(coincidence, LuckClass::Partial, "x", Some(bundle)), Some("what luck stopped is luck")),
        (luck(person, LuckClass::None, "I did it", None), Some("lowering luck needs evidence")),
        (luck(person, LuckClass::Main, "I did it", None), Some("lowering luck needs evidence")),
        (luck(StoppedBy::Unknown, LuckClass::None, "who knows", None), Some("lowering luck needs evidence")),
        (luck(person, LuckClass::None, "I did it", Some(other)), Some("evidence is a bundle of the case")),
        (luck(person, LuckClass::None, "I did it", Some(bundle)), None),
    ] {
        let (mut world, _) = by_itself();
        let refused = world.acts(1, command.clone()).err().map(|refusal| refusal.rule);
        assert_eq!(refused, rule, "{command:?}");
    }
}

#[test]
fn what_a_person_said_stands_until_it_comes_near_again() {
    let (mut world, bundle) = by_itself();
    world
        .acts(1, luck(StoppedBy::HumanVigilance, LuckClass::Partial, "the history shows it", Some(bundle)))
        .unwrap();
    let text = world.entries.last().unwrap().what.text();
    assert!(text.contains("human_vigilance") && text.contains("before: luck, luck main"), "{text}");
    // Something else that is told is judged again, and changes nothing of it.
    world
        .acts(
            1,
            Command::Mitigate { what: MitigationKind::Other, text: "x".into(), on_host: true, done_at: None },
        )
        .unwrap();
    assert_eq!((world.case().luck, world.case().control), (LuckClass::Partial, Some(Control::Controlled)));
    assert_eq!(world.case().luck_hits[0].rule, "L2", "the rules' own word is kept beside it");
    world.later(Span::from_hours(1)).event(EventKind::Approached, Physical::Approached, 0.1);
    assert_eq!(world.case().luck_said, None);
}

#[test]
fn while_it_runs_nothing_is_said_of_luck_or_risk_and_of_a_drill_never() {
    let classify =
        Command::Classify { outcome: Loss::Minor, barriers: Barriers::Limited, reason: "x".into() };
    let said = luck(StoppedBy::Luck, LuckClass::Main, "x", None);
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    assert_eq!(world.acts(1, said.clone()).unwrap_err().rule, "what stopped it is said when it is over");
    assert_eq!(world.acts(1, classify.clone()).unwrap_err().rule, "risk is classified when it is over");
    let mut world = World::new(TUESDAY);
    world.open(|facts| facts.drill = Some("monthly".into()));
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.45);
    assert_eq!(world.acts(1, said).unwrap_err().rule, "luck has no part in a drill");
    assert_eq!(world.acts(1, classify).unwrap_err().rule, "a drill or a false alarm has no risk class");
}

#[test]
fn another_class_than_the_proposed_one_has_a_reason_and_counts_as_overridden() {
    let (mut world, _) = by_itself();
    assert_eq!((world.case().erc.value, world.case().erc.is_overridden()), (500, None));
    assert!(erc::is_serious(world.case()), "stopped by luck");
    let class =
        |barriers, reason: &str| Command::Classify { outcome: Loss::Major, barriers, reason: reason.into() };
    world.acts(1, class(Barriers::NotEffective, "")).unwrap();
    assert_eq!(world.case().erc.is_overridden(), Some(false));
    let refused = world.acts(1, class(Barriers::Effective, "")).unwrap_err();
    assert_eq!(refused.rule, "a risk class other than the proposed one has a reason");
    world.acts(1, class(Barriers::Effective, "two mirrors, both tested in May")).unwrap();
    assert_eq!(
        (world.case().erc.cell(), world.case().erc.is_overridden()),
        ((Loss::Major, Barriers::Effective), Some(true))
    );
    assert!(erc::is_serious(world.case()), "luck raises the class, whatever stood");
    let text = world.entries.last().unwrap().what.text();
    assert_eq!(
        text,
        "risk class 10 (major outcome, effective barriers), not 500, which was proposed: two mirrors, both tested in May"
    );
}

#[test]
fn the_proposed_column_is_the_worst_rule_that_fits() {
    type Change = fn(&mut Case);
    let cases: [(Change, Barriers); 7] = [
        (|case| case.episodes[0].exposed_seconds = 60.0, Barriers::NotEffective),
        (|case| case.measures.proximity_peak = Some(1.0), Barriers::NotEffective),
        (|case| case.luck = LuckClass::Main, Barriers::NotEffective),
        (|case| case.measures.failure_at_open = Some(600.0), Barriers::NotEffective),
        (|case| case.measures.proximity_peak = Some(0.96), Barriers::Minimal),
        (|case| case.control = Some(Control::Unknown), Barriers::Minimal),
        (|_| {}, Barriers::Limited),
    ];
    let mut world = World::new(TUESDAY);
    world.open(|_| {});
    world.acts(1, Command::Acknowledge { comment: String::new(), expires: None }).unwrap();
    world.later(Span::from_minutes(20));
    world
        .acts(
            1,
            Command::Mitigate { what: MitigationKind::Other, text: "x".into(), on_host: true, done_at: None },
        )
        .unwrap();
    world.later(Span::from_minutes(2)).event(EventKind::Receding, Physical::Receding, 0.45);
    world.later(Span::from_minutes(30)).event(EventKind::Recovered, Physical::Recovered, 0.45);
    for (change, barriers) in cases {
        let mut case = world.case().clone();
        change(&mut case);
        let proposed = erc::propose(&case);
        assert_eq!(proposed.barriers, barriers, "{:?}", proposed.reasons);
        assert!(proposed.reasons[0].contains("impact analysis missing") && proposed.reasons.len() == 2);
    }
}
