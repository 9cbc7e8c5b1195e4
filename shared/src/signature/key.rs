//! The host's Ed25519 key: the same one signs requests and evidence. It never leaves the host.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey};
use httpsig::prelude::{AlgorithmName, HttpSigError, HttpSigResult};

/// A text that is no Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key: 64 hexadecimal digits are expected")]
pub struct NotAKey;

/// The secret half. Printing it prints the public half; the memory is wiped when it is dropped.
#[derive(Clone)]
pub struct HostKey(SigningKey);

impl HostKey {
    /// The key grown from 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HostKey(public {})", self.public().to_hex())
    }
}

impl httpsig::prelude::SigningKey for HostKey {
    fn sign(&self, data: &[u8]) -> HttpSigResult<Vec<u8>> {
        Ok(Self::sign(self, data).to_vec())
    }

    fn key_id(&self) -> String {
        self.public().to_hex()
    }

    fn alg(&self) -> AlgorithmName {
        AlgorithmName::Ed25519
    }
}

/// The half that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    pub fn from_hex(text: &str) -> Result<Self, NotAKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| NotAKey)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| NotAKey)
    }

    pub fn to_hex(self) -> String {
        hex::encode(self.0.as_bytes())
    }

    /// Strict verification: refuses keys and signatures that are malleable (RFC 8032, 8.4).
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl httpsig::prelude::VerifyingKey for PublicKey {
    fn verify(&self, data: &[u8], signature: &[u8]) -> HttpSigResult<()> {
        let signature: &[u8; 64] = signature
            .try_into()
            .map_err(|_| HttpSigError::InvalidSignature("64 bytes are expected".to_owned()))?;
        if Self::verify(self, data, signature) {
            return Ok(());
        }
        Err(HttpSigError::InvalidSignature("the signature does not verify".to_owned()))
    }

    fn key_id(&self) -> String {
        self.to_hex()
    }

    fn alg(&self) -> AlgorithmName {
        AlgorithmName::Ed25519
    }
}
