//! What is found in a block is what each pattern finds in each line by itself.

use proptest::prelude::*;
use regex::bytes::Regex;

use super::super::line::{count, lines};
use super::*;

/// Line by line and pattern by pattern, as `(number of the line, pattern)`.
fn plainly(patterns: &[&str], block: &[u8]) -> Vec<(usize, usize)> {
    let compiled: Vec<Regex> = patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect();
    let found = lines(block).enumerate().flat_map(|(number, line)| {
        let matching = compiled.iter().enumerate().filter(move |(_, pattern)| pattern.is_match(line));
        matching.map(move |(index, _)| (number, index)).collect::<Vec<_>>()
    });
    found.collect()
}

fn at_once(patterns: &[&str], block: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let all: Vec<&[u8]> = lines(block).collect();
    let mut number = 0;
    let cut = count(block).1 > 0;
    Search::new(patterns).unwrap().matching(block, cut, &mut |line, matching| {
        // Equal lines are told apart by their place.
        while !std::ptr::eq(all[number].as_ptr(), line.as_ptr()) {
            number += 1;
        }
        found.extend(matching.iter().map(|index| (number, *index)));
    });
    found
}

#[test]
fn each_pattern_has_the_texts_that_are_worth_looking_for() {
    for (pattern, texts) in [
        ("Failed password for .* from (?P<ip>\\S+)", Some(vec!["Failed password for "])),
        (r"\S+ sshd\[\d+\]: Connection closed", Some(vec!["]: Connection closed"])),
        (
            r"^(?:I/O error|critical medium error).*?dev (?P<d>[a-z]+)",
            Some(vec!["I/O error", "critical medium error"]),
        ),
        (r"user=(?P<u>\w+) .*(?:denied|refused)", Some(vec!["denied", "refused"])),
        (r"(?:a|b)+", None),
        (r"\d+ of \d+", Some(vec![" of "])),
        (r"x?y?", None),
        ("", None),
    ] {
        let found = parsed(pattern).as_ref().and_then(literals);
        let told =
            found.map(|texts| texts.into_iter().map(|text| String::from_utf8(text).unwrap()).collect());
        let wanted: Option<Vec<String>> = texts.map(|texts| texts.into_iter().map(str::to_owned).collect());
        assert_eq!(told, wanted, "{pattern}");
    }
}

#[test]
fn whatever_a_line_ends_or_begins_with_it_is_judged_as_if_it_stood_alone() {
    const PATTERNS: [&str; 10] =
        ["^foo$", "foo", r"o\z", r"\Afo+", "[^x]+bar", r"\bo", "^$", "(?i)FOO", r"\s+$", r"(?m)^bar$"];
    let long = "foo".repeat(30_000);
    for block in [
        "foo\nbar\n\nfoo bar\n",
        "foo\r\nbar\r\n",
        "\0\0foo\nx\n",
        "foo",
        "a\nfoo bar",
        "  \nFOO\nfoofoo\n",
        &format!("{long}\nfoo\n{long}bar\n"),
        "",
        "\n\n",
    ] {
        assert_eq!(
            at_once(&PATTERNS, block.as_bytes()),
            plainly(&PATTERNS, block.as_bytes()),
            "{block:.20?}"
        );
        for pattern in PATTERNS {
            assert_eq!(
                at_once(&[pattern], block.as_bytes()),
                plainly(&[pattern], block.as_bytes()),
                "{pattern}"
            );
        }
    }
}

#[test]
fn more_texts_than_are_looked_for_at_once_are_found_as_well() {
    let words: Vec<String> = (0..150).map(|number| format!("word{number:03} [a-z]+$")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let line = |number| format!("x word{number:03} {}\n", if number % 2 == 0 { "abc" } else { "abc1" });
    let block = (0..200).map(line).collect::<String>();
    let found = at_once(&words, block.as_bytes());
    assert_eq!((found.len(), &found), (75, &plainly(&words, block.as_bytes())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn patterns_together_find_what_each_finds_alone(
        chosen in proptest::collection::vec(proptest::sample::select(vec![
            "abc", "ab+c", "^a", "c$", r"a[^b]c", r"\d\d", "(?:abc|cab)", "(?i)abc", r"a.*c", r"\bab\b", "b{3,}",
            "cab.*(?P<x>bc+)", r"[^a]+$", "", r"\Aab", r"ca?b?\z",
        ]), 1..6),
        block in proptest::collection::vec(proptest::sample::select(b"abcABC01 \n\n\n\r\0\xff".to_vec()), 0..200),
    ) {
        prop_assert_eq!(at_once(&chosen, &block), plainly(&chosen, &block));
    }
}
