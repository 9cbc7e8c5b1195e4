//! Which rule judges, on which host, and what changes its hash.

use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> RuleSet {
    RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).unwrap()
}

#[test]
fn a_rule_that_is_switched_off_takes_its_matches_out_of_judgement() {
    let off = rules("[[filesystem]]\nname = \"scratch\"\nmatch = \"/scratch*\"\nenabled = false\n");
    assert!(off.judge("filesystem.free", "/scratch/a", None).is_none());
    assert!(off.judge("filesystem.free", "/srv", None).is_some());
    let no_disk = rules("[[disk]]\nname = \"none\"\nenabled = false\n");
    assert!(no_disk.judge("disk.pending_sectors", "drill:disk-failure", None).is_none());
}

#[test]
fn a_shipped_log_rule_is_switched_off_by_its_name_alone() {
    let shipped = rules("[[log]]\nname = \"guessing\"\npattern = 'x'\n");
    let off = rules("[[log]]\nname = \"guessing\"\nenabled = false\n").with_shipped(shipped);
    assert!(off.log_rules().is_empty());
    assert!(off.judge("log.guessing", "a", None).is_none());
}

#[test]
fn a_drill_is_judged_by_the_tables_rule_whatever_it_matches() {
    let rules = rules("[[disk]]\nname = \"story\"\nmatch = \"ST4000 *\"\n");
    let judgement = rules.judge("disk.pending_sectors", "drill:disk-failure", None).unwrap();
    assert_eq!(judgement.rule.name, "story");
}

fn here(name: &str, labels: &[(&str, &str)]) -> Here {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Here { name: name.to_owned(), labels, zone: jiff::tz::TimeZone::UTC }
}

fn faults(text: &str) -> Vec<String> {
    let faults = RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

/// One set of rules for a whole fleet.
const FLEET: &str = r#"
[[filesystem]]
name = "data"
approach = 0.20
[[filesystem]]
name = "data"
host = "lab-*"
approach = 0.25
[[filesystem]]
name = "calibration"
labels = { tier = "cal*", site = "karachi" }
approach = 0.40
"#;

#[test]
fn each_host_of_a_fleet_resolves_the_same_files_to_its_own_rules() {
    let calibration = [("tier", "calibration"), ("site", "Karachi")];
    for (name, labels, rule, approach) in [
        ("web-1", &[][..], "data", 0.20),
        ("lab-1", &[], "data", 0.25),
        ("LAB-2", &[("tier", "calibration")], "data", 0.25),
        ("web-2", &calibration, "calibration", 0.40),
        ("lab-3", &calibration, "calibration", 0.40),
    ] {
        let set = rules(FLEET).for_host(&here(name, labels));
        let judgement = set.judge("filesystem.free", "/srv", None).unwrap();
        assert_eq!(
            (judgement.rule.name.as_str(), judgement.limits().unwrap().approach),
            (rule, approach),
            "{name}"
        );
    }
}

#[test]
fn a_shipped_rule_is_replaced_on_the_hosts_the_own_one_is_for_and_nowhere_else() {
    let own = "[[log]]\nname = \"guessing\"\npattern = 'x'\ncount = 50\nhost = \"lab-*\"\n";
    for (name, limit) in [("lab-1", 50.0), ("web-1", 10.0)] {
        let shipped = rules("[[log]]\nname = \"guessing\"\npattern = 'x'\n");
        let set = rules(own).for_host(&here(name, &[])).with_shipped(shipped);
        assert_eq!(set.judge("log.guessing", "a", None).unwrap().limits().unwrap().limit, limit, "{name}");
        assert_eq!(set.log_rules().len(), 1);
    }
}

#[test]
fn names_are_unique_among_rules_for_the_same_hosts() {
    let one = "[[disk]]\nname = \"a\"\n";
    let lab = "[[disk]]\nname = \"a\"\nhost = \"lab-*\"\n";
    for (text, expected) in [
        ([one, one].concat(), "r.toml:3: a second rule named `a`; the first is at r.toml:1"),
        ([lab, lab].concat(), "r.toml:4: a second rule named `a`; the first is at r.toml:1"),
        (
            [lab, one].concat(),
            "r.toml:4: this rule is for every host, so the one named `a` at r.toml:1 never counts",
        ),
    ] {
        let told = faults(&text);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{told:?}");
    }
    assert!(RuleSet::parse(&[("r.toml".to_owned(), [one, lab].concat())]).is_ok());
}

#[test]
fn faults_of_scopes_and_levels_are_told_together_with_their_lines() {
    let text = "[[filesystem]]\nname = \"a\"\nhost = \"lab-[\"\nlabels = { tier = 3 }\nhosst = 1\n\
                direction = \"rising\"\nclear = 0.9\n[[disk]]\nname = \"b\"\napproach = 5\nlabels = \"x\"\n";
    let told = faults(text);
    for expected in [
        "r.toml:3: `host` is no glob",
        "r.toml:4: `tier` is integer; a string is expected",
        "r.toml:5: unknown key `hosst` in [[filesystem]]; did you mean `host`?",
        "r.toml:6: `direction` is `rising`, from 0.5 to 0",
        "r.toml:7: `clear` is 0.9; a proximity from 0 to below 0.70",
        "r.toml:10: levels for a count that has no failure limit",
        "r.toml:11: `labels` is string `\"x\"`",
    ] {
        assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {told:#?}");
    }
    assert_eq!(told.len(), 7, "{told:#?}");
}

#[test]
fn a_rule_that_a_later_one_covers_is_known_to_be_idle() {
    let srv = "[[filesystem]]\nname = \"srv\"\nmatch = \"/srv\"\n";
    let inodes = "[[filesystem]]\nname = \"inodes\"\nsignal = \"filesystem.inodes_free\"\n";
    let all = "[[filesystem]]\nname = \"all\"\n";
    for (text, idle) in [
        ([srv, all].concat(), &["srv"][..]),
        ([all, srv].concat(), &[]),
        ([srv, inodes].concat(), &[]),
        ([inodes, srv, all].concat(), &["inodes", "srv"]),
    ] {
        let set = rules(&text);
        let found: Vec<&str> = set.idle().iter().map(|(rule, _)| rule.name.as_str()).collect();
        assert_eq!(found, idle, "{text}");
    }
}

#[test]
fn every_example_that_is_shipped_is_sound() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/rules.d"));
    let mut files: Vec<std::path::PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| (file.display().to_string(), std::fs::read_to_string(file).unwrap()));
    let texts: Vec<(String, String)> = texts.collect();
    assert!(!texts.is_empty());
    let parsed = RuleSet::parse(&texts);
    assert!(parsed.is_ok(), "{:#?}", parsed.unwrap_err());
}

