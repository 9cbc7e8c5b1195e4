//! The packs against lines of real programs.

use std::collections::BTreeSet;

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
    RuleSet::parse(&shipped_packs()).unwrap()
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

/// Where a line holds what a stranger chose, and what the line is whatever that is: a match, `-`, or `-` and else what begins so.
const PLACES: [(&str, &str); 20] = [
    ("Nov 25 18:25:01 host sshd[1]: Invalid user {} from 192.0.2.9 port 4711", "-"),
    (
        "Nov 25 18:25:01 host sshd[1]: Failed password for invalid user {} from 192.0.2.9 port 4711 ssh2",
        "failed-logins 192.0.2.9 & many-guessers/192.0.2.9",
    ),
    (
        "sshd-session[1]: error: PAM: Authentication failure for illegal user {} from 192.0.2.9",
        "failed-logins 192.0.2.9 & many-guessers/192.0.2.9",
    ),
    ("sshd[1]: Connection closed by invalid user {} 192.0.2.9 port 4711 [preauth]", "ssh-guessing/192.0.2.9"),
    ("sshd[1]: Received disconnect from 192.0.2.9 port 4711:11: {}", "-"),
    ("sshd[1]: error: kex_exchange_identification: client sent invalid protocol identifier \"{}\"", "-"),
    (
        "Nov 25 17:48:45 host sudo:    alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo {}",
        "then sudo-failures alice",
    ),
    ("Nov 25 17:48:45 host sudo:    alice : (command continued) {}", "-"),
    ("Nov 25 17:48:45 host CRON[7]: (alice) CMD (echo {})", "-"),
    (
        "vsftpd[1]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser={} rhost=192.0.2.9 ",
        "failed-logins 192.0.2.9",
    ),
    (
        "2026/11/25 17:57:02 [error] 1#1: *2 open() \"/srv/{}\" failed (2: No such file or directory), client: 192.0.2.9, server: , request: \"GET /{} HTTP/1.1\", host: \"{}\"",
        "-",
    ),
    (
        "2026/11/25 17:57:02 [error] 1#1: *16 user \"eve\" was not found in \"/etc/nginx/htpasswd\", client: 192.0.2.9, server: , request: \"GET /{} HTTP/1.1\"",
        "nginx-logins 192.0.2.9",
    ),
    (
        "[Wed Nov 25 17:57:13.385268 2026] [auth_basic:error] [pid 1:tid 1] [client 192.0.2.9:4711] AH01618: user {} not found: /priv",
        "apache-logins 192.0.2.9",
    ),
    (
        "[Wed Nov 25 17:57:13.452666 2026] [core:error] [pid 1:tid 1] [client 192.0.2.9:4711] AH10244: invalid URI path (/{})",
        "-",
    ),
    ("postfix/smtpd[1]: warning: non-SMTP command from unknown[192.0.2.9]: {}", "-"),
    (
        "dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 4 secs): user=<{}>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, session=<x>",
        "imap-logins 192.0.2.9",
    ),
    (
        "2026-11-25 17:55:27.590 UTC [1] {}@postgres FATAL:  password authentication failed for user \"x\"",
        "- database-logins x",
    ),
    ("2026-11-25 17:55:27.590 UTC [1] app@{} FATAL:  database \"{}\" does not exist", "-"),
    ("2026-11-25 17:55:27.590 UTC [1] app@app STATEMENT:  select {}", "-"),
    (
        "2026-11-25 17:55:36 19 [Warning] Access denied for user '{}'@'localhost' (using password: YES)",
        "- database-logins ",
    ),
];

#[test]
fn whatever_a_stranger_puts_into_a_line_it_is_no_line_of_another_program() {
    let rules = shipped();
    let matcher = Matcher::new(&rules.log_rules()).unwrap();
    let lines = LINES.iter().flat_map(|(_, text)| text.lines().filter_map(row));
    // Each line that something matches, and what stands in it behind heads.
    let texts: BTreeSet<&str> = lines
        .filter(|(wanted, _)| *wanted != "-")
        .flat_map(|(_, line)| {
            let behind = |between| line.match_indices(between).map(|(at, found)| &line[at + found.len()..]);
            std::iter::once(line).chain(behind(": ")).chain(behind("] ")).collect::<Vec<_>>()
        })
        .collect();
    assert!(texts.len() > 300, "{}", texts.len());
    let mut wrong = Vec::new();
    for (place, wanted) in PLACES {
        for text in &texts {
            let line = place.replace("{}", text);
            let found = matcher.matches("/var/log/syslog", line.as_bytes());
            let found: Vec<String> = found.iter().map(told).collect();
            let found = if found.is_empty() { "-".to_owned() } else { found.join(" & ") };
            let is_wanted = match wanted.strip_prefix("- ") {
                Some(begin) => found == "-" || (found.starts_with(begin) && !found.contains(" & ")),
                None => found == wanted,
            };
            if !is_wanted {
                wrong.push(format!("{found} instead of {wanted}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pattern_begins_where_the_line_does() {
    for (rule, log) in shipped().log_rules() {
        for pattern in [Some(&log.pattern), log.then.as_ref().map(|then| &then.pattern)].into_iter().flatten()
        {
            let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).unwrap();
            let begins = parsed.properties().look_set_prefix();
            assert!(begins.contains(regex_syntax::hir::Look::Start), "{}: {pattern}", rule.name);
            assert!(!pattern.contains(char::is_control), "{}: {pattern}", rule.name);
            let is_word = |text: &str| text.starts_with(|first: char| first.is_ascii_lowercase());
            assert!(!pattern.split('{').skip(1).any(is_word), "no head is called so: {pattern}");
        }
    }
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
fn every_pattern_holds_a_text_and_all_are_looked_for_many_bytes_at_a_time() {
    let rules = shipped();
    for (rule, log) in rules.log_rules() {
        for pattern in [Some(&log.pattern), log.then.as_ref().map(|then| &then.pattern)].into_iter().flatten()
        {
            let texts = literals_of(pattern).unwrap_or_default();
            let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
            assert!(shortest >= 4, "{}: {pattern} holds no text worth looking for: {texts:?}", rule.name);
        }
    }
    assert!(Matcher::new(&rules.log_rules()).unwrap().is_fast(), "a table, or more than 128 texts");
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
