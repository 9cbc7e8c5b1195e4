//! The one place that draws random numbers: ids, keys, nonces, jitter.

use nearmiss_shared::identity::{BundleId, StoreId};
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

/// The id of a new agent store.
pub fn store(at: Timestamp) -> StoreId {
    StoreId::from_parts(at, random())
}

/// The id of a bundle that will be frozen.
pub fn bundle(at: Timestamp) -> BundleId {
    BundleId::from_parts(at, random())
}

/// What makes a signed request unlike every other: 128 random bits.
pub fn nonce() -> String {
    hex::encode(random::<16>())
}

/// A fraction in 0..1, so that hosts which lost a collector together do not come back together.
pub fn jitter() -> f64 {
    f64::from(u16::from_be_bytes(random())) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(nonce(), nonce());
        assert!((0.0..1.0).contains(&jitter()));
    }
}
