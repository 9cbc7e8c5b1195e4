//! The one place that draws random numbers: ids, salts, secrets, jitter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nearmiss_shared::identity::{CaseId, HostId, MessageId, RequestId, TaskId, TokenId};
use nearmiss_shared::time::Timestamp;

/// `N` random bytes from the kernel.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws random numbers")]
pub fn random<const N: usize>() -> [u8; N] {
    const { assert!(N <= 256, "getrandom(2) gives up to 256 bytes at once without fail") };
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("getrandom(2) blocks until the pool is seeded and then gives up to 256 bytes without fail");
    bytes
}

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

/// A fraction in 0..1, so that what failed together is not tried again together.
pub fn jitter() -> f64 {
    f64::from(u16::from_be_bytes(random())) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_a_secret_fits_into_an_address() {
        assert_ne!(secret(), secret());
        assert_eq!(secret().len(), 46);
        assert!(secret().chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)));
        assert!((0.0..1.0).contains(&jitter()));
    }
}
