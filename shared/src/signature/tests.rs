//! A signed request verifies, and each way of changing it is told apart.

use super::*;

const NOW: i64 = 1_795_457_577;

fn key() -> HostKey {
    HostKey::from_seed([7; 32])
}

fn parts() -> RequestParts<'static> {
    RequestParts {
        method: "POST",
        path: "/agent/v1/events",
        query: "",
        content_type: Some("application/json"),
        content_encoding: None,
        audience: "collector-1",
        body: b"{\"v\":1}",
    }
}

type HeaderList = Vec<(&'static str, String)>;

fn signed() -> HeaderList {
    sign(&parts(), &key(), NOW, "n-1").unwrap()
}

fn read(headers: &HeaderList) -> impl Fn(&str) -> Option<String> {
    let headers = headers.clone();
    move |name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
}

#[test]
fn a_signed_request_verifies_and_leaves_a_proof() {
    let headers = signed();
    let proof = verify(&parts(), &read(&headers), &key().public(), NOW + 5).unwrap();
    assert_eq!(proof.nonce, "n-1");
    assert!(proof.base.contains("\"@path\": /agent/v1/events\n\"@query\": ?\n"), "{}", proof.base);
    assert!(proof.base.contains("\"nearmiss-audience\": collector-1"), "{}", proof.base);
    assert_eq!(claimed(&read(&headers)).unwrap().key_id, key().public().to_hex());
}

#[test]
fn every_change_of_the_request_is_found() {
    let changed: [(&str, RequestParts<'_>, SignatureFault); 5] = [
        ("body", RequestParts { body: b"{}", ..parts() }, SignatureFault::Digest),
        ("path", RequestParts { path: "/agent/v1/status", ..parts() }, SignatureFault::Wrong),
        ("method", RequestParts { method: "PUT", ..parts() }, SignatureFault::Wrong),
        ("query", RequestParts { query: "a=1", ..parts() }, SignatureFault::Wrong),
        ("type", RequestParts { content_type: Some("text/plain"), ..parts() }, SignatureFault::Wrong),
    ];
    for (what, request, expected) in changed {
        assert_eq!(verify(&request, &read(&signed()), &key().public(), NOW), Err(expected), "{what}");
    }
}

#[test]
fn another_key_an_old_request_and_another_audience_are_refused() {
    let other = HostKey::from_seed([8; 32]).public();
    assert_eq!(verify(&parts(), &read(&signed()), &other, NOW), Err(SignatureFault::Wrong));
    let late = verify(&parts(), &read(&signed()), &key().public(), NOW + 301);
    assert_eq!(late, Err(SignatureFault::Skew { created: NOW, now: NOW + 301 }));
    let elsewhere = RequestParts { audience: "collector-2", ..parts() };
    let fault = verify(&elsewhere, &read(&signed()), &key().public(), NOW).unwrap_err();
    assert!(fault.to_string().contains("another collector"), "{fault}");
}

#[test]
fn less_coverage_is_refused() {
    let mut headers = signed();
    for (_, value) in headers.iter_mut().filter(|(name, _)| *name == "signature-input") {
        *value = value.replace(" \"content-digest\"", "");
    }
    let fault = verify(&parts(), &read(&headers), &key().public(), NOW).unwrap_err();
    assert!(matches!(fault, SignatureFault::Coverage(_)), "{fault}");
}

#[test]
fn hostile_headers_are_typed_faults() {
    for (input, signature) in [
        ("", ""),
        ("nearmiss=();created=-1", "nearmiss=:AAAA:"),
        ("nearmiss=(\"@bogus\");keyid=\"x\"", "nearmiss=:AAAA:"),
        ("other=(\"@method\");created=1;nonce=\"n\";keyid=\"x\";alg=\"ed25519\"", "other=:AAAA:"),
        ("nearmiss=(\"@method\");created=1;keyid=\"x\";alg=\"hmac-sha256\";nonce=\"n\"", "nearmiss=:AAAA:"),
    ] {
        let headers = vec![("signature-input", input.to_owned()), ("signature", signature.to_owned())];
        assert!(claimed(&read(&headers)).is_err(), "{input}");
    }
    let long = vec![("signature-input", "x".repeat(5000)), ("signature", String::new())];
    assert!(claimed(&read(&long)).is_err());
}

#[test]
fn the_secret_is_never_printed() {
    assert!(!format!("{:?}", key()).contains(&hex::encode([7u8; 32])));
}
