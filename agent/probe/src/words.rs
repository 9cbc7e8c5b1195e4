//! Why a connection failed, in the words of the one who reads it at night.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::CertificateError;

/// The plainest of a fault's causes. Addresses stay out: they may hold a token.
pub(crate) fn plain(fault: &(dyn Error + 'static)) -> String {
    let mut cause = fault;
    let mut told = None;
    loop {
        told = of_one(cause).or(told);
        // What an I/O fault wraps is not among its sources.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(|fault| fault.get_ref());
        cause = match wrapped.map(|fault| fault as &(dyn Error + 'static)).or_else(|| cause.source()) {
            Some(cause) => cause,
            None => break,
        };
    }
    told.unwrap_or_else(|| cause.to_string())
}

fn of_one(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(fault) = cause.downcast_ref::<rustls::Error>() {
        return Some(tls(fault));
    }
    let fault = cause.downcast_ref::<io::Error>()?;
    let told = match fault.kind() {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "connection reset",
        ErrorKind::ConnectionAborted => "connection aborted",
        ErrorKind::UnexpectedEof => "the connection was closed before an answer",
        ErrorKind::HostUnreachable => "no route to the host",
        ErrorKind::NetworkUnreachable => "no route to the network",
        _ => return None,
    };
    Some(told.to_owned())
}

/// What is wrong with a certificate.
pub(crate) fn refusal(why: &CertificateError) -> String {
    let told = match why {
        CertificateError::UnknownIssuer => "signed by nobody this host trusts, or its chain is incomplete",
        CertificateError::BadSignature => "not signed by the authority that it names",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "made for another name"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "out of date",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not in force yet",
        CertificateError::Revoked => "revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "not made for servers"
        }
        other => return format!("not accepted: {other}"),
    };
    told.to_owned()
}

fn tls(fault: &rustls::Error) -> String {
    match fault {
        rustls::Error::InvalidCertificate(why) => format!("TLS: the certificate is {}", refusal(why)),
        rustls::Error::AlertReceived(alert) => format!("TLS: the server refused with {alert:?}"),
        rustls::Error::InvalidMessage(_) => "TLS: what answered does not speak TLS".to_owned(),
        fault => format!("TLS: {fault}"),
    }
}
