//! A chain as OpenSSL made it (`openssl x509 -text` beside it, and a key block), and made-up lives.

use super::*;

const CHAIN: &[u8] = include_bytes!("chain.pem");

fn at(instant: &str) -> Stamp {
    Stamp { wall: instant.parse().unwrap(), boot_ms: 0 }
}

fn certificate(not_before: &str, not_after: &str) -> Certificate {
    Certificate {
        subject: format!("CN=until {not_after}"),
        issuer: "CN=ca".to_owned(),
        serial: "01".to_owned(),
        not_before: not_before.parse().unwrap(),
        not_after: not_after.parse().unwrap(),
    }
}

#[test]
fn only_the_certificates_of_a_file_are_read_and_say_what_openssl_says() {
    let ders = of_pem(CHAIN);
    assert_eq!(ders.len(), 2, "text, comments and the key block are passed over");
    let chain = Chain::read(&ders).unwrap();
    let leaf = Certificate {
        subject: "CN=portal.example,O=Falcon\\, MRO".to_owned(),
        issuer: "CN=Story Root,O=Story".to_owned(),
        serial: "2816adc89310ef378f77574f4e1b78173911e3cf".to_owned(),
        not_before: "2026-11-25T04:29:05Z".parse().unwrap(),
        not_after: "2027-02-23T04:29:05Z".parse().unwrap(),
    };
    assert_eq!(chain.leaf, leaf);
    assert_eq!(chain.others[0].not_after, "2036-11-22T04:29:04Z".parse().unwrap());
}

#[test]
fn what_is_no_certificate_is_said_so() {
    assert_eq!(Chain::read(&[]).unwrap_err(), "it holds no certificate");
    assert_eq!(Chain::read(&[vec![0x30, 0x03, 1]]).unwrap_err(), "certificate 1 of it cannot be read");
    assert!(of_pem(b"-----BEGIN CERTIFICATE-----\nnot base64 !\n-----END CERTIFICATE-----").is_empty());
    assert!(of_pem(b"-----BEGIN CERTIFICATE-----\nAAAA").is_empty());
}

#[test]
fn a_certificate_that_is_renewed_as_usual_is_never_near() {
    // Life and the day of renewal: ACME at a third of it, short-lived ones at half, yearly ones a month before.
    for (life, renewed_with) in [(90, 30.0), (47, 15.7), (6, 3.0), (365, 30.0), (3650, 30.0)] {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut certificate = certificate("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        certificate.not_after = begin.plus(Span::from_days(life));
        let levels = certificate.levels();
        assert!(levels.are_ordered());
        let near = levels.proximity(levels.approach);
        assert!(
            levels.proximity(renewed_with) < near,
            "{life} days, renewed with {renewed_with}: {levels:?}"
        );
        assert!(levels.proximity(0.0) >= 1.0);
    }
}

#[test]
fn the_first_to_end_of_the_chain_decides() {
    let leaf = certificate("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
    let sooner = certificate("2020-01-01T00:00:00Z", "2026-06-30T00:00:00Z");
    let chain = Chain { leaf, others: vec![sooner.clone()] };
    let now = at("2026-06-10T00:00:00Z");
    let reading = chain.days_left("h:443", None, now);
    assert_eq!(reading.measure, Measure::Value(20.0));
    assert_eq!(reading.labels["certificate"], sooner.subject);
    assert_eq!(reading.labels["chain_length"], "2");
}

#[test]
fn a_superfluous_certificate_that_ended_is_no_failure_of_a_trusted_chain() {
    let leaf = certificate("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
    let ended = certificate("2010-01-01T00:00:00Z", "2021-09-30T00:00:00Z");
    let chain = Chain { leaf, others: vec![ended] };
    let now = at("2026-12-01T00:00:00Z");
    assert_eq!(chain.days_left("h:443", Some(&Trust::Trusted), now).measure, Measure::Value(30.0));
    let untrusted = chain.days_left("h:443", Some(&Trust::Untrusted("no".to_owned())), now);
    assert!(matches!(untrusted.measure, Measure::Consequence { .. }), "{untrusted:?}");
}

#[test]
fn what_ended_long_ago_was_left_behind() {
    let leaf = certificate("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let chain = Chain { leaf, others: Vec::new() };
    assert!(!chain.is_leftover("2026-02-20T00:00:00Z".parse().unwrap()));
    assert!(chain.is_leftover("2026-03-20T00:00:00Z".parse().unwrap()));
}

#[test]
fn an_ended_certificate_has_failed_and_one_of_tomorrow_is_near() {
    let chain =
        Chain { leaf: certificate("2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z"), others: Vec::new() };
    let ended = chain.days_left("h:443", None, at("2026-02-03T00:00:00Z")).measure;
    let reason = "CN=until 2026-02-01T00:00:00Z ended at 2026-02-01T00:00:00.000Z".to_owned();
    assert_eq!(ended, Measure::Consequence { value: Some(-2.0), reason });
    let early = chain.days_left("h:443", None, at("2026-01-01T00:00:00Z")).measure;
    assert!(matches!(early, Measure::Trigger { value: Some(31.0), .. }), "{early:?}");
}
