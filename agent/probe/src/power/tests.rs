//! Programs that answer as `upsc` and `apcaccess` do, run for real; the real ones are in the stories.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::NotApplicable;

/// A probe whose programs are these scripts; an empty one is not installed.
fn probe(folder: &Path, upsc: &str, apcaccess: &str, rules: &str) -> PowerProbe {
    let rules = RuleSet::parse(&[("p.toml".to_owned(), rules.to_owned())]).unwrap();
    let mut probe = PowerProbe::new(&rules, Span::from_seconds(15));
    let script = |name: &str, text: &str| {
        let path = folder.join(name);
        if !text.is_empty() {
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        path.display().to_string()
    };
    probe.programs = Programs { upsc: script("upsc", upsc), apcaccess: script("apcaccess", apcaccess) };
    probe
}

async fn told(probe: &mut PowerProbe) -> (Vec<String>, Vec<NotApplicable>) {
    let looked = probe.read(&Clock::real()).await;
    let told = |reading: &Reading| {
        let measure = format!("{:?}", reading.measure);
        let kind = measure.split([' ', '(']).next().unwrap_or_default().to_owned();
        format!("{} {} {kind}", reading.signal, reading.subject)
    };
    (looked.readings.iter().map(told).collect(), looked.not_applicable)
}

#[tokio::test]
async fn without_a_program_or_a_rule_that_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut probe = probe(folder.path(), "", "", "");
    let (readings, excuses) = told(&mut probe).await;
    assert_eq!(readings, Vec::<String>::new());
    assert!(excuses[0].why.starts_with("no power supply is known: nut-client"), "{excuses:?}");
    assert_eq!(told(&mut probe).await.1, []);
}

#[tokio::test]
async fn supplies_of_both_servers_are_found_and_one_that_is_unlisted_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let names = folder.path().join("names");
    std::fs::write(&names, "one\ntwo\n").unwrap();
    let upsc = format!(
        "[ \"$1\" = -l ] && exec cat {}\nprintf 'ups.status: OL\\nbattery.runtime: 2400\\n'",
        names.display()
    );
    let mut probe = probe(folder.path(), &upsc, "printf 'UPSNAME : rack\\nSTATUS : ONBATT\\n'", "");
    let (readings, excuses) = told(&mut probe).await;
    let expected = [
        "power.status one Value",
        "power.runtime_left one Value",
        "power.status two Value",
        "power.runtime_left two Value",
        "power.status rack Trigger",
    ];
    assert_eq!((readings, excuses), (expected.map(str::to_owned).to_vec(), Vec::new()));
    std::fs::write(&names, "one\n").unwrap();
    let (readings, _) = told(&mut probe).await;
    assert!(
        readings.ends_with(&["power.runtime_left two Retired".into(), "power.status two Retired".into()])
    );
    assert_eq!(told(&mut probe).await.0.len(), 3);
}

#[tokio::test]
async fn a_server_that_answers_no_more_leaves_its_supplies_unread() {
    let folder = tempfile::tempdir().unwrap();
    let dead = folder.path().join("dead");
    let upsc = format!(
        "[ -e {} ] && {{ echo 'Init SSL' >&2; echo 'Error: Connection failure: Connection refused' >&2; exit 1; }}\n\
         [ \"$1\" = -l ] && exec echo one\nprintf 'ups.status: OL\\nbattery.charge: 99\\n'",
        dead.display()
    );
    let mut probe = probe(folder.path(), &upsc, "", "");
    assert_eq!(told(&mut probe).await.0, ["power.status one Value", "power.charge one Value"]);
    std::fs::write(&dead, "").unwrap();
    let (readings, excuses) = told(&mut probe).await;
    assert_eq!(readings, ["power.charge one Invalid", "power.status one Invalid"]);
    assert!(excuses[0].why.contains("upsc -l: Connection failure: Connection refused"), "{excuses:?}");
}

#[tokio::test]
async fn a_declared_supply_is_asked_by_name_and_its_rule_says_what_a_shutdown_takes() {
    let folder = tempfile::tempdir().unwrap();
    let upsc = "case \"$1\" in -l) echo rack1;; rack1@localhost) printf 'ups.status: OL\\nbattery.runtime: 2400\\n';; \
                *) echo 'Error: Unknown UPS' >&2; exit 1;; esac";
    let rules = "[[power]]\nname = \"all\"\nshutdown = \"7m\"\n\
                 [[power]]\nname = \"rack\"\nups = \"rack1@localhost\"\nshutdown = \"10m\"\n\
                 [[power]]\nname = \"far\"\nups = \"far@other\"\n";
    let mut probe = probe(folder.path(), upsc, "", rules);
    let looked = probe.read(&Clock::real()).await;
    let limits = looked.readings.iter().find_map(|reading| reading.limits).unwrap();
    assert_eq!((limits.normal, limits.limit), (2400.0, 600.0));
    let (readings, excuses) = told(&mut probe).await;
    let expected = [
        "power.status far@other Invalid",
        "power.status rack1@localhost Value",
        "power.runtime_left rack1@localhost Value",
    ];
    assert_eq!((readings, excuses), (expected.map(str::to_owned).to_vec(), Vec::new()));
    assert_eq!(probe.shutdown("far@other"), Span::from_minutes(7));
}

#[tokio::test]
async fn the_full_runtime_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let upsc = "[ \"$1\" = -l ] && exec echo one\nprintf 'ups.status: OB\\nbattery.runtime: 1000\\n'";
    let mut probe = probe(folder.path(), upsc, "", "");
    let labels = BTreeMap::from([(Full::LABEL.to_owned(), "5000".to_owned())]);
    probe.expect(&Known {
        signal: "power.runtime_left".to_owned(),
        subject: "one".to_owned(),
        labels,
        ..Known::default()
    });
    let looked = probe.read(&Clock::real()).await;
    assert_eq!(looked.readings[1].limits.map(|limits| limits.normal), Some(5000.0));
}
