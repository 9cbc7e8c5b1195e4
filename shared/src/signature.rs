//! How a host proves that a request is its own: HTTP Message Signatures (RFC 9421) with Ed25519.
//!
//! Covered are `@method`, `@path`, `@query`, `content-digest` (RFC 9530, over the bytes as sent) and
//! `nearmiss-audience`, and `content-type` and `content-encoding` where the request has them, with `created`,
//! `nonce`, `keyid` and `alg`. Not `@authority`, which proxies rewrite. The key id is the public key itself in
//! hexadecimal. A retry is a new request with a new nonce; the receiver refuses a nonce it has seen.

mod key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use httpsig::prelude::message_component::{HttpMessageComponent, HttpMessageComponentId};
use httpsig::prelude::{HttpSignatureBase, HttpSignatureHeaders, HttpSignatureParams};
use sha2::{Digest, Sha256};

pub use key::{HostKey, NotAKey, PublicKey};

use crate::wire::MAX_SKEW_SECONDS;

const LABEL: &str = "nearmiss";
/// Longer headers than any this profile makes are refused before they are parsed.
const MAX_HEADER_BYTES: usize = 2048;

/// The request as its signature sees it.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    pub method: &'a str,
    /// The path as sent, percent-encoded.
    pub path: &'a str,
    /// The query without its question mark; empty when there is none.
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    /// Which collector the request is meant for, so that one cannot pass it on to another.
    pub audience: &'a str,
    /// The bytes as sent, before any decompression.
    pub body: &'a [u8],
}

/// What a request says of its signature before anything is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The public key, 64 hexadecimal digits.
    pub key_id: String,
    /// Seconds since 1970 by the sender's clock.
    pub created_seconds: i64,
    pub nonce: String,
}

/// A verified signature with what an auditor needs to verify it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The signature base (RFC 9421, 2.5), as text.
    pub base: String,
    /// The signature in base64.
    pub signature: String,
    pub nonce: String,
    pub created_seconds: i64,
}

/// Why a request is not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    #[error("the request has no `{0}` header")]
    Missing(&'static str),
    #[error("the signature headers cannot be read: {0}")]
    Malformed(String),
    #[error("the signature does not cover exactly {0}")]
    Coverage(String),
    #[error("content-digest does not match the body as sent")]
    Digest,
    #[error("created {created} is more than {MAX_SKEW_SECONDS} s from the server's clock {now}")]
    Skew { created: i64, now: i64 },
    #[error("the signature does not verify with this host's key")]
    Wrong,
}

/// Reads a header by its lower-case name.
pub type Headers<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The headers that prove this request: `content-digest`, `nearmiss-audience`, `signature-input`, `signature`.
/// `created_seconds` is the receiver's time as far as the sender knows it.
pub fn sign(
    parts: &RequestParts<'_>,
    key: &HostKey,
    created_seconds: i64,
    nonce: &str,
) -> Result<Vec<(&'static str, String)>, SignatureFault> {
    let params = HttpSignatureParams {
        created: Some(u64::try_from(created_seconds).unwrap_or(0)),
        nonce: Some(nonce.to_owned()),
        alg: Some("ed25519".to_owned()),
        keyid: Some(key.public().to_hex()),
        covered_components: covered(parts)?,
        ..HttpSignatureParams::default()
    };
    let digest = content_digest(parts.body);
    let base = base(parts, &digest, &params)?;
    let headers = base.build_signature_headers(key, Some(LABEL)).map_err(malformed)?;
    Ok(vec![
        ("content-digest", digest),
        ("nearmiss-audience", parts.audience.to_owned()),
        ("signature-input", headers.signature_input_header_value()),
        ("signature", headers.signature_header_value()),
    ])
}

/// Reads who claims to have signed, so that the key can be looked up. Verifies nothing.
pub fn claimed(headers: Headers<'_>) -> Result<Claimed, SignatureFault> {
    let signature = parse(headers)?;
    let params = signature.signature_params();
    if params.alg.as_deref() != Some("ed25519") {
        return Err(SignatureFault::Malformed("alg is not ed25519".to_owned()));
    }
    let absent = |what: &str| SignatureFault::Malformed(format!("{what} is absent"));
    Ok(Claimed {
        key_id: params.keyid.clone().ok_or_else(|| absent("keyid"))?,
        created_seconds: params
            .created
            .and_then(|seconds| i64::try_from(seconds).ok())
            .ok_or_else(|| absent("created"))?,
        nonce: params.nonce.clone().filter(|nonce| !nonce.is_empty()).ok_or_else(|| absent("nonce"))?,
    })
}

