//! Certificates by their own text (RFC 5280): who, by whom, until when; and what a chain amounts to.
//!
//! Of a PEM file only the certificates are decoded: a private key beside them stays text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nearmiss_shared::time::{Span, Timestamp};
use x509_cert::der::Decode as _;

use crate::proximity::Limits;
use crate::reading::{Measure, Reading, Stamp};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// What ended longer ago than this and was never watched was left behind.
const LEFTOVER: Span = Span::from_days(30);
/// A name is told this far: it comes from outside.
const MAX_NAME: usize = 200;

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// As RFC 4514 writes it: `CN=portal.example,O=Example`.
    pub subject: String,
    pub issuer: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// What this host's certificate authorities say of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    Trusted,
    Untrusted(String),
}

/// A server's certificate and what it shows beside it, or what a file holds, in that order. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    leaf: Certificate,
    others: Vec<Certificate>,
}

/// Every certificate of a PEM text, as DER.
pub fn of_pem(text: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let blocks = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    let base64 = blocks.map(|(block, _)| block.split_ascii_whitespace().collect::<String>());
    base64.filter_map(|block| STANDARD.decode(block).ok()).collect()
}

impl Certificate {
    /// Reads DER; `None` when it is no certificate.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let told = certificate.tbs_certificate();
        let instant = |time: x509_cert::time::Time| {
            let milliseconds = i64::try_from(time.to_unix_duration().as_millis()).ok()?;
            Some(Timestamp::from_millis(milliseconds))
        };
        let serial = told.serial_number().as_bytes();
        Some(Self {
            subject: bounded(&told.subject().to_string()),
            issuer: bounded(&told.issuer().to_string()),
            serial: serial.iter().map(|byte| format!("{byte:02x}")).collect(),
            not_before: instant(told.validity().not_before)?,
            not_after: instant(told.validity().not_after)?,
        })
    }

    /// Near at 20 days, critical at 7; a certificate of less than 90 days in proportion to its own life, so that
    /// one that is renewed at a third of it, as ACME clients do, is renewed before it is near.
    pub fn levels(&self) -> Limits {
        let life = days(self.not_after.since(self.not_before)).max(0.01);
        let of = |days: f64| days.min(life * days / 90.0);
        Limits::new(of(60.0), of(20.0), of(7.0), 0.0)
    }
}

impl Chain {
    /// Reads certificates in the order they were shown.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub fn read(certificates: &[Vec<u8>]) -> Result<Self, String> {
        let read = |(index, der): (usize, &Vec<u8>)| {
            Certificate::parse(der).ok_or_else(|| format!("certificate {} of it cannot be read", index + 1))
        };
        let mut read = certificates.iter().enumerate().map(read);
        let leaf = read.next().ok_or("it holds no certificate")??;
        Ok(Self { leaf, others: read.collect::<Result<_, _>>()? })
    }

    /// The certificate that ends first. One that ended does not count where the chain is trusted without it: servers
    /// show superfluous ones for years.
    pub fn first_to_end(&self, trust: Option<&Trust>, now: Timestamp) -> &Certificate {
        let dead_weight = |other: &&Certificate| trust == Some(&Trust::Trusted) && other.not_after <= now;
        let others = self.others.iter().filter(|other| !dead_weight(other));
        others.fold(&self.leaf, |first, other| if other.not_after < first.not_after { other } else { first })
    }

    /// Whether the server's own certificate ended so long ago that nobody can be using it.
    pub fn is_leftover(&self, now: Timestamp) -> bool {
        now.since(self.leaf.not_after) > LEFTOVER
    }

    /// The instant to judge trust at: now, or the last one at which the server's own certificate was in force, since
    /// its end is told as days left.
    pub fn judged_at(&self, now: Timestamp) -> Timestamp {
        now.min(self.leaf.not_after.minus(Span::from_seconds(1)))
    }

    /// Days until the first of the chain ends.
    pub fn days_left(&self, subject: &str, trust: Option<&Trust>, at: Stamp) -> Reading {
        let first = self.first_to_end(trust, at.wall);
        let left = days(first.not_after.since(at.wall));
        let measure = if left <= 0.0 {
            Measure::Consequence {
                value: Some(left),
                reason: format!("{} ended at {}", first.subject, first.not_after),
            }
        } else if self.leaf.not_before > at.wall {
            let reason = format!("{} is not in force before {}", self.leaf.subject, self.leaf.not_before);
            Measure::Trigger { value: Some(left), reason }
        } else {
            Measure::Value(left)
        };
        let mut reading = Reading::of("certificate.days_left", subject, at, measure)
            .label("certificate", first.subject.as_str())
            .label("issuer", first.issuer.as_str())
            .label("serial", first.serial.as_str())
            .label("ends", first.not_after.to_string())
            .label("chain_length", (1 + self.others.len()).to_string());
        if let Some(trust) = trust {
            reading = reading.label("trust", trust.told());
        }
        reading.limits = Some(first.levels());
        reading
    }
}

impl Trust {
    fn told(&self) -> &str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted(why) => why,
        }
    }

    /// Of a chain that was trusted before: a turn is what clients fail by. One that never was may be meant so.
    pub fn reading(&self, subject: &str, at: Stamp) -> Reading {
        let measure = match self {
            Self::Trusted => Measure::Value(1.0),
            Self::Untrusted(why) => {
                Measure::Consequence { value: Some(0.0), reason: format!("no longer trusted: {why}") }
            }
        };
        Reading::of("certificate.trust", subject, at, measure)
    }
}

fn days(span: Span) -> f64 {
    span.as_hours() / 24.0
}

fn bounded(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests;
