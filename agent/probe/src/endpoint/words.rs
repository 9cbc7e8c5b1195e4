//! Why a connection failed, in the words of the one who reads it at night.

use std::error::Error;
use std::io::{self, ErrorKind};

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

fn tls(fault: &rustls::Error) -> String {
    match fault {
        rustls::Error::InvalidCertificate(why) => format!("TLS: the certificate is not accepted: {why}"),
        rustls::Error::AlertReceived(alert) => format!("TLS: the server refused with {alert:?}"),
        rustls::Error::InvalidMessage(_) => "TLS: what answered does not speak TLS".to_owned(),
        fault => format!("TLS: {fault}"),
    }
}
