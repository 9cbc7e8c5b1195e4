//! One signed request at a time: digest, audience, signature, and the collector's clock where ours is off.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nearmiss_shared::signature::{HostKey, RequestParts, SignatureFault, sign};
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::MAX_BODY_BYTES;
use nearmiss_shared::wire::v1::Hello;
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;

use crate::ids;
use nearmiss_agent_probe::Clock;

const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(60);
/// Of an answer, at most this is read.
const MAX_ANSWER: usize = 1024 * 1024;
const PROBLEM_LETTERS: usize = 300;

/// Why a request was not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub enum UplinkFault {
    #[error("`{0}` is no collector's address: https://HOST[:PORT] is expected")]
    Address(String),
    #[error(
        "http:// is allowed to this machine only; use https://, or set `insecure = true` under [collector]"
    )]
    Insecure,
    #[error("{path}: {problem}")]
    Authority { path: String, problem: String },
    #[error("no TLS client can be made: {0}. Install ca-certificates, or set `ca_file` under [collector]")]
    Tls(reqwest::Error),
    #[error("the collector does not answer: {0}")]
    Unreachable(String),
    #[error("the request cannot be signed: {0}")]
    Signature(#[from] SignatureFault),
    #[error("the collector answers {status}: {problem}")]
    Refused { status: u16, problem: String, server_time: Option<Timestamp> },
    #[error("the collector's answer cannot be read: {0}")]
    Answer(String),
}

impl UplinkFault {
    /// Asking again with the same content can only give the same answer.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 404 | 409 | 410 | 413 | 415 | 422, .. })
    }
}

/// A body with its type.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    pub content_type: &'static str,
    pub bytes: &'a [u8],
}

/// A way to one collector.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    key: HostKey,
    audience: String,
    clock: Clock,
    /// Host clock minus collector clock in milliseconds; `UNKNOWN` until it was measured.
    offset_ms: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;

impl Client {
    /// Prepares requests to `url`; nothing is sent yet.
    ///
    /// # Errors
    /// The address is not allowed, or TLS cannot be set up.
    pub fn new(
        url: &str,
        key: HostKey,
        audience: &str,
        insecure: bool,
        ca_file: &str,
        clock: Clock,
    ) -> Result<Self, UplinkFault> {
        let url = address(url, insecure)?;
        let http = http(&url, ca_file)?;
        Ok(Self { http, url, key, audience: audience.to_owned(), clock, offset_ms: AtomicI64::new(UNKNOWN) })
    }

    /// Host clock minus collector clock in milliseconds, as last measured.
    pub fn offset_ms(&self) -> Option<i64> {
        Some(self.offset_ms.load(Ordering::Relaxed)).filter(|offset| *offset != UNKNOWN)
    }

    /// Takes the collector's clock from an answer.
    pub fn measured(&self, server_time: Timestamp) {
        self.offset_ms.store(self.clock.wall().since(server_time).as_millis(), Ordering::Relaxed);
    }

    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, UplinkFault> {
        let bytes = serde_json::to_vec(body).map_err(|fault| UplinkFault::Answer(fault.to_string()))?;
        let body = Body { content_type: "application/json", bytes: &bytes };
        let answer = self.send(Method::POST, path, body).await?;
        serde_json::from_slice(&answer).map_err(|fault| UplinkFault::Answer(fault.to_string()))
    }

    /// Sends a request and gives the answer's body. A clock that is off is made good once.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn send(&self, method: Method, path: &str, body: Body<'_>) -> Result<Vec<u8>, UplinkFault> {
        match self.send_once(method.clone(), path, body).await {
            Err(UplinkFault::Refused { status: 401, server_time: Some(time), problem }) => {
                let before = self.offset_ms().unwrap_or(0);
                self.measured(time);
                let moved = (self.offset_ms().unwrap_or(0) - before).abs();
                if moved < 1_000 {
                    return Err(UplinkFault::Refused { status: 401, problem, server_time: Some(time) });
                }
                self.send_once(method, path, body).await
            }
            other => other,
        }
    }

    async fn send_once(&self, method: Method, path: &str, body: Body<'_>) -> Result<Vec<u8>, UplinkFault> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        let now = self.clock.wall().as_millis().saturating_sub(self.offset_ms().unwrap_or(0));
        let parts = RequestParts {
            method: method.as_str(),
            path: url.path(),
            query: "",
            content_type: Some(body.content_type),
            content_encoding: None,
            audience: &self.audience,
            body: body.bytes,
        };
        debug_assert!(body.bytes.len() <= MAX_BODY_BYTES, "callers part what they send");
        let headers = sign(&parts, &self.key, now.div_euclid(1000), &ids::nonce())?;
        let mut request = self.http.request(method, url).header("content-type", body.content_type);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.body(body.bytes.to_vec()).send().await.map_err(|fault| unreachable(&fault))?;
        read(answer).await
    }
}

