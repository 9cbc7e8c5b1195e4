//! A host without an agent: its key signs whatever a story wants to send, rightly or wrongly.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use nearmiss_shared::bundle::Sealed;
use nearmiss_shared::identity::{BundleId, EventId, EventParts, HostId, StoreId};
use nearmiss_shared::signature::{HostKey, RequestParts, sign};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use nearmiss_shared::wire::v1::{
    Enrol, Enrolled, Estimate, Event, EventBatch, EvidenceClose, RuleRef, VERSION,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::Lab;

/// Requests of a host that is not enrolled yet are addressed to this.
const BEFORE_ENROLMENT: &str = "enrol";

static NONCE: AtomicU32 = AtomicU32::new(0);

/// A host that signs by hand.
pub struct RawHost {
    pub key: HostKey,
    pub id: HostId,
    url: String,
    audience: String,
    http: reqwest::Client,
}

/// A request as it goes over the wire; sending it twice is a replay.
#[derive(Clone, Debug)]
pub struct Signed {
    method: Method,
    content_type: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl RawHost {
    /// Enrols a host named `name` with the key grown from `seed` at the stories' first client.
    pub async fn enrol(lab: &Lab, name: &str, seed: u8) -> Result<Self> {
        let key = HostKey::from_seed([seed; 32]);
        let nobody = HostId::from_parts(Timestamp::from_millis(0), [seed; 10]);
        let mut host = Self {
            key: key.clone(),
            id: nobody,
            url: lab.collector.url().to_owned(),
            audience: BEFORE_ENROLMENT.to_owned(),
            http: reqwest::Client::new(),
        };
        let enrol = Enrol {
            v: VERSION,
            token: lab.collector.enrolment_token(super::CLIENT)?,
            hostname: name.to_owned(),
            machine: format!("machine of {name}"),
            public_key: key.public().to_hex(),
            replace: None,
            agent_version: "0.0.0".to_owned(),
        };
        let request = host.signed(
            "/agent/v1/enrol",
            serde_json::to_vec(&enrol)?,
            lab.now()?,
            &format!("{name}-enrols"),
        );
        let (status, answer) = host.send(&request).await?;
        ensure!(status.is_success(), "enrol: {status} {answer}");
        let answer: Enrolled = serde_json::from_value(answer)?;
        host.id = answer.host_id;
        host.audience = answer.audience;
        Ok(host)
    }

    /// A host that no collector has ever enrolled, at the address of `other`.
    pub fn stranger(other: &Self, seed: u8) -> Self {
        Self {
            key: HostKey::from_seed([seed; 32]),
            id: other.id,
            url: other.url.clone(),
            audience: other.audience.clone(),
            http: other.http.clone(),
        }
    }

    /// Signs a POST of JSON.
    pub fn signed(&self, path: &str, body: Vec<u8>, now: Timestamp, nonce: &str) -> Signed {
        self.signed_as(Method::POST, "application/json", path, body, now, nonce)
    }

    fn signed_as(
        &self,
        method: Method,
        content_type: &'static str,
        path: &str,
        body: Vec<u8>,
        now: Timestamp,
        nonce: &str,
    ) -> Signed {
        let parts = RequestParts {
            method: method.as_str(),
            path,
            query: "",
            content_type: Some(content_type),
            content_encoding: None,
            audience: &self.audience,
            body: &body,
        };
        let headers = sign(&parts, &self.key, now.as_seconds(), nonce).unwrap_or_default();
        Signed { method, content_type, path: path.to_owned(), headers, body }
    }

    /// Uploads a bundle in one part and closes it.
    pub async fn deliver_bundle(&self, sealed: &Sealed, now: Timestamp) -> Result<()> {
        let path = format!("/agent/v1/evidence/{}", sealed.manifest.bundle);
        let close = EvidenceClose {
            v: VERSION,
            sha256: sealed.sha256.clone(),
            bytes: sealed.file.len() as u64,
            parts: 1,
        };
        let part = format!("{path}/0");
        let octets = "application/octet-stream";
        for request in [
            self.signed_as(Method::PUT, octets, &part, sealed.file.clone(), now, &format!("{part} part")),
            self.signed(&path, serde_json::to_vec(&close)?, now, &format!("{path} close")),
        ] {
            let (status, answer) = self.send(&request).await?;
            ensure!(status.is_success(), "{}: {status} {answer}", request.path);
        }
        Ok(())
    }

    /// Signs a batch of events.
    pub fn batch(&self, events: Vec<Event>, now: Timestamp, nonce: &str) -> Result<Signed> {
        let batch = EventBatch {
            v: VERSION,
            host_id: self.id,
            boot_id: "a boot".to_owned(),
            sent_at: now,
            clock_offset_ms: Some(0),
            events,
        };
        Ok(self.signed("/agent/v1/events", serde_json::to_vec(&batch)?, now, nonce))
    }

    /// Sends events that the collector must take.
    pub async fn tell(&self, events: Vec<Event>, now: Timestamp) -> Result<()> {
        let count = events.len();
        let nonce = format!("told {}", NONCE.fetch_add(1, Ordering::Relaxed));
        let (status, answer) = self.send(&self.batch(events, now, &nonce)?).await?;
        let stored = answer["stored"].as_array().map_or(0, Vec::len);
        ensure!(
            status.is_success() && stored == count,
            "{stored} of {count} events stored: {status} {answer}"
        );
        Ok(())
    }

    /// Sends it; the answer's status and JSON.
    pub async fn send(&self, request: &Signed) -> Result<(StatusCode, Value)> {
        let address = format!("{}{}", self.url, request.path);
        let mut call = self.http.request(request.method.clone(), address);
        call = call.header("content-type", request.content_type);
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        let answer = call.body(request.body.clone()).send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// A filesystem filling up: past approach, failing within `hours`.
    pub fn approach(&self, subject: &str, at: Timestamp, hours: f64) -> Event {
        let seconds = Span::from_hours(1).as_seconds() * hours;
        let mut event = self.event(EventKind::Approached, subject, 1, at);
        event.time_to_failure_seconds =
            Some(Estimate { estimate: seconds, low: Some(seconds * 0.8), high: Some(seconds * 1.5) });
        event
    }

    /// The event number `sequence` of `subject`.
    pub fn event(&self, kind: EventKind, subject: &str, sequence: u64, at: Timestamp) -> Event {
        let store = StoreId::from_parts(Timestamp::from_millis(1), [1; 10]);
        let signal = "filesystem.free";
        let parts = EventParts {
            host: self.id,
            store,
            rule: "story",
            kind: &kind,
            signal,
            subject,
            episode: Some(1),
            sequence,
        };
        let (state, value) = match kind {
            EventKind::Receding => (Physical::Receding, 0.4),
            EventKind::Recovered => (Physical::Recovered, 0.4),
            EventKind::Breached => (Physical::Breached, 0.0),
            _ => (Physical::Approached, 0.1),
        };
        Event {
            id: EventId::of(parts),
            episode: Some(1),
            sequence,
            kind,
            observed_at: at,
            boot_ms: 1_000,
            category: Category::Capacity,
            signal: signal.to_owned(),
            subject: subject.to_owned(),
            labels: std::collections::BTreeMap::new(),
            rule: RuleRef { name: "story".to_owned(), hash: "0123456789abcdef".to_owned() },
            state,
            value: Some(value),
            unit: "ratio".to_owned(),
            normal: Some(0.5),
            approach: Some(0.15),
            critical: Some(0.05),
            limit: Some(0.0),
            ordinal: false,
            proximity: Some((0.5 - value) / 0.5),
            rate_per_hour: None,
            time_to_failure_seconds: None,
            hold_seconds: None,
            measures: None,
            samples: vec![(-30_000, 0.16), (-15_000, 0.13), (0, value)],
            reasons: vec![format!("{:.0} % free, approach at 15 %", value * 100.0)],
            bundle: None::<BundleId>,
            drill: None,
            observing: false,
            not_spooled: false,
        }
    }
}
