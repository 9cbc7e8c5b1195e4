//! The packs against lines of real programs.

use super::*;
use crate::log::search::literals_of;
use crate::log::{Match, Matcher};
use crate::rule::RuleSet;
use crate::signal::Scale;

/// `(pack, its lines)`
macro_rules! lines {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("lines/", $name, ".txt")))),+] };
}
const LINES: [(&str, &str); 7] = lines!["auth", "kernel", "systemd", "database", "web", "backup", "mail"];

fn shipped() -> RuleSet {
    let files = SHIPPED_PACKS.map(|(name, text)| (name.to_owned(), text.to_owned()));
    RuleSet::parse(&files).unwrap()
}

/// `name by/distinct`, with `then` before it where it is the rule's `then`.
fn told(found: &Match<'_>) -> String {
    let then = if found.then.is_some() { "then " } else { "" };
    let by = found.by.as_ref().map_or(String::new(), |by| format!(" {by}"));
    let distinct = found.distinct.as_ref().map_or(String::new(), |distinct| format!("/{distinct}"));
    format!("{then}{}{by}{distinct}", found.rule.name)
}

/// What must match and the line; comments and empty lines are none.
fn row(line: &str) -> Option<(&str, &str)> {
    let is_comment = line.is_empty() || line.starts_with('#');
    (!is_comment).then(|| line.split_once(" | ").unwrap_or_else(|| panic!("no row: {line}")))
}

#[test]
fn each_real_line_is_matched_by_the_rules_that_are_for_it_and_ordinary_ones_by_none() {
    let rules = shipped();
    let matcher = Matcher::new(&rules.log_rules()).unwrap();
    let mut wrong = Vec::new();
    for (pack, text) in LINES {
        for (wanted, line) in text.lines().filter_map(row) {
            let found = matcher.matches("/var/log/syslog", line.as_bytes());
            let found: Vec<String> = found.iter().map(told).collect();
            let found = if found.is_empty() { "-".to_owned() } else { found.join(" & ") };
            if found != wanted {
                wrong.push(format!("{pack}: {found} | {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_real_line_and_so_has_every_then() {
    let rows: Vec<&str> =
        LINES.iter().flat_map(|(_, text)| text.lines().filter_map(row)).map(|row| row.0).collect();
    let wanted: Vec<&str> = rows.iter().flat_map(|row| row.split(" & ")).collect();
    let names =
        |then: &str, told: &&str| told.strip_prefix(then)?.split([' ', '/']).next().map(str::to_owned);
    for (rule, log) in shipped().log_rules() {
        let is_named =
            |then| wanted.iter().filter_map(|told| names(then, told)).any(|name| name == rule.name);
        assert!(is_named(""), "no line of {}", rule.name);
        assert!(log.then.is_none() || is_named("then "), "no line of what must not follow {}", rule.name);
    }
}

#[test]
fn every_pattern_holds_a_text_that_is_looked_for_and_none_needs_a_table() {
    let rules = shipped();
    assert!(!crate::log::Matcher::new(&rules.log_rules()).unwrap().needs_table());
    for (rule, log) in rules.log_rules() {
        for pattern in [Some(&log.pattern), log.then.as_ref().map(|then| &then.pattern)].into_iter().flatten()
        {
            let texts = literals_of(pattern).unwrap_or_default();
            let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
            assert!(shortest >= 4, "{}: {pattern} holds no text worth looking for: {texts:?}", rule.name);
        }
    }
}

#[test]
fn every_rule_says_why_it_is_near_and_can_recede_when_no_line_comes_any_more() {
    let rules = shipped();
    for (rule, _) in rules.log_rules() {
        assert!(rule.category.is_some() && rule.source.is_some(), "{}", rule.name);
        let judgement = rules.judge(&format!("log.{}", rule.name), "any", None).unwrap();
        assert!(judgement.reset() > 0.0, "{}: a count of nothing is still near", rule.name);
        assert!(matches!(judgement.scale, Scale::Limited(limits) if limits.are_ordered()), "{}", rule.name);
    }
}

#[test]
fn a_rule_of_the_same_name_replaces_a_shipped_one() {
    let own = "[[log]]\nname = \"sudo-failures\"\npattern = 'sudo: .* denied'\ncount = 3\n";
    let own = RuleSet::parse(&[("rules.d/own.toml".to_owned(), own.to_owned())]).unwrap();
    let all = own.with_shipped(shipped());
    let named: Vec<&str> =
        all.rules().iter().filter(|rule| rule.name == "sudo-failures").map(|rule| &*rule.place).collect();
    assert_eq!(named, ["rules.d/own.toml:1"]);
    assert_eq!(all.rules().len(), shipped().rules().len());
    assert!(all.rules()[0].place.starts_with("shipped:auth"), "{}", all.rules()[0].place);
}