/// Checks the digest, the coverage, the time and the signature, in that order. The nonce is the caller's to
/// remember and refuse.
pub fn verify(
    parts: &RequestParts<'_>,
    headers: Headers<'_>,
    key: &PublicKey,
    now_seconds: i64,
) -> Result<Proof, SignatureFault> {
    let claim = claimed(headers)?;
    let digest = header(headers, "content-digest")?;
    if digest != content_digest(parts.body) {
        return Err(SignatureFault::Digest);
    }
    if header(headers, "nearmiss-audience")? != parts.audience {
        return Err(SignatureFault::Malformed("nearmiss-audience names another collector".to_owned()));
    }
    let signature = parse(headers)?;
    let expected = covered(parts)?;
    if signature.signature_params().covered_components != expected {
        let names: Vec<String> = expected.iter().map(ToString::to_string).collect();
        return Err(SignatureFault::Coverage(names.join(" ")));
    }
    if (claim.created_seconds - now_seconds).abs() > MAX_SKEW_SECONDS {
        return Err(SignatureFault::Skew { created: claim.created_seconds, now: now_seconds });
    }
    let base = base(parts, &digest, signature.signature_params())?;
    base.verify_signature_headers(key, &signature).map_err(|_| SignatureFault::Wrong)?;
    Ok(Proof {
        base: base.to_string(),
        signature: signature.signature_header_value(),
        nonce: claim.nonce,
        created_seconds: claim.created_seconds,
    })
}

/// `sha-256=:BASE64:` of the bytes as sent (RFC 9530).
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)))
}

fn malformed(fault: impl std::fmt::Display) -> SignatureFault {
    SignatureFault::Malformed(fault.to_string())
}

fn header(headers: Headers<'_>, name: &'static str) -> Result<String, SignatureFault> {
    let value = headers(name).ok_or(SignatureFault::Missing(name))?;
    if value.len() > MAX_HEADER_BYTES {
        return Err(SignatureFault::Malformed(format!("{name} is longer than {MAX_HEADER_BYTES} bytes")));
    }
    Ok(value)
}

fn parse(headers: Headers<'_>) -> Result<HttpSignatureHeaders, SignatureFault> {
    let input = header(headers, "signature-input")?;
    let signature = header(headers, "signature")?;
    let mut all = HttpSignatureHeaders::try_parse(&signature, &input).map_err(malformed)?;
    if all.len() != 1 {
        return Err(SignatureFault::Malformed("exactly one signature is expected".to_owned()));
    }
    all.swap_remove(LABEL)
        .ok_or_else(|| SignatureFault::Malformed(format!("the signature is not labelled `{LABEL}`")))
}

/// The components this request's signature covers, in the profile's order.
fn covered(parts: &RequestParts<'_>) -> Result<Vec<HttpMessageComponentId>, SignatureFault> {
    let mut names = vec!["@method", "@path", "@query"];
    names.extend(parts.content_type.map(|_| "content-type"));
    names.extend(parts.content_encoding.map(|_| "content-encoding"));
    names.extend(["content-digest", "nearmiss-audience"]);
    names.into_iter().map(|name| HttpMessageComponentId::try_from(name).map_err(malformed)).collect()
}

fn base(
    parts: &RequestParts<'_>,
    digest: &str,
    params: &HttpSignatureParams,
) -> Result<HttpSignatureBase, SignatureFault> {
    let query = format!("?{}", parts.query);
    let mut values = vec![parts.method, parts.path, query.as_str()];
    values.extend(parts.content_type);
    values.extend(parts.content_encoding);
    values.extend([digest, parts.audience]);
    let lines = params
        .covered_components
        .iter()
        .zip(values)
        .map(|(id, value)| HttpMessageComponent::try_from((id, &[value.to_owned()][..])).map_err(malformed))
        .collect::<Result<Vec<_>, _>>()?;
    HttpSignatureBase::try_new(&lines, params).map_err(malformed)
}

#[cfg(test)]
mod tests;
