//! The luck rules against cases whose true cause is known.
//!
//! A process is simulated (`luck/world.rs`): something grows towards its limit with noise, and one of several causes turns it. What an agent
//! would send of it and what people would write down goes through the case engine; the truth does not. The generator knows no
//! rule and no number of the rules it tests. How often they are right is printed as a table, and stands in the docs.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets a fault has failed")]

#[path = "luck/world.rs"]
mod world;

use std::collections::BTreeMap;

use nearmiss_case::Case;
use nearmiss_case::words::Control;
use world::{Cause, live};

/// Cases of each cause.
const EACH: u64 = 30;

fn called(case: &Case) -> String {
    let by = case.stopped_by.map_or("none", |by| by.as_str());
    match case.luck.as_str() {
        "none" => by.to_owned(),
        luck => format!("{by}, luck {luck}"),
    }
}

#[test]
fn what_the_rules_call_controlled_was_and_what_was_luck_is_not_called_controlled() {
    let mut table: BTreeMap<Cause, BTreeMap<String, u32>> = BTreeMap::new();
    let (mut right, mut judged, mut unexplained) = (0, 0, Vec::new());
    for cause in Cause::ALL {
        for seed in 0..EACH {
            let case = live(cause, seed);
            *table.entry(cause).or_default().entry(called(&case)).or_default() += 1;
            let controlled = case.control == Some(Control::Controlled);
            if cause.is_on_record() {
                judged += 1;
                right += u32::from(controlled == cause.was_controlled());
            }
            let explained = case.luck_hits.iter().any(|hit| hit.rule.starts_with('C') && !hit.on.is_empty());
            if controlled && !cause.was_controlled() && !explained {
                unexplained.push((cause, seed, case.luck_hits.clone()));
            }
        }
    }
    let share = 100.0 * f64::from(right) / f64::from(judged);
    println!(
        "{} cases of {} causes, {EACH} each; what the rules say stopped them:",
        table.len() as u64 * EACH,
        table.len()
    );
    for (cause, said) in &table {
        let said: Vec<String> = said.iter().map(|(said, count)| format!("{count} {said}")).collect();
        println!("{:<44} {}", cause.words(), said.join("; "));
    }
    println!(
        "controlled or not: {right} of {judged} right, {share:.1} % (causes of which nothing is on record are not counted)"
    );
    assert!(unexplained.is_empty(), "luck called control without a rule that says why: {unexplained:?}");
    assert!(share >= 95.0, "{share:.1} %");
}
