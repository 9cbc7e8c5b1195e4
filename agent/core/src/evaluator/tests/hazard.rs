//! A condition that stands is told and opens nothing.

use super::*;

const HAZARD: &str = "[[filesystem]]\nname = \"known\"\nhazard = true\nsource = \"full by design\"\n";

#[test]
fn a_hazard_is_told_without_levels_and_never_near_whatever_comes() {
    let mut bench = Bench::new(HAZARD, "filesystem.free");
    bench.values(&[0.14, 0.10, 0.05, 0.0, 0.0]).trigger().consequence();
    assert!(bench.events.is_empty(), "{:?}", bench.kinds());
    let margin = bench.state.margin(&bench.judgement, bench.now);
    assert_eq!((margin.state, margin.value), (Physical::Normal, Some(0.0)));
    assert_eq!((margin.proximity, margin.limit, margin.approach), (None, None, None));
    assert!(margin.rate_per_hour.is_none() && margin.time_to_failure_seconds.is_none());
    assert_eq!(margin.reasons, ["0.0 % (full by design: a standing hazard, no case)"]);
}

#[test]
fn what_was_open_when_the_rule_said_so_runs_to_its_end() {
    let mut bench = Bench::approached();
    bench.judgement = judgement(HAZARD, "filesystem.free");
    bench.hold(0.4, Span::from_minutes(40));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered"]);
}

#[test]
fn that_it_is_a_hazard_is_part_of_what_decides() {
    let hash = |rules: &str| judgement(rules, "filesystem.free").rule.hash;
    assert_ne!(hash(HAZARD), hash(&HAZARD.replace("hazard = true\n", "")));
    assert_eq!(hash(&HAZARD.replace("true", "false")), hash(&HAZARD.replace("hazard = true\n", "")));
}
