//! The ids and secrets that the collector makes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nearmiss_runtime::random::random;
use nearmiss_shared::identity::{CaseId, HostId, MessageId, RequestId, TaskId, TokenId};
use nearmiss_shared::time::Timestamp;

/// What a token, a session or a link is known by: 256 random bits. Only its hash is ever stored.
pub fn secret() -> String {
    format!("nm_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

pub fn case(at: Timestamp) -> CaseId {
    CaseId::from_parts(at, random())
}

pub fn task(at: Timestamp) -> TaskId {
    TaskId::from_parts(at, random())
}

pub fn message(at: Timestamp) -> MessageId {
    MessageId::from_parts(at, random())
}

pub fn host(at: Timestamp) -> HostId {
    HostId::from_parts(at, random())
}

pub fn request(at: Timestamp) -> RequestId {
    RequestId::from_parts(at, random())
}

pub fn token(at: Timestamp) -> TokenId {
    TokenId::from_parts(at, random())
}

/// The id under which the proof of one request is kept.
pub fn proof(at: Timestamp) -> String {
    nearmiss_shared::identity::uuid_v7(at, random()).to_string()
}

/// What tells one cause of messages from every other: 64 random bits.
pub fn cause() -> String {
    hex::encode(random::<8>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_a_secret_fits_into_an_address() {
        assert_ne!(secret(), secret());
        assert_eq!(secret().len(), 46);
        assert!(secret().chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)));
    }
}
