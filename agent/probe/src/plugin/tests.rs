//! Programs that speak as plugins do, run for real.

use std::path::Path;

use nearmiss_agent_core::proximity::Limits;

use super::*;

/// The probe of a plugin that is this shell script, and the file that the script sees as `$1`.
fn probe(script: &str, argument: &Path) -> Box<dyn Probe> {
    let rules = format!(
        "[[plugin]]\nname = \"p\"\ncommand = [\"/bin/sh\", \"-c\", '''{script}''', \"plugin\", \"{}\"]\n\
         timeout = \"300ms\"\ninterval = \"5s\"\n",
        argument.display()
    );
    let rules = RuleSet::parse(&[("p.toml".to_owned(), rules)]).unwrap();
    let mut probes = probes(&rules, Span::from_minutes(1));
    assert_eq!(probes.len(), 1);
    probes.remove(0)
}

async fn look(probe: &mut Box<dyn Probe>) -> Vec<(String, String, Measure)> {
    let readings = probe.read(&Clock::real()).await.readings;
    readings.into_iter().map(|reading| (reading.signal, reading.subject, reading.measure)).collect()
}

fn value(label: &str, value: f64) -> (String, String, Measure) {
    (VALUE.to_owned(), format!("p/{label}"), Measure::Value(value))
}

#[tokio::test]
async fn a_plugin_tells_its_state_and_the_distance_of_each_value_that_has_one() {
    let mut probe =
        probe("echo 'DISK WARNING - full soon| /=230MB;200;240;0;250 size=3B'; exit 1", Path::new(""));
    assert_eq!(probe.interval(), Span::from_seconds(5));
    let readings = probe.read(&Clock::real()).await.readings;
    let [state, value] = readings.as_slice() else { panic!("{readings:?}") };
    assert_eq!(
        (state.signal.as_str(), state.subject.as_str(), &state.measure),
        (STATE, "p", &Measure::Value(1.0))
    );
    assert_eq!(state.labels["said"], "DISK WARNING - full soon");
    assert_eq!(state.labels["no_distance"], "size (no warning and critical range)");
    assert_eq!((value.signal.as_str(), value.subject.as_str()), (VALUE, "p//"));
    assert_eq!(value.limits, Some(Limits::new(0.0, 200e6, 220e6, 240e6)));
    assert_eq!((value.labels["unit"].as_str(), &value.measure), ("bytes", &Measure::Value(230e6)));
}

#[tokio::test]
async fn critical_is_the_failure_and_unknown_and_every_other_end_is_no_reading() {
    for (script, expected) in [
        (
            "echo 'PROCS CRITICAL'; exit 2",
            Measure::Consequence { value: Some(2.0), reason: "PROCS CRITICAL".into() },
        ),
        ("echo 'what'; exit 3", Measure::Invalid { why: "what".into() }),
        ("echo 'no config' >&2; exit 3", Measure::Invalid { why: "UNKNOWN: no config".into() }),
        (
            "echo 'no such plugin' >&2; exit 127",
            Measure::Invalid { why: "the plugin itself failed (exit status: 127): no such plugin".into() },
        ),
        ("sleep 60", Measure::Invalid { why: "/bin/sh gave no answer in 0 s".into() }),
    ] {
        let told = look(&mut probe(script, Path::new("secret"))).await;
        assert_eq!(told, [(STATE.to_owned(), "p".to_owned(), expected)], "{script}");
    }
}

#[tokio::test]
async fn a_value_that_a_well_plugin_tells_no_more_is_retired_and_one_of_a_failed_plugin_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    let mut probe = probe(". \"$1\"", &file);
    let signals = |told: &[(String, String, Measure)]| -> Vec<String> {
        told.iter().skip(1).map(|(_, subject, measure)| format!("{subject} {measure:?}")).collect()
    };
    std::fs::write(&file, "echo 'OK|a=1.5;5;9 b=1.5;5;9'").unwrap();
    assert_eq!(look(&mut probe).await[1..], [value("a", 1.5), value("b", 1.5)]);
    std::fs::write(&file, "echo 'OK|a=1.5;5;9'").unwrap();
    let told = look(&mut probe).await;
    assert!(signals(&told)[1].starts_with("p/b Retired"), "{told:?}");
    assert_eq!(look(&mut probe).await[1..], [value("a", 1.5)]);
    std::fs::write(&file, "echo 'refused'; exit 2").unwrap();
    for _ in 0..2 {
        let told = look(&mut probe).await;
        assert_eq!(signals(&told), ["p/a Invalid { why: \"not told: refused\" }"]);
    }
}

#[tokio::test]
async fn what_was_known_before_a_restart_and_is_gone_is_retired() {
    let mut probe = probe("echo fine", Path::new(""));
    for subject in ["p/a", "other/a", "p"] {
        probe.expect(&Known { signal: VALUE.to_owned(), subject: subject.to_owned(), ..Known::default() });
    }
    let told = look(&mut probe).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(matches!(&told[1], (_, subject, Measure::Retired { .. }) if subject == "p/a"), "{told:?}");
}