/// The time of the collector at `url`, which it tells anybody: it answers, over the way that events take.
///
/// # Errors
/// The address is not allowed, or nothing of a collector answers there.
pub async fn hello(url: &str, insecure: bool, ca_file: &str) -> Result<Timestamp, UplinkFault> {
    let mut url = address(url, insecure)?;
    let http = http(&url, ca_file)?;
    url.set_path(&format!("{}/agent/v1/hello", url.path().trim_end_matches('/')));
    let answer = http.get(url).send().await.map_err(|fault| unreachable(&fault))?;
    let hello: Hello = serde_json::from_slice(&read(answer).await?)
        .map_err(|fault| UplinkFault::Answer(fault.to_string()))?;
    Ok(hello.server_time)
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, UplinkFault> {
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|fault| unreachable(&fault))? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER {
            return Err(UplinkFault::Answer(format!("it is longer than {MAX_ANSWER} bytes")));
        }
    }
    if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
}

/// RFC 9457 problem details, or whatever it says.
fn refused(status: StatusCode, body: &[u8]) -> UplinkFault {
    let details: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = details["detail"].as_str().or(details["title"].as_str());
    let problem = text.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    UplinkFault::Refused {
        status: status.as_u16(),
        problem: problem.chars().filter(|letter| !letter.is_control()).take(PROBLEM_LETTERS).collect(),
        server_time: details["server_time"].as_str().and_then(|text| text.parse().ok()),
    }
}

/// The innermost reason: the outer ones only repeat the address.
fn unreachable(fault: &reqwest::Error) -> UplinkFault {
    let mut inner: &dyn std::error::Error = fault;
    while let Some(source) = inner.source() {
        inner = source;
    }
    UplinkFault::Unreachable(inner.to_string())
}

fn address(text: &str, insecure: bool) -> Result<Url, UplinkFault> {
    let wrong = || UplinkFault::Address(text.chars().take(100).collect());
    let url: Url = text.trim().parse().map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.scheme() {
        _ if !plain => Err(wrong()),
        "https" => Ok(url),
        "http" if insecure || is_loopback(host) => Ok(url),
        "http" => Err(UplinkFault::Insecure),
        _ => Err(wrong()),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A named authority is the only one trusted. Where nothing is encrypted none is read: a host's authorities are a few
/// hundred kilobytes once parsed, and a host without any can still talk to itself.
fn http(url: &Url, ca_file: &str) -> Result<reqwest::Client, UplinkFault> {
    let builder = || {
        reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nearmiss-agent/", env!("CARGO_PKG_VERSION")))
    };
    if !ca_file.is_empty() {
        let wrong = |problem: String| UplinkFault::Authority { path: ca_file.to_owned(), problem };
        let pem = std::fs::read(ca_file).map_err(|fault| wrong(fault.to_string()))?;
        let own = reqwest::Certificate::from_pem_bundle(&pem).map_err(|fault| wrong(fault.to_string()))?;
        return builder().tls_certs_only(own).build().map_err(UplinkFault::Tls);
    }
    let builder = match url.scheme() {
        "http" => builder().tls_certs_only([]),
        _ => builder(),
    };
    builder.build().map_err(UplinkFault::Tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (text, insecure, allowed) in [
            ("https://collector.example", false, true),
            ("http://127.0.0.1:8321", false, true),
            ("http://[::1]:8321", false, true),
            ("http://localhost:1", false, true),
            ("http://collector.example", false, false),
            ("http://127.0.0.1.example", false, false),
            ("http://collector.example", true, true),
            ("https://user@collector.example", false, false),
            ("ftp://127.0.0.1", true, false),
            ("collector", true, false),
        ] {
            assert_eq!(address(text, insecure).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_read_from_problem_details() {
        let body =
            br#"{"title":"Unauthorized","detail":"created is off","server_time":"2026-11-23T18:12:57.250Z"}"#;
        let UplinkFault::Refused { problem, server_time, .. } = refused(StatusCode::UNAUTHORIZED, body)
        else {
            panic!("another fault")
        };
        assert_eq!(problem, "created is off");
        assert!(server_time.is_some());
    }
}
