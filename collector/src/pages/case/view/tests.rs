//! A case's page as plain values.

use super::*;
use nearmiss_case::words::Verdict;

use crate::pages::case::judgement::{Judgement, before_close};
use crate::pages::sample;

fn listed() -> Listed {
    Listed { case: sample::case(42), client: "Falcon MRO".into(), reading: None, may_act: true }
}

#[test]
fn the_head_says_what_how_close_and_whose_turn_it_is() {
    let head = Head::new(&listed(), "calibration records down, RTO 4 h", sample::NOW);
    assert_eq!((head.label.as_str(), head.what.as_str()), ("NM-0042", "/srv filling"));
    assert_eq!(head.failure, "full in 25 min");
    assert!(head.wants_answer && head.may_act && !head.steps.is_empty());
    assert_eq!(head.clock.unwrap().words, "15 min to acknowledge");
    let facts: Vec<&str> = head.facts.iter().map(|(name, _)| *name).collect();
    assert!(facts.contains(&"Smallest margin") && !facts.contains(&"Accepted"), "{facts:?}");
}

#[test]
fn the_four_roles_stand_in_order_with_their_people() {
    let case = sample::case(1);
    let parts = parts(&case, &sample::people(), sample::NOW);
    let who: Vec<(&str, &str)> = parts.iter().map(|part| (part.role, part.who.as_str())).collect();
    assert_eq!(
        who,
        [
            ("Sysadmin", "Sana Sysadmin"),
            ("DevOps Engineer", "Dawud DevOps"),
            ("Security Lead", "Sadia Security"),
            ("BC Lead", "Bilal Continuity")
        ]
    );
    assert!(parts.iter().all(|part| !part.tasks.is_empty()));
}

#[test]
fn a_receding_case_says_since_when_it_is_back_and_what_it_waits_for() {
    let mut listed = listed();
    listed.case.physical = Physical::Receding;
    listed.case.measures.proximity_now = Some(-1.0);
    listed.case.episodes[0].turned_at = Some(sample::NOW);
    let head = Head::new(&listed, "", sample::NOW);
    let words = "back since 24 Nov 06:00 UTC; judged at 24 Nov 06:30 UTC at the soonest, if it stays back";
    assert_eq!((head.failure.as_str(), head.bar.number.as_str()), (words, "0.00"));
    assert_eq!(Judgement::new(&listed.case).reason, words);
    listed.case.measures.hold = None;
    let older = "back since 24 Nov 06:00 UTC; judged when it has stayed back for the rule's hold";
    assert_eq!(Head::new(&listed, "", sample::NOW).failure, older, "its agent does not say how long that is");
}

#[test]
fn how_much_was_watched_and_how_much_time_was_to_spare_are_facts_of_the_case() {
    let mut listed = listed();
    listed.case.measures.slack = Some(0.8);
    listed.case.measures.coverage = Some((97, 120));
    let facts = Head::new(&listed, "", sample::NOW).facts;
    let fact = |name: &str| facts.iter().find(|(fact, _)| *fact == name).map(|(_, text)| text.as_str());
    assert_eq!(
        fact("Slack"),
        Some("0.8 of the predicted time per time taken: only a change of trend saved it")
    );
    assert_eq!(fact("Samples"), Some("97 of 120 that were due (80 %)"));
}

#[test]
fn a_drill_has_a_reason_of_its_own_and_nothing_that_stopped_it() {
    let mut listed = listed();
    listed.case.drill = Some("disk-full".into());
    assert!(!Head::new(&listed, "", sample::NOW).may_accept);
    assert_eq!(Judgement::new(&listed.case).reason, "the drill is still running");
    listed.case.physical = Physical::Recovered;
    listed.case.proposed = Some(Verdict::Drill);
    listed.case.stopped_by = Some(nearmiss_case::words::StoppedBy::HumanVigilance);
    let judgement = Judgement::new(&listed.case);
    assert_eq!((judgement.proposed, judgement.stopped_by), (Some("drill"), None));
    assert_eq!(judgement.reason, "it was announced as a drill, with made-up readings");
    assert!(!listed.row(sample::NOW).stopped.contains("vigilance"));
    listed.case.proposed = Some(Verdict::StandingHazard);
    listed.case.accepted_until = Some(sample::NOW);
    assert_eq!(Judgement::new(&listed.case).reason, "accepted until Tue 24 Nov 2026, 06:00 UTC");
}

#[test]
fn only_verdicts_that_no_rule_forbids_are_offered() {
    let mut case = sample::case(1);
    let words = |case: &Case| Judgement::new(case).offered.iter().map(|one| one.0).collect::<Vec<_>>();
    assert!(words(&case).is_empty(), "while it runs");
    case.physical = Physical::Recovered;
    case.proposed = Some(Verdict::Undetermined);
    assert!(!words(&case).contains(&"averted") && words(&case).contains(&"undetermined"));
    case.proposed = Some(Verdict::Averted);
    assert!(words(&case).contains(&"averted") && !words(&case).contains(&"drill"));
}

#[test]
fn a_case_says_what_it_still_needs_before_it_rests() {
    let missing = before_close(&sample::case(1));
    assert_eq!(missing[0], "answers to question 1, 2, 3, 4");
    assert!(missing.iter().any(|text| text.contains("BC Lead")));
    assert!(missing.contains(&"a confirmed verdict".to_owned()));
}

#[test]
fn evidence_on_its_way_has_no_link() {
    let mut case = sample::case(1);
    assert_eq!(bundles(&case)[0].href, None);
    case.evidence[0].sha256 = Some("ab".repeat(32));
    case.evidence[0].signature_valid = Some(false);
    let bundle = &bundles(&case)[0];
    assert!(bundle.href.as_ref().unwrap().starts_with("/api/v1/evidence/"));
    assert_eq!((bundle.tone, bundle.hash.len()), ("red", 16));
}