#[test]
fn what_may_judge_a_signal_is_told_in_the_order_it_is_asked() {
    let set = rules(
        "[[filesystem]]\nname = \"first\"\nmatch = \"/a\"\n[[filesystem]]\nname = \"off\"\nmatch = \"/b\"\n\
         enabled = false\n[[filesystem]]\nname = \"inodes\"\nsignal = \"filesystem.inodes_free\"\n",
    );
    let told = |signal: &str| -> Vec<(Option<String>, bool)> {
        let all = set.resolved(signal).into_iter();
        all.map(|one| (one.rule.map(|rule| rule.name.clone()), one.judgement.is_some())).collect()
    };
    let named = |name: &str, judges| (Some(name.to_owned()), judges);
    assert_eq!(told("filesystem.free"), [named("off", false), named("first", true), (None, true)]);
    assert_eq!(told("filesystem.inodes_free"), [named("inodes", true)]);
    assert!(told("nonsense").is_empty() && told("log.unknown").is_empty());
}

fn hash_of(text: &str, signal: &str) -> String {
    rules(text).judge(signal, "/srv", None).unwrap().rule.hash
}

#[test]
fn every_edit_that_decides_changes_the_hash() {
    let base = "[[filesystem]]\nname = \"a\"\n";
    let mut hashes = vec![hash_of(base, "filesystem.free")];
    for edit in [
        "normal = 0.6",
        "approach = 0.2",
        "critical = 0.04",
        "limit = 0.01",
        "interval = \"16s\"",
        "confirm = 4",
        "hold = \"31m\"",
        "clear = 0.06",
        "reopen = \"23h\"",
        "forecast = false",
        "horizon = \"2h\"",
        "category = \"backup\"",
        "source = \"the contract\"",
    ] {
        hashes.push(hash_of(&format!("{base}{edit}\n"), "filesystem.free"));
    }
    let log = "[[log]]\nname = \"a\"\n";
    for edit in [
        "pattern = '(?P<x>a)'",
        "pattern = '(?P<x>b)'",
        "pattern = '(?P<x>a)'\ncount = 11",
        "pattern = '(?P<x>a)'\nwindow = \"11m\"",
        "pattern = '(?P<x>a)'\nby = \"x\"",
        "pattern = '(?P<x>a)'\ndistinct = \"x\"",
    ] {
        hashes.push(hash_of(&format!("{log}{edit}\n"), "log.a"));
    }
    let count = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count, "two edits have one hash");
}

