//! Webhooks signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp` and an HMAC-SHA256 over both and the
//! body, keyed by the receiver's own secret.
//!
//! The scheme is three lines over the `hmac` crate; the scheme's own crate brings a second base64, hmac and time.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use nearmiss_shared::time::Timestamp;
use nearmiss_store::outbox::OutboxRow;
use serde_json::Value;
use sha2::Sha256;

use super::SendFault;
use super::queue::Body;
use crate::config::{ConfigFault, Webhook};

const TIMEOUT: Duration = Duration::from_secs(20);
const PREFIX: &str = "whsec_";
/// The scheme asks for 24 to 64 bytes of secret.
const LEAST_SECRET: usize = 24;

/// Every configured receiver, by name.
pub struct Hooks {
    http: Option<reqwest::Client>,
    receivers: BTreeMap<String, Receiver>,
}

struct Receiver {
    url: String,
    key: Vec<u8>,
}

impl Hooks {
    /// # Errors
    /// A secret cannot be read, or is none.
    pub fn new(webhooks: &[Webhook]) -> Result<Self, ConfigFault> {
        let receiver = |webhook: &Webhook| {
            let key = secret(&webhook.secret_file)?;
            Ok((webhook.name.clone(), Receiver { url: webhook.url.clone(), key }))
        };
        let receivers = webhooks.iter().map(receiver).collect::<Result<BTreeMap<_, _>, ConfigFault>>()?;
        let builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("nearmiss-collector/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: if receivers.is_empty() { None } else { builder.build().ok() }, receivers })
    }

    /// Posts one message to its receiver.
    pub(super) async fn send(&self, row: &OutboxRow, told: Value, now: Timestamp) -> Result<(), SendFault> {
        let body: Body = serde_json::from_str(&row.body).unwrap_or_default();
        let receiver = body.webhook.and_then(|name| self.receivers.get(&name));
        let Some(receiver) = receiver else {
            return Err(SendFault::passing("no webhook of this name is configured any more"));
        };
        let http = self
            .http
            .as_ref()
            .ok_or_else(|| SendFault::passing("no TLS client can be made on this machine"))?;
        let bytes = told.to_string();
        let seconds = now.as_seconds();
        let request = http
            .post(&receiver.url)
            .header("content-type", "application/json")
            .header("webhook-id", &row.dedup)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature(&receiver.key, &row.dedup, seconds, &bytes))
            .body(bytes);
        // An address may hold a secret: it is kept out of every text.
        let answer =
            request.send().await.map_err(|fault| SendFault::passing(innermost(&fault.without_url())))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status == 410 => Err(SendFault::permanent("the receiver is gone (410)")),
            status => Err(SendFault::passing(format!("the receiver answers {status}"))),
        }
    }
}

fn innermost(fault: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = fault;
    while let Some(source) = inner.source() {
        inner = source;
    }
    format!("the receiver does not answer: {inner}")
}

fn signature(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn secret(file: &Path) -> Result<Vec<u8>, ConfigFault> {
    let unreadable = |fault| ConfigFault::Unreadable { path: file.to_owned(), fault };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let encoded = text.trim().trim_start_matches(PREFIX);
    let key = BASE64.decode(encoded).ok().filter(|key| key.len() >= LEAST_SECRET);
    key.ok_or_else(|| {
        let expected = format!("{PREFIX} and base64 of at least {LEAST_SECRET} bytes are expected");
        unreadable(io::Error::new(io::ErrorKind::InvalidData, expected))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own specification and libraries.
    #[test]
    fn the_signature_is_the_specifications() {
        let key = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_that_is_none_is_told_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "whsec_c2hvcnQ=\n").unwrap();
        let told = secret(&file).unwrap_err().to_string();
        assert!(told.contains("at least 24 bytes") && !told.contains("c2hvcnQ"), "{told}");
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        assert_eq!(secret(&file).unwrap().len(), 24);
    }
}
