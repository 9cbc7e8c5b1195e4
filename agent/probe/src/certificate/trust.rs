//! Whether this host's certificate authorities, and those a rule names beside them, vouch for a chain.

use std::sync::Arc;
use std::time::Duration;

use nearmiss_agent_core::certificate::{Trust, of_pem};
use nearmiss_agent_core::rule::CertificateRule;
use nearmiss_runtime::tasks;
use nearmiss_shared::time::Timestamp;
use rustls::Error;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls_platform_verifier::Verifier;

use super::served;
use crate::words;

/// The verdict on what was shown, as of `at`.
pub(super) async fn judge(rule: &CertificateRule, shown: &[CertificateDer<'_>], at: Timestamp) -> Trust {
    match verify(rule, shown, at).await {
        Ok(()) => Trust::Trusted,
        Err(why) => Trust::Untrusted(why),
    }
}

async fn verify(rule: &CertificateRule, shown: &[CertificateDer<'_>], at: Timestamp) -> Result<(), String> {
    let CertificateRule::Served { server_name, ca_file, .. } = rule else { return Ok(()) };
    let (leaf, others) = shown.split_first().ok_or("nothing was shown")?;
    let ca_file = ca_file.clone();
    let verifier = tasks::blocking("certificate authorities", move || authorities(ca_file.as_deref())).await;
    let verifier = verifier.map_err(|fault| fault.to_string())??;
    let seconds = u64::try_from(at.as_seconds()).unwrap_or(0);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let verdict = verifier.verify_server_cert(leaf, others, &served::name(server_name)?, &[], at);
    verdict.map(drop).map_err(|fault| told(&fault))
}

/// The authorities as they are now: they are read anew each time, since they change.
fn authorities(ca_file: Option<&str>) -> Result<Verifier, String> {
    let beside = match ca_file {
        Some(path) => std::fs::read(path).map_err(|fault| format!("{path} cannot be read: {fault}"))?,
        None => Vec::new(),
    };
    let beside = of_pem(&beside).into_iter().map(CertificateDer::from);
    let provider = Arc::new(aws_lc_rs::default_provider());
    Verifier::new_with_extra_roots(beside, provider).map_err(|fault| fault.to_string())
}

fn told(fault: &Error) -> String {
    match fault {
        Error::InvalidCertificate(why) => words::refusal(why),
        fault => fault.to_string(),
    }
}
