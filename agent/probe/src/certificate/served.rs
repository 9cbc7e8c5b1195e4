//! What a server shows in its TLS handshake, taken as it is: nothing is said to it and nothing believed.

use std::sync::{Arc, Mutex, PoisonError};

use nearmiss_agent_core::certificate::Chain;
use nearmiss_agent_core::rule::CertificateRule;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::words;

/// A chain longer than this is no chain.
const MAX_SHOWN: usize = 16;

/// The chain as it was shown, read and as DER.
pub(super) type Shown = (Chain, Vec<CertificateDer<'static>>);

/// Connects and reads the chain.
pub(super) async fn shown(rule: &CertificateRule) -> Result<Shown, String> {
    let CertificateRule::Served { host, port, server_name, timeout, .. } = rule else {
        return Err("files are served by nobody".to_owned());
    };
    let name = name(server_name)?;
    let recorder = Arc::new(Recorder::default());
    let config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_safe_default_protocol_versions()
        .map_err(|fault| fault.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Recorder>::clone(&recorder))
        .with_no_client_auth();
    let handshake = async {
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(drop)
    };
    let ended = tokio::time::timeout(timeout.to_duration(), handshake).await;
    let shown = recorder.taken();
    // A server that wants a certificate of ours ends the handshake after it has shown its own.
    match ended {
        _ if !shown.is_empty() => {}
        Ok(Err(fault)) => return Err(words::plain(&fault)),
        Ok(Ok(())) => return Err("the server showed no certificate".to_owned()),
        Err(_) => return Err(format!("no answer in {timeout}")),
    }
    let chain: Vec<Vec<u8>> = shown.iter().map(|der| der.to_vec()).collect();
    Ok((Chain::read(&chain)?, shown))
}

/// A name or an address as TLS has it.
pub(super) fn name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|_| format!("{text:?} is no name of a server"))
}

/// Keeps what is shown and lets everything through.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { provider: Arc::new(aws_lc_rs::default_provider()), shown: Mutex::default() }
    }
}

impl Recorder {
    fn taken(&self) -> Vec<CertificateDer<'static>> {
        std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = [end_entity].into_iter().chain(intermediates);
        let shown = all.take(MAX_SHOWN).map(|der| der.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