#[test]
fn order_comments_and_what_only_chooses_subjects_change_no_hash() {
    let base = hash_of("[[filesystem]]\nname = \"a\"\napproach = 0.2\nconfirm = 4\n", "filesystem.free");
    for text in [
        "# why\n[[filesystem]]\nconfirm = 4 # four\nname = \"a\"\n\napproach = 0.20\n",
        "[[disk]]\nname = \"z\"\n[[filesystem]]\nname = \"b\"\napproach = 0.2\nconfirm = 4\nmatch = \"/s*\"\n",
        "[[filesystem]]\nname = \"a\"\napproach = 0.2\nconfirm = 4\nhold = \"30m\"\nevidence = \"full\"\n",
    ] {
        assert_eq!(hash_of(text, "filesystem.free"), base, "{text}");
    }
}

proptest! {
    /// Whatever the rules: the last one that is for this host and matches decides, and always the same way.
    #[test]
    fn the_last_rule_that_applies_decides(
        written in proptest::collection::vec((0..4_usize, 0..3_usize, any::<bool>()), 0..12), subject in 0..4_usize,
    ) {
        let subjects = ["/a", "/a*", "/b", "*"];
        let hosts = ["", "host = \"lab-*\"\n", "host = \"web-*\"\n"];
        let mut text = String::new();
        for (index, (subject, host, enabled)) in written.iter().enumerate() {
            text += &format!(
                "[[filesystem]]\nname = \"r{index}\"\nmatch = \"{}\"\nenabled = {enabled}\n{}",
                subjects[*subject], hosts[*host]
            );
        }
        let asked = ["/a", "/ab", "/b", "/c"][subject];
        let matches = |rule: usize| match rule { 0 => asked == "/a", 1 => asked.starts_with("/a"), 2 => asked == "/b", _ => true };
        let last = written.iter().enumerate().rfind(|(_, (rule, host, _))| *host != 2 && matches(*rule));
        let expected = match last {
            None => Some("filesystem".to_owned()),
            Some((index, (_, _, true))) => Some(format!("r{index}")),
            Some(_) => None,
        };
        let set = rules(&text).for_host(&here("lab-7", &[]));
        let judged = set.judge("filesystem.free", asked, None);
        prop_assert_eq!(judged.as_ref().map(|judgement| judgement.rule.name.clone()), expected);
        prop_assert_eq!(&judged, &rules(&text).for_host(&here("lab-7", &[])).judge("filesystem.free", asked, None));
    }

    /// Any text is rules or faults, never a panic.
    #[test]
    fn any_text_is_rules_or_faults(text in "(\\[\\[(maintenance|log|disk)\\]\\]\n)?(.{0,20} ?= ?.{0,20}\n){0,4}") {
        drop(RuleSet::parse(&[("r.toml".to_owned(), text)]));
    }
}

#[test]
fn a_signal_with_its_own_time_does_not_hurry_its_table() {
    let rules = rules(
        "[[disk]]\nname = \"arrays\"\nsignal = \"disk.redundancy\"\nmatch = \"md*\"\ninterval = \"5s\"\n",
    );
    assert_eq!(rules.own_interval("disk.redundancy"), Some(Span::from_seconds(5)));
    assert_eq!(rules.interval(Table::Disk), Some(Span::from_minutes(10)));
    let shipped = RuleSet::default();
    assert_eq!(shipped.own_interval("disk.redundancy"), Some(Span::from_minutes(1)));
    assert_eq!(shipped.own_interval("host.clock_offset"), Some(Span::from_minutes(1)));
}
