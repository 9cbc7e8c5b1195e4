//! Rules, configuration, and the words in them.

use nearmiss_agent_core::config;
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_agent_core::signal::signals;
use nearmiss_shared::time::{Span, Timestamp};

use super::text;
use crate::Target;

pub(crate) const RULES: Target = Target {
    name: "rules",
    run: rules,
    seeds: &[
        "[[filesystem]]\nname = \"a\"\nmatch = \"/srv/*\"\napproach = 0.2\nhold = \"1h\"\n",
        "[[endpoint]]\nname = \"p\"\ntarget = \"https://a.example/x\"\nstatus = 200\ntimeout = \"3s\"\n",
        "[[log]]\nname = \"l\"\npattern = 'failed (?P<who>\\w+)'\nby = \"who\"\ncount = 5\nwindow = \"1m\"\n",
        "[[maintenance]]\nname = \"m\"\ndays = [\"sat\"]\nfrom = \"22:00\"\nfor = \"4h\"\nzone = \"Europe/Berlin\"\n",
    ],
    corpus: None,
};

/// Rules that are accepted judge every signal; those that are not name where they are wrong.
fn rules(bytes: &[u8]) {
    match RuleSet::parse(&[("f.toml".to_owned(), text(bytes).into_owned())]) {
        Ok(rules) => signals().for_each(|spec| drop(rules.judge(spec.name, "subject", None))),
        Err(faults) => assert!(faults.iter().all(|fault| fault.to_string().contains("f.toml")), "{faults:?}"),
    }
}

pub(crate) const CONFIG: Target = Target {
    name: "config",
    run: |bytes| drop(config::validate(&[("agent.toml".to_owned(), text(bytes).into_owned())])),
    seeds: &["state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"7d\"\n[probe.disk]\nenabled = false\n"],
    corpus: None,
};

pub(crate) const WORDS: Target = Target {
    name: "words",
    run: words,
    seeds: &["2026-11-25T08:00:00.123Z", "1d12h", "100ms"],
    corpus: None,
};

/// An instant is told as what reads as the same; a span in its two largest units, as nothing longer.
fn words(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(at) = text.parse::<Timestamp>() {
        assert_eq!(at.to_string().parse(), Ok(at));
    }
    if let Ok(span) = text.parse::<Span>() {
        let told: Span = span.to_string().parse().expect("what is told is a span");
        assert!(told <= span && told.to_string() == span.to_string(), "{span}");
    }
}
