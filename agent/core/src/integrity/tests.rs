//! Guarded files, change after change.

use super::*;

fn rule(mode: IntegrityMode, accepted: Option<i64>) -> IntegrityRule {
    let accepted = accepted.map(|second| at(second).wall);
    IntegrityRule { path: "/cal".to_owned(), mode, accepted }
}

fn at(second: i64) -> Stamp {
    Stamp { wall: Timestamp::from_millis(second * 1000), boot_ms: second * 1000 }
}

/// Files by name and text; a text stands for its own hash, so that what it begins with can be told.
fn files(of: &[(&str, &str)], guard: &Guard, modified: i64) -> BTreeMap<String, Content> {
    let content = |(path, text): &(&str, &str)| {
        let beginning = guard.beginning(path).and_then(|bytes| text.get(..usize::try_from(bytes).ok()?));
        let kept = Kept { sha256: (*text).to_owned(), bytes: text.len() as u64, rows: text.len() as u64 };
        let beginning = beginning.map(str::to_owned);
        ((*path).to_owned(), Content { kept, beginning, modified: at(modified).wall })
    };
    of.iter().map(content).collect()
}

fn reason(reading: &Reading) -> &str {
    match &reading.measure {
        Measure::Value(value) if *value == 0.0 => "",
        Measure::Trigger { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_to_stay_deviates_when_changed_missing_or_new_and_no_more_when_it_is_back() {
    let rule = rule(IntegrityMode::Unchanged, None);
    let mut guard = Guard::default();
    let mut look = |of: &[(&str, &str)], second| {
        let found = files(of, &guard, 0);
        let reading = guard.judge(&rule, &found, at(second));
        (reason(&reading).to_owned(), reading)
    };
    assert_eq!(look(&[("a", "1"), ("b", "2")], 1).0, "");
    assert_eq!(look(&[("a", "9"), ("c", "3")], 2).0, "a was changed; c was not there; b is gone");
    let (_, reading) = look(&[("a", "9"), ("b", "2")], 3);
    assert_eq!(reading.limits, Some(Limits::new(0.0, 1.0, 1.0, 3.0)));
    assert_eq!(look(&[("a", "1"), ("b", "2")], 4).0, "");
}

#[test]
fn a_change_while_the_agent_was_away_is_found() {
    let rule = rule(IntegrityMode::Unchanged, None);
    let mut guard = Guard::default();
    let before = guard.judge(&rule, &files(&[("a", "1")], &Guard::default(), 0), at(1));
    let mut restarted = Guard::default();
    restarted.resume(&before.labels);
    let found = files(&[("a", "2")], &restarted, 0);
    assert_eq!(reason(&restarted.judge(&rule, &found, at(2))), "a was changed");
}

#[test]
fn a_person_accepts_what_was_there_at_an_instant_and_nothing_that_came_later() {
    let mut guard = Guard::default();
    let first = files(&[("a", "1"), ("b", "1"), ("c", "1")], &guard, 0);
    guard.judge(&rule(IntegrityMode::Unchanged, None), &first, at(10));
    let mut found = files(&[("a", "2")], &guard, 20);
    found.extend(files(&[("b", "2")], &guard, 40));
    let accepting = rule(IntegrityMode::Unchanged, Some(30));
    assert_eq!(reason(&guard.judge(&accepting, &found, at(50))), "b was changed", "and c may be gone");
    let later = files(&[("a", "3"), ("b", "1")], &guard, 25);
    assert_eq!(reason(&guard.judge(&accepting, &later, at(60))), "a was changed", "it is accepted once");
}

#[test]
fn a_record_may_grow_and_new_ones_begin_but_what_was_written_stays() {
    let rule = rule(IntegrityMode::AppendOnly, None);
    let mut guard = Guard::default();
    let mut look = |of: &[(&str, &str)]| {
        let found = files(of, &guard, 0);
        reason(&guard.judge(&rule, &found, at(1))).to_owned()
    };
    assert_eq!(look(&[("a", "12")]), "");
    assert_eq!(look(&[("a", "123"), ("b", "7")]), "");
    assert_eq!(look(&[("a", "12"), ("b", "7")]), "a was cut from 3 to 2 rows");
    assert_eq!(look(&[("a", "1x345"), ("b", "7")]), "a was changed within its first 3 rows");
    assert_eq!(look(&[("a", "1234"), ("b", "78")]), "");
}

#[test]
fn a_manifest_decides_over_every_file_it_names() {
    let rule = rule(IntegrityMode::Manifest("/cal/SUMS".to_owned()), None);
    let sums: Sums = ["a", "b", "c", "d", "e"].map(|name| (name.to_owned(), "1".to_owned())).into();
    let found = files(&[("a", "1"), ("b", "2"), ("z", "9")], &Guard::default(), 0);
    let reading = judge_sums(&rule, &sums, &found, at(1));
    assert_eq!(reason(&reading), "b is not what the manifest says; c is gone; d is gone; and 1 more");
}

#[test]
fn nothing_to_guard_and_too_much_of_it_are_said() {
    let rule = rule(IntegrityMode::Unchanged, None);
    let why = |reading: Reading| match reading.measure {
        Measure::Invalid { why } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(Guard::default().judge(&rule, &BTreeMap::new(), at(1))), "no file lies at /cal");
    let names: Vec<String> = (0..65).map(|index| index.to_string()).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let found = files(&many, &Guard::default(), 0);
    assert!(why(Guard::default().judge(&rule, &found, at(1))).starts_with("65 files lie at /cal"));
}
