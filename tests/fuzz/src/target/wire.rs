//! What crosses the network: batches of events, signatures of requests, bundles of evidence.

use nearmiss_shared::bundle;
use nearmiss_shared::signature::{PublicKey, RequestParts, claimed, verify};
use nearmiss_shared::wire::v1::{EventBatch, Status};

use super::text;
use crate::Target;

pub(crate) const EVENTS: Target = Target {
    name: "wire-events",
    run: |bytes| {
        if let Ok(batch) = serde_json::from_slice::<EventBatch>(bytes) {
            let told = serde_json::to_vec(&batch).expect("a batch is told");
            assert_eq!(serde_json::from_slice::<EventBatch>(&told).ok(), Some(batch));
        }
        drop(serde_json::from_slice::<Status>(bytes));
    },
    seeds: &["{\"v\":1,\"host_id\":\"018f0000-0000-7000-8000-000000000000\",\
         \"boot_id\":\"018f0000-0000-7000-8000-000000000001\",\"sent_at\":\"2026-11-25T08:00:00.000Z\",\
         \"clock_offset_ms\":null,\"events\":[]}"],
    corpus: None,
};

pub(crate) const SIGNATURE: Target = Target {
    name: "wire-signature",
    run: signature,
    seeds: &[
        "nearmiss=(\"@method\" \"@path\" \"@query\" \"content-digest\");created=1;nonce=\"a\";keyid=\"b\";alg=\"ed25519\"\n\
         nearmiss=:AAAA:\nsha-256=:AAAA:\n",
    ],
    corpus: None,
};

/// No arbitrary headers prove anything.
fn signature(bytes: &[u8]) {
    let text = text(bytes);
    let mut lines = text.splitn(3, '\n').map(str::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    let (input, signature, digest) = (next(), next(), next());
    let headers = move |name: &str| match name {
        "signature-input" => Some(input.clone()),
        "signature" => Some(signature.clone()),
        "content-digest" => Some(digest.clone()),
        "nearmiss-audience" => Some("audience".to_owned()),
        _ => None,
    };
    drop(claimed(&headers));
    let parts = RequestParts {
        method: "POST",
        path: "/agent/v1/events",
        query: "",
        content_type: None,
        content_encoding: None,
        audience: "audience",
        body: b"",
    };
    let key = PublicKey::from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    if let Ok(key) = key {
        assert!(verify(&parts, &headers, &key, 1).is_err(), "headers out of nothing prove a request");
    }
}

pub(crate) const BUNDLE: Target = Target {
    name: "bundle",
    run: |bytes| {
        let told = bundle::verify(bytes, None);
        assert!(!told.valid, "bytes out of nothing are evidence");
        drop(bundle::open(bytes));
    },
    seeds: &["manifest.json"],
    corpus: None,
};
