//! Certificate files in a temporary folder, and addresses that show no certificate.

use std::fs;

use super::*;

const CHAIN: &str = include_str!("../../../core/src/certificate/chain.pem");

fn probe(rules: &str) -> CertificateProbe {
    let rules = RuleSet::parse(&[("r.toml".to_owned(), rules.to_owned())]).unwrap();
    let mut probe = CertificateProbe::new(&rules);
    // What lies in the usual places of the machine that tests is none of their business.
    probe.places.retain(Place::is_declared);
    probe
}

fn told(readings: &Readings) -> Vec<(String, String)> {
    let kind = |measure: &Measure| match measure {
        Measure::Value(_) => "value".to_owned(),
        Measure::Invalid { why } | Measure::Retired { why } => why.clone(),
        other => format!("{other:?}"),
    };
    readings.readings.iter().map(|reading| (reading.subject.clone(), kind(&reading.measure))).collect()
}

#[tokio::test]
async fn files_are_read_one_by_one_and_retired_when_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("chain.pem"), CHAIN).unwrap();
    fs::write(path("key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    let rules = format!(
        "[[certificate]]\nname = \"a\"\ntarget = \"{}\"\ninterval = \"100ms\"\n\
         [[certificate]]\nname = \"b\"\ntarget = \"{}\"\ninterval = \"100ms\"\n",
        path("*.pem"),
        path("one.crt")
    );
    let (mut probe, clock) = (probe(&rules), Clock::real());
    let first = told(&probe.read(&clock).await);
    let expected = [
        (path("chain.pem"), "value".to_owned()),
        (path("key.pem"), "it holds no certificate".to_owned()),
        (path("one.crt"), format!("there is no {}", path("one.crt"))),
    ];
    assert_eq!(first, expected);
    fs::remove_file(path("chain.pem")).unwrap();
    let second = loop {
        let looked = told(&probe.read(&clock).await);
        if !looked.is_empty() {
            break looked;
        }
    };
    assert_eq!(second[0], (path("chain.pem"), "the file is gone".to_owned()));
}

#[tokio::test]
async fn a_file_that_went_while_the_agent_was_away_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut probe = probe(&format!("[[certificate]]\nname = \"a\"\ntarget = \"{}\"\n", path("*.pem")));
    let known = Known { signal: DAYS_LEFT.to_owned(), subject: path("old.pem"), ..Known::default() };
    probe.expect(&known);
    assert_eq!(told(&probe.read(&Clock::real()).await), [(path("old.pem"), "the file is gone".to_owned())]);
}

#[tokio::test]
async fn an_address_without_a_certificate_is_not_read_and_says_why() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let rules =
        format!("[[certificate]]\nname = \"a\"\ntarget = \"127.0.0.1:{port}\"\ntimeout = \"200ms\"\n");
    let silent = probe(&rules).read(&Clock::real()).await;
    assert_eq!(told(&silent)[0].1, "no answer in 200ms");
    drop(listener);
    let closed = probe(&rules).read(&Clock::real()).await;
    assert_eq!(told(&closed)[0].1, "connection refused");
    assert_eq!(probe("").read(&Clock::real()).await.not_applicable.len(), 1);
}
