//! Rules as people write them: the shipped examples, and every fault at once.

use super::RuleSet;

#[test]
fn every_example_that_is_shipped_is_without_a_fault() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/rules.d");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} holds no example");
    let read =
        |path: &std::path::PathBuf| (path.display().to_string(), std::fs::read_to_string(path).unwrap());
    let files: Vec<(String, String)> = names.iter().map(read).collect();
    let faults: Vec<String> =
        RuleSet::parse(&files).err().into_iter().flatten().map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn faults(text: &str) -> Vec<String> {
    let faults = RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).err().unwrap_or_default();
    faults.iter().map(ToString::to_string).collect()
}

fn assert_faults(text: &str, expected: &[&str]) {
    let faults = faults(text);
    for start in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start}\nin {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn a_plugin_is_named_by_an_absolute_path_and_judges_its_own_subjects() {
    assert_faults(
        "[[plugin]]\nname = \"a\"\n[[plugin]]\nname = \"b\"\ncommand = [\"check_load\"]\ntimeout = \"1h\"\n\
         [[plugin]]\nname = \"c\"\ncommand = []\n[[plugin]]\nname = \"d\"\nmatch = \"e/*\"\n",
        &[
            "r.toml:1: [[plugin]] has no `command`; the program's absolute path",
            "r.toml:5: `command` begins with \"check_load\", which is no absolute path",
            "r.toml:6: `timeout` is 1h; at most 10m",
            "r.toml:9: `command` is empty",
        ],
    );
    let text = "[[plugin]]\nname = \"a, b\"\ncommand = [\"/bin/a\"]\nhold = \"1m\"\n\
                [[plugin]]\nname = \"a\"\ncommand = [\"/bin/a\"]\ncategory = \"capacity\"\n";
    let rules = RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).unwrap();
    for (subject, rule) in [
        ("a, b", Some("a, b")),
        ("a, b/x y", Some("a, b")),
        ("a", Some("a")),
        ("a//", Some("a")),
        ("ab", None),
    ] {
        let judge = rules.judge("plugin.value", subject, None);
        assert_eq!(judge.map(|judgement| judgement.rule.name).as_deref(), rule, "{subject}");
    }
}

#[test]
fn a_metrics_rule_must_tell_its_levels_and_every_fault_is_told_at_once() {
    assert_faults(
        "[[metrics]]\nname = \"a\"\nurl = \"http://u:p@localhost/\"\nselect = 'x{y}'\nper = '1'\n",
        &[
            "r.toml:3: `url` is \"http://u:...@localhost/\"; an address without a password",
            "r.toml:4: `select` is \"x{y}\"; a matcher is expected at `y`",
            "r.toml:5: `per` is \"1\"; a metric's name and matchers are expected",
            "r.toml:1: [[metrics]] has no `normal`",
            "r.toml:1: [[metrics]] has no `approach`",
            "r.toml:1: [[metrics]] has no `limit`",
        ],
    );
    let whole = "[[metrics]]\nname = \"space\"\nurl = \"http://localhost:9100/metrics\"\nselect = 'avail'\n\
                 per = 'size'\nnormal = 0.5\napproach = 0.2\nlimit = 0\n";
    assert_faults(
        &whole.replace("0.2", "0.6"),
        &["r.toml:6: normal 0.5, approach 0.6, critical 0.3, limit 0 do not"],
    );
    let rules = RuleSet::parse(&[("r.toml".to_owned(), whole.to_owned())]).unwrap();
    for subject in ["space", "space{mountpoint=\"/\"}"] {
        let limits = rules.judge("metrics.value", subject, None).unwrap().limits().unwrap();
        assert_eq!([limits.normal, limits.approach, limits.critical, limits.limit], [0.5, 0.2, 0.1, 0.0]);
    }
    assert!(rules.judge("metrics.value", "spaces", None).is_none());
}
